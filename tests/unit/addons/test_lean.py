"""A worker holds only those of mitmproxy's addons that it uses."""

from __future__ import annotations

import subprocess
import sys

import pytest

_UNUSED = ("flask", "ldap3", "mitmproxy.addons.proxyauth", "pyparsing.core", "ruamel.yaml.main")
_LOADED = f"print([name for name in {_UNUSED!r} if name in sys.modules])"


def told_by(program: str) -> list[str]:
    """Run a program in a process of its own, where nothing was imported yet."""
    command = [sys.executable, "-c", f"import sys; {program}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return done.stdout.splitlines()


def test_the_production_door_loads_no_addon_that_it_does_not_use():
    """Neither a web framework, an LDAP client nor another parser stands in a boundary's process."""
    assert told_by(f"import addons.master; {_LOADED}") == ["[]"]


def test_a_master_with_its_addons_needs_none_of_it():
    """Not even to make its options and its commands."""
    program = (
        "import asyncio; from addons.boundary import Boundary; "
        "from addons.master import ZoneMaster, options\n"
        "async def make(): ZoneMaster(options.Options(), Boundary())\n"
        "asyncio.run(make())"
    )
    assert told_by(f"{program}\n{_LOADED}") == ["[]"]


def test_who_reads_a_command_or_options_after_all_can():
    """The core's command line and its option files work as ever."""
    program = (
        "import addons.master; from mitmproxy import command, exceptions, optmanager\n"
        "print(command.unquote('\\'a b\\''), command.unquote('c'), command.command_lexer.quote('a b'))\n"
        "print(list(command.command_lexer.expr.parseString('one \\'two three\\'', parseAll=True)))\n"
        "print(optmanager.parse('a: [1]'))\n"
        "try: optmanager.parse('a: [')\n"
        "except exceptions.OptionsError: print('told')"
    )
    assert told_by(program) == ['a b c "a b"', "['one', ' ', \"'two three'\"]", "{'a': [1]}", "told"]


def test_what_mitmproxy_loads_by_itself_is_what_is_left_out():
    """The names that are looked for are those that would be there."""
    assert told_by(f"import mitmproxy.addons; {_LOADED}") == [repr(list(_UNUSED))]


def test_who_asks_for_all_addons_gets_them():
    """`mitmdump` in the same process finds its own, and no second copy of those that were imported."""
    program = (
        "import addons.master as ours; from mitmproxy.addons import core, default_addons; "
        "print(len(default_addons()) > 20, any(type(one) is core.Core for one in default_addons()))"
    )
    assert told_by(program) == ["True True"]


@pytest.mark.parametrize("first", ["mitmproxy.addons", "mitmproxy.tools.dump"])
def test_what_is_loaded_already_stays(first: str):
    """In the developer's door mitmdump came first: nothing is taken from it."""
    program = f"import {first}; from addons.lean import keep_out; print(keep_out()); {_LOADED}"
    assert told_by(program) == ["False", repr(list(_UNUSED))]


def test_nothing_else_is_made_up():
    """A name that the package does not offer is none."""
    program = "import addons.master; import mitmproxy.addons as made; print(hasattr(made, 'nothing'))"
    assert told_by(program) == ["False"]

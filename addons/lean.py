"""Leaves out of the process what mitmproxy loads and a boundary never uses.

Importing any addon of mitmproxy runs `mitmproxy/addons/__init__.py`, which imports all forty of them and what
they need: a web framework, an LDAP client, template engines. A worker uses two, so each would hold some
13 MB of code that never runs, and that nobody wants in a boundary's process. Its command line and its option
files need a parser generator and a second YAML parser, some 5 MB: a boundary has neither.

So these are put in place without being run, and run as soon as somebody needs them after all:

- the package of addons, whose modules can be imported one by one, when it is asked for `default_addons`, the
  one thing that it offers itself;
- the module that reads commands, when its `unquote` is called, or anything else of it is asked for;
- the parsers, when anything of them is asked for.

Where mitmproxy comes to use one of them while it is imported, it is loaded then, and a test says so.

Seams used (12.2): `mitmproxy.addons` defines nothing but `default_addons`, and of `mitmproxy.command_lexer`
the function `unquote` alone is taken while others are imported.
"""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType
from typing import Any

ADDONS, LEXER = "mitmproxy.addons", "mitmproxy.command_lexer"
PARSERS = ("pyparsing", "ruamel.yaml")


class _NotRun(ModuleType):
    """A module whose own code has not run: it runs when something of it is asked for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what the import system itself asks for
            raise _missing(self, name)
        _run(self)
        return getattr(self, name)


class _Addons(_NotRun):
    """The package of addons, which is asked for its modules too: they need it not."""

    def __getattr__(self, name: str) -> Any:
        if name != "default_addons":
            raise _missing(self, name)
        return super().__getattr__(name)


class _Lexer(_NotRun):
    """The module that reads commands, of which a function is taken at once."""

    def __getattr__(self, name: str) -> Any:
        return self._unquoted if name == "unquote" else super().__getattr__(name)

    def _unquoted(self, text: str) -> Any:
        _run(self)
        return self.unquote(text)


def _missing(module: ModuleType, name: str) -> AttributeError:
    return AttributeError(f"module {module.__name__!r} has no attribute {name!r}")


def _run(module: ModuleType) -> None:
    """Run a module's own code, which makes it an ordinary one."""
    if isinstance(module, _NotRun) and module.__spec__ is not None and module.__spec__.loader is not None:
        module.__class__ = ModuleType  # type: ignore[assignment] # the same memory, fewer methods
        module.__spec__.loader.exec_module(module)


def keep_out() -> bool:
    """Put in place, without running it, what is not used; return whether no addon was loaded before.

    Raises:
        ImportError: mitmproxy, or what it needs, is not installed.
    """
    if ADDONS in sys.modules:
        return False
    _put(_Addons(ADDONS))
    for module in (_Lexer(LEXER), *map(_NotRun, PARSERS)):
        if module.__name__ not in sys.modules:
            _put(module)
    return True


def _put(module: ModuleType) -> None:
    """Put a module in place as if it had been imported."""
    name = module.__name__
    spec = importlib.util.find_spec(name)
    if spec is None:
        raise ImportError(f"there is no {name}")
    module.__spec__, module.__loader__, module.__file__ = spec, spec.loader, spec.origin
    module.__package__ = spec.parent
    if spec.submodule_search_locations is not None:
        module.__path__ = list(spec.submodule_search_locations)
    sys.modules[name] = module
    parent, _, own = name.rpartition(".")
    if parent:
        sys.modules[parent].__dict__[own] = module

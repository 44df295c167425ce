"""The floors of the house hold: read from the code's imports, and proven to catch planted breaches.

A room imports only from lower floors, rooms of one floor do not import each other, floors 0-3 do no
input or output, only `addons/` knows mitmproxy, no file grows past 400 lines, no module is a drawer
for odds and ends, and every source file has its test file.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]

FLOORS = {
    "zoneproxy": 0,
    "zoneproxy.terms": 0,
    "zoneproxy.origin": 1,
    "zoneproxy.content": 1,
    "zoneproxy.policy": 1,
    "zoneproxy.route": 1,
    "zoneproxy.meter": 1,
    "zoneproxy.trace": 1,
    "zoneproxy.passage": 2,
    "zoneproxy.replay": 3,
    "zoneproxy.adapters": 4,
    "zoneproxy.config": 5,
    "zoneproxy.assembly": 6,
    "zoneproxy.cli": 7,
    "zoneproxy.console": 7,
    "addons": 7,
    "zoneproxy.__main__": 8,
}
HIGHEST_WITHOUT_IO = 3
# The production door: the one place where the package may reach for the proxy, and only when called.
DOOR = "zoneproxy.cli.run"
# The package's own file names what others use and loads it when asked: `test_zoneproxy.py` holds that.
FRONT = "zoneproxy"

# What floors 0-3 may import from outside: a closed list, so that a new window is a decision.
STDLIB = """
__future__ abc array base64 binascii bisect codecs collections contextlib copy csv dataclasses datetime
decimal difflib enum fractions functools graphlib hashlib heapq hmac html ipaddress itertools json
math numbers operator re string struct textwrap types typing unicodedata urllib.parse zlib
"""
PURE = frozenset(STDLIB.split()) | {
    "annotated_types", "cryptography", "multipart", "pydantic", "pydantic_core", "typing_extensions", "yaml",
}  # fmt: skip
PURE_NAMES = {"io": {"BytesIO", "StringIO"}, "pathlib": {"PurePath", "PurePosixPath"}}
WINDOW_CALLS = frozenset({"open", "input", "print", "exec", "eval", "__import__", "breakpoint"})
CLOCK_CALLS = frozenset({"now", "utcnow", "today", "generate", "generate_key"})
CLOCK_OWNERS = ("datetime", "date", "PrivateKey", "AESGCM", "Fernet", "ChaCha20Poly1305")

DRAWERS = frozenset({"utils", "util", "helpers", "helper", "common", "misc", "base", "manager"})
MOST_LINES = 400
# Protocols without a body: each has a contract test that every implementation passes.
WORDS_ONLY = frozenset({"zoneproxy/terms/ports.py"})

# What only shows with the real core, real files or a whole exchange is tested there, not in a mirror.
TESTED_BY: dict[str, str] = {
    "addons/boundary.py": "tests/live/test_hook_faults.py",
    "addons/crossing.py": "tests/live/test_bad_input.py",
    "addons/doors.py": "tests/live/test_bad_input.py",
    "addons/fail_closed.py": "tests/live/test_hook_faults.py",
    "addons/faults.py": "tests/live/test_hook_faults.py",
    "addons/halting.py": "tests/live/test_stop_streams.py",
    "addons/gate.py": "tests/live/test_fronts.py",
    "addons/guard.py": "tests/unit/addons/test_doors.py",
    "addons/handing.py": "tests/live/test_outward_handing.py",
    "addons/heads.py": "tests/live/test_bad_input.py",
    "addons/layers.py": "tests/unit/addons/test_straight.py",
    "addons/limits.py": "tests/live/test_stop_streams.py",
    "addons/master.py": "tests/live/test_hook_faults.py",
    "addons/options.py": "tests/live/test_hook_faults.py",
    "addons/outward.py": "tests/live/test_carried_tag.py",
    "addons/pages.py": "tests/live/test_bad_input.py",
    "addons/server_tls.py": "tests/live/test_server_tls.py",
    "addons/sessions.py": "tests/live/test_realtime.py",
    "addons/sockets.py": "tests/live/test_realtime_hostile.py",
    "addons/streams.py": "tests/live/test_streaming.py",
    "addons/telling.py": "tests/live/test_bad_input.py",
    "addons/tunnel.py": "tests/live/test_tunnel.py",
    "addons/unspoken.py": "tests/live/test_bad_input.py",
    "zoneproxy/assembly/orderdesk.py": "tests/live/test_kill_switch.py",
    "zoneproxy/adapters/log/groups.py": "tests/unit/adapters/log/test_tracelog.py",
    "zoneproxy/adapters/witness/panel.py": "tests/unit/adapters/witness/test_rounds.py",
    "zoneproxy/assembly/private.py": "tests/unit/assembly/test_logs.py",
    "zoneproxy/assembly/rootword.py": "tests/unit/cli/log/test_revoke.py",
    "zoneproxy/cli/log/chain.py": "tests/unit/cli/log/test_revoke.py",
    "zoneproxy/trace/unwitnessed.py": "tests/unit/adapters/witness/test_later.py",
    "zoneproxy/assembly/boundary.py": "tests/unit/assembly/test_assemble.py",
    "zoneproxy/adapters/witness/desk.py": "tests/unit/adapters/witness/test_server.py",
    "zoneproxy/assembly/zone.py": "tests/unit/assembly/test_assemble.py",
    "zoneproxy/config/checks.py": "tests/unit/config/test_reading.py",
    "zoneproxy/config/front_nginx.py": "tests/unit/config/test_fronts.py",
    "zoneproxy/config/zone.py": "tests/unit/config/test_reading.py",
}


class Import(NamedTuple):
    """One import: by whom, of what (module and, from it, a name), where, and whether only when called."""

    line: int
    module: str
    name: str
    lazy: bool


def module_name(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    """The room that a module of ours stands in, or empty for a module that is not ours."""
    parts = module.split(".")
    if parts[0] == "addons":
        return "addons"
    return ".".join(parts[:2]) if parts[0] == "zoneproxy" else ""


def sources(root: Path) -> Iterator[Path]:
    for folder in ("zoneproxy", "addons"):
        yield from sorted((root / folder).rglob("*.py"))


def imports(path: Path, module: str) -> Iterator[Import]:
    """Every import statement of a file, and every `import_module("literal")`."""
    tree = ast.parse(path.read_text("utf-8"))
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    todo: list[tuple[ast.AST, bool]] = [(tree, False)]
    while todo:
        node, lazy = todo.pop()
        inside = lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        todo.extend((child, inside) for child in ast.iter_child_nodes(node))
        if isinstance(node, ast.Import):
            yield from (Import(node.lineno, alias.name, "", lazy) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = node.module or ""
            if node.level:
                stem = package.split(".")[: len(package.split(".")) - node.level + 1]
                origin = ".".join([*stem, *([origin] if origin else [])])
            yield from (Import(node.lineno, origin, alias.name, lazy) for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            first = node.args[0] if node.args else None
            literal = first.value if isinstance(first, ast.Constant) else "a name known only at run time"
            yield Import(node.lineno, str(literal), "", lazy)


def target_room(found: Import) -> str:
    """The room an import reaches; `from zoneproxy import policy` reaches the room, not the package."""
    joined = f"{found.module}.{found.name}" if found.name else found.module
    return room_of(joined) if room_of(joined) in FLOORS else room_of(found.module)


def pure(found: Import) -> bool:
    top = found.module.split(".", maxsplit=1)[0]
    return top in PURE or found.module in PURE or found.name in PURE_NAMES.get(found.module, ())


def windows(path: Path) -> Iterator[tuple[int, str]]:
    """Calls by which a file would read the world without importing it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id in WINDOW_CALLS:
            yield node.lineno, node.func.id
        elif (
            isinstance(node.func, ast.Attribute)
            and node.func.attr in CLOCK_CALLS
            and ast.unparse(node.func.value).endswith(CLOCK_OWNERS)
        ):
            yield node.lineno, ast.unparse(node.func)


def import_breach(module: str, found: Import) -> str:
    """Say which rule an import breaks, or nothing."""
    if module == FRONT:
        return ""
    room, target = room_of(module), target_room(found)
    top = found.module.split(".", maxsplit=1)[0]
    floor = FLOORS[room]
    if top == "mitmproxy" and room != "addons":
        return "only addons/ knows mitmproxy"
    if top in {"tests", "demo", "bench"}:
        return f"{top}/ stands beside the house"
    if target and target not in FLOORS:
        return f"`{target}` is on no floor"
    if target == "addons" and room != "addons":
        return "" if module == DOOR and found.lazy else f"only {DOOR} may call the addons, and lazily"
    if target and target != room and FLOORS[target] >= floor and target != "zoneproxy":
        return f"floor {floor} imports {target} of floor {FLOORS[target]}"
    if not target and floor <= HIGHEST_WITHOUT_IO and not pure(found):
        return f"floor {floor} does no input or output, and knows no `{found.module}`"
    return ""


def breaches(root: Path) -> list[str]:
    """Every breach of the floor plan in a tree, one line each."""
    told = []
    for path in sources(root):
        place = path.relative_to(root).as_posix()
        module = module_name(path, root)
        if room_of(module) not in FLOORS:
            told.append(f"{place}: `{room_of(module)}` is on no floor")
            continue
        judged = ((found.line, import_breach(module, found)) for found in imports(path, module))
        told.extend(f"{place}:{line}: {breach}" for line, breach in judged if breach)
        if FLOORS[room_of(module)] <= HIGHEST_WITHOUT_IO:
            told.extend(f"{place}:{line}: calls `{call}`" for line, call in windows(path))
        if DRAWERS & set(module.split(".")):
            told.append(f"{place}: a drawer for odds and ends")
    return told


def too_long(root: Path) -> list[str]:
    folders = ("zoneproxy", "addons", "demo", "bench", "tests")
    paths = (path for folder in folders for path in sorted((root / folder).rglob("*.py")))
    counted = ((path, path.read_text("utf-8").count("\n")) for path in paths)
    return [f"{path.relative_to(root)}: {lines} lines" for path, lines in counted if lines > MOST_LINES]


def has_no_behaviour(path: Path) -> bool:
    """True for a file without a single function: names, tables and plain records, tested by their users."""
    tree = ast.parse(path.read_text("utf-8"))
    return not any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in ast.walk(tree))


def mirror_of(place: Path) -> Path:
    """Where a source file's test file stands; a package's own code is tested under the package's name."""
    below = place.relative_to("zoneproxy") if place.parts[0] == "zoneproxy" else place
    subject = (below.parent if below.parent.name else place.parent) if place.name == "__init__.py" else below
    return Path("tests", "unit", subject.with_name(f"test_{subject.stem}.py"))


def untested(root: Path) -> list[str]:
    told = []
    for path in sources(root):
        place = path.relative_to(root)
        if has_no_behaviour(path) or place.as_posix() in WORDS_ONLY:
            continue
        test = Path(TESTED_BY.get(place.as_posix()) or mirror_of(place))
        if not (root / test).is_file():
            told.append(f"{place.as_posix()}: {test.as_posix()} is missing")
    return told


def test_the_house_keeps_its_floors() -> None:
    """No room imports upward or sideways, and floors 0-3 have no window."""
    assert breaches(ROOT) == []


def test_no_file_has_grown_too_long() -> None:
    """Past 400 lines a file wants splitting."""
    assert too_long(ROOT) == []


def test_every_source_file_has_its_test_file() -> None:
    """`tests/unit` mirrors `zoneproxy` and `addons`, but for what `TESTED_BY` names, which is still there."""
    assert untested(ROOT) == []
    assert [place for place in TESTED_BY if not (ROOT / place).is_file()] == []


def plant(root: Path, place: str, text: str) -> None:
    path = root / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("zoneproxy/terms/a.py", "from zoneproxy.trace import tree"),
        ("zoneproxy/origin/a.py", "import zoneproxy.content.stream"),
        ("zoneproxy/origin/a.py", "from zoneproxy import policy"),
        ("zoneproxy/origin/a.py", "from ..content import stream"),
        ("zoneproxy/passage/a.py", "def f():\n    from zoneproxy.replay import audit"),
        ("zoneproxy/replay/a.py", "import zoneproxy.adapters.files.disk"),
        ("zoneproxy/adapters/a.py", "import zoneproxy.config"),
        ("zoneproxy/config.py", "import zoneproxy.cli.main"),
        ("zoneproxy/attic/a.py", "x = 1"),
        ("zoneproxy/meter/a.py", "import os"),
        ("zoneproxy/meter/a.py", "from time import monotonic"),
        ("zoneproxy/trace/a.py", "import secrets"),
        ("zoneproxy/trace/a.py", "from pathlib import Path"),
        ("zoneproxy/trace/a.py", "from io import open"),
        ("zoneproxy/trace/a.py", "from urllib import request"),
        ("zoneproxy/policy/a.py", "x = open('f')"),
        ("zoneproxy/policy/a.py", "from datetime import datetime, UTC\nx = datetime.now(UTC)"),
        ("zoneproxy/trace/a.py", "def f(k):\n    return k.Ed25519PrivateKey.generate()"),
        ("zoneproxy/passage/a.py", "import logging"),
        ("zoneproxy/adapters/a.py", "from mitmproxy import http"),
        ("zoneproxy/cli/check.py", "def f():\n    import addons.master"),
        ("zoneproxy/cli/run.py", "import addons.master"),
        ("zoneproxy/cli/check.py", "from importlib import import_module\nimport_module('addons.master')"),
        ("zoneproxy/cli/check.py", "import importlib\nimportlib.import_module('mitmproxy.http')"),
        ("addons/a.py", "import zoneproxy.cli.main"),
        ("addons/a.py", "import demo.echo_server"),
        ("zoneproxy/adapters/utils.py", "x = 1"),
        ("zoneproxy/adapters/base/a.py", "x = 1"),
    ],
)
def test_a_planted_breach_is_caught(tmp_path: Path, place: str, text: str) -> None:
    """Every rule of the floor plan catches a file that breaks it, and exactly that file."""
    plant(tmp_path, place, text)
    found = breaches(tmp_path)
    assert len(found) == 1
    assert found[0].startswith(place)


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("zoneproxy/origin/a.py", "from zoneproxy.terms.phase import Phase\nfrom .evidence import tag"),
        ("zoneproxy/origin/a.py", "import hashlib, json\nfrom urllib.parse import urlsplit"),
        ("zoneproxy/content/a.py", "from io import BytesIO"),
        ("zoneproxy/passage/a.py", "from zoneproxy import __version__\nfrom zoneproxy.route import pin"),
        ("zoneproxy/adapters/a.py", "import os, time, asyncio\nfrom zoneproxy.trace import note"),
        ("zoneproxy/cli/run.py", "def run():\n    from addons.master import serve\n    serve()"),
        (
            "zoneproxy/cli/run.py",
            "import importlib\ndef run():\n    importlib.import_module('addons.master')",
        ),
        ("addons/a.py", "from mitmproxy import http\nfrom zoneproxy.assembly import assemble"),
    ],
)
def test_what_the_plan_allows_is_allowed(tmp_path: Path, place: str, text: str) -> None:
    """The plan forbids nothing that it means to allow."""
    plant(tmp_path, place, text)
    assert breaches(tmp_path) == []


def test_a_long_file_and_a_missing_test_are_caught(tmp_path: Path) -> None:
    """The two rules about files catch a file that breaks them, and let tables and silent packages be."""
    plant(tmp_path, "zoneproxy/route/__init__.py", '"""Doors."""\n')
    plant(tmp_path, "zoneproxy/route/words.py", "x = 1\n" * (MOST_LINES + 1))
    plant(tmp_path, "zoneproxy/route/pin.py", "def pin(): ...\n")
    plant(tmp_path, "zoneproxy/route/lane/__init__.py", "def lane(): ...\n")
    assert too_long(tmp_path) == ["zoneproxy/route/words.py: 401 lines"]
    assert untested(tmp_path) == [
        "zoneproxy/route/lane/__init__.py: tests/unit/route/test_lane.py is missing",
        "zoneproxy/route/pin.py: tests/unit/route/test_pin.py is missing",
    ]
    plant(tmp_path, "tests/unit/route/test_pin.py", "")
    plant(tmp_path, "tests/unit/route/test_lane.py", "")
    assert untested(tmp_path) == []

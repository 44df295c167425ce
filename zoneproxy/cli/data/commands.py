"""`zoneproxy data`: register an owner's data set, see what it would match, list and revoke it.

`register` runs where the data is, and needs the base install and the owner's key only. What it writes holds
keyed fingerprints, no values. Exit codes: 0 done, or nothing matched; 1 `test` matched something; 2 usage, or
a file that can't be used; 3 `test` matched nothing, but could not look into everything.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from functools import partial
from pathlib import Path
from typing import Any

from zoneproxy.adapters.clock import SystemClock
from zoneproxy.adapters.data import registered
from zoneproxy.adapters.data.datasets import FORMATS, read, sources
from zoneproxy.adapters.data.indexing import Indexing
from zoneproxy.adapters.files.settings import read_small
from zoneproxy.adapters.workers.control_client import ask
from zoneproxy.cli.data.matches import add_test_parser
from zoneproxy.cli.output import print_error
from zoneproxy.cli.policy.bundle import read_config
from zoneproxy.cli.progress import Progress
from zoneproxy.terms.errors import ConfigError

_CATEGORIES = {
    "personal": "cn_personal_info",
    "important": "cn_important_data",
    "corpus": "domestic_corpus",
}
_DAY = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])", re.ASCII)
_ID = re.compile(r"[a-z][a-z0-9-]{0,39}/[a-z][a-z0-9-]{0,39}", re.ASCII)
_FEWEST_CELLS, _MOST_CELLS = 2, 16


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `data`; each command sets `func`: Namespace in, exit code out."""
    parser = subparsers.add_parser(
        "data",
        help="register an owner's data set, so that the boundary recognises pieces of it",
        description="An owner's data set becomes an index of keyed fingerprints. The boundary recognises "
        "cells, rows and pieces of documents by it, and holds no data.",
    )
    commands = parser.add_subparsers(dest="data_command", required=True, metavar="COMMAND")
    _add_register(commands)
    add_test_parser(commands)
    listing = commands.add_parser("list", help="show what indexes say of themselves, and check them")
    listing.add_argument("indexes", nargs="*", type=Path, metavar="INDEX", help="an index")
    listing.add_argument(
        "--config", metavar="zone.yaml", help="all indexes that the zone names, with their keys"
    )
    listing.add_argument("--json", action="store_true", help="one JSON object a line")
    listing.set_defaults(func=partial(run_list, listing))
    revoke = commands.add_parser(
        "revoke",
        help="put an index out of use: its fingerprints are destroyed",
        description="Destroy an index's fingerprints and mark it as revoked. A boundary that names it "
        "records that at its next start or `data reload`, and does not look for its data any more.",
    )
    revoke.add_argument("index", type=Path, metavar="INDEX", help="the index")
    revoke.add_argument("--key", required=True, type=Path, metavar="KEY", help="the owner's key")
    revoke.add_argument("--reason", default="", metavar="TEXT", help="why; stands in the index")
    revoke.set_defaults(func=run_revoke)
    reload = commands.add_parser("reload", help="let a running zone read the indexes that it names again")
    reload.add_argument("--config", required=True, metavar="zone.yaml", help="the zone that is running")
    reload.add_argument("--json", action="store_true", help="one JSON object")
    reload.set_defaults(func=run_reload)


def _add_register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "register",
        help="make an index of a data set",
        description="Read CSV, TSV, JSON lines, Parquet, or plain documents, and write an index of keyed "
        "fingerprints. Of tables, cells and rows are recognised; of documents, pieces of about 50 signs.",
    )
    parser.add_argument("data", nargs="+", type=Path, metavar="DATA", help="a file, or a folder of documents")
    parser.add_argument("--id", required=True, metavar="OWNER/NAME", help="what findings call the data set")
    parser.add_argument("--key", required=True, type=Path, metavar="KEY", help="the owner's key, mode 0600")
    parser.add_argument("--new-key", action="store_true", help="make the key: the file must not exist")
    parser.add_argument(
        "-o", "--output", required=True, type=Path, metavar="INDEX", help="where the index goes"
    )
    parser.add_argument(
        "--category", choices=tuple(_CATEGORIES),
        help="what kind of data it is (default: `corpus` for documents, else `personal`)",
    )  # fmt: skip
    parser.add_argument("--format", choices=FORMATS, help="the data's format (default: by the file's ending)")
    parser.add_argument("--columns", default="", metavar="A,B", help="take these columns only")
    parser.add_argument("--no-header", action="store_true", help="a table's first row is data")
    parser.add_argument("--encoding", default="utf-8", metavar="NAME", help="of text, for example `gb18030`")
    parser.add_argument(
        "--row-cells", type=int, default=2, metavar="K",
        help="how many cells of one row, near one another, are a match (default 2)",
    )  # fmt: skip
    parser.add_argument("--expires", metavar="DAY", help="from this day on no boundary starts with it")
    parser.add_argument(
        "--stop", action="append", type=Path, default=[], metavar="FILE",
        help="public text: its lines are no cells and its passages no documents, boilerplate for example",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(func=partial(run_register, parser))


def run_register(parser: argparse.ArgumentParser, args: argparse.Namespace) -> int:
    """Make an index and say what is in it."""
    if not _ID.fullmatch(args.id):
        parser.error(
            "--id: write OWNER/NAME, each of small letters, digits and dashes: `hospital-2/patients`"
        )
    if args.expires is not None and not _DAY.fullmatch(args.expires):
        parser.error("--expires: write a day as `2027-12-31`")
    if not _FEWEST_CELLS <= args.row_cells <= _MOST_CELLS:
        parser.error(f"--row-cells: from {_FEWEST_CELLS} to {_MOST_CELLS}")
    columns = tuple(name for name in args.columns.split(",") if name)
    files = sources(
        args.data, format_=args.format, encoding=args.encoding, columns=columns, header=not args.no_header
    )
    stop = [read_small(path, "the stop file").decode("utf-8", "replace") for path in args.stop]
    if args.output.exists():
        raise ConfigError(
            f"`{args.output}` exists already", hint="an index is never overwritten: name another"
        )
    made = args.new_key and not args.key.exists()
    secret = registered.make_data_key(args.key) if args.new_key else registered.read_data_key(args.key)
    if made:
        _note(f"made the owner's key `{args.key}`: keep it apart from the index, and keep a copy")
    total = sum(source.path.stat().st_size for source in files)
    with Indexing(args.output, secret, stop=stop) as index, Progress("registering", total) as progress:
        before = 0
        for source in files:
            for item in read(source):
                if source.format == "documents":
                    index.add_document(item.values[0])
                else:
                    index.add_row(item.values)
                progress.show(before + item.done)
            before += source.path.stat().st_size
        progress.show(total)
        category = args.category or ("personal" if index.rows else "corpus")
        index.finish(
            id_=args.id, category=_CATEGORIES[category], created=_today(), expires=args.expires,  # type: ignore[arg-type]
            least=args.row_cells,
        )  # fmt: skip
    _tell(registered.read_index(args.output, None, today=_today()), checked="made", as_json=args.json)
    if not args.json:
        _note("hand over the index; hand over the key by another way, and to who runs the boundary only")
        _note(f"see what it matches: zoneproxy data test {args.output} FILE --key {args.key}")
    return 0


def run_list(parser: argparse.ArgumentParser, args: argparse.Namespace) -> int:
    """Show indexes; with a zone's configuration, check them as its start does."""
    if bool(args.indexes) == (args.config is not None):
        parser.error("name indexes, or give --config zone.yaml")
    named: list[tuple[Path, Path | None]] = [(path, None) for path in args.indexes]
    if args.config is not None:
        folder = Path(args.config).parent
        named = [(folder / one.index, folder / one.key) for one in read_config(args.config).registered]
        if not named and not args.json:
            print("no data set is registered in this zone")
    code = 0
    for path, key in named:
        try:
            one = registered.read_index(path, key, today=_today())
        except ConfigError as error:
            print_error(error.message, error.hint)
            code = error.exit_code
            continue
        checked = "sound, the key fits" if key is not None else "sound; who made it is told by the key only"
        _tell(one, checked=checked, as_json=args.json)
    return code


def run_revoke(args: argparse.Namespace) -> int:
    """Revoke an index."""
    gone = registered.revoke_index(args.index, args.key, today=_today(), reason=args.reason[:256])
    print(f"revoked `{gone.id}`: its fingerprints in `{args.index}` are destroyed")
    _note("a boundary that runs goes on with what it has read until it reads its indexes again:")
    _note("    zoneproxy data reload --config zone.yaml")
    _note("other copies of the index match as before, for as long as somebody has the key")
    return 0


def run_reload(args: argparse.Namespace) -> int:
    """Let a running zone read its indexes again."""
    socket = Path(args.config).parent / read_config(args.config).control.socket
    found = ask(socket, "data-reload", {})
    if args.json:
        print(json.dumps(found, sort_keys=True))
        return 0
    print(f"read again, record {found['index']}; exchanges that began before keep what they began with")
    for one in found["sets"]:
        print(f"{one['id']}: {one['state']}, sha256 {one['digest'][:16]}")
    return 0


def _note(text: str) -> None:
    print(text, file=sys.stderr)


def _today() -> str:
    return registered.day_of(SystemClock().now_ms())


def _tell(one: registered.Registered, *, checked: str, as_json: bool) -> None:
    header = one.header
    told: dict[str, Any] = {
        "id": header.id,
        "owner": header.id.partition("/")[0],
        "category": header.category,
        "created": header.created,
        "expires": header.expires,
        "rows": header.rows,
        "cells": header.cells,
        "documents": header.documents,
        "grams": header.grams,
        "row_cells": header.least,
        "bytes": header.body_bytes,
        "digest": one.digest,
        "revoked": header.revoked,
        "reason": header.reason,
        "file": str(one.path),
    }
    if as_json:
        print(json.dumps(told, sort_keys=True))
        return
    print(f"{header.id}  {one.path}")
    holds = []
    if header.rows:
        holds.append(f"{header.rows:,} rows of {header.cells:,} cells, {header.least} of a row are a match")
    if header.grams:
        holds.append(f"{header.documents:,} documents, {header.grams:,} pieces")
    print(f"  holds    {'; '.join(holds)}")
    print(f"  category {header.category}")
    print(f"  created  {header.created}, expires {header.expires or 'never'}")
    print(f"  digest   {one.digest}")
    if header.revoked:
        why = f": {header.reason}" if header.reason else ""
        print(f"  state    REVOKED since {header.revoked}{why}; not used")
    else:
        print(f"  state    {checked}")

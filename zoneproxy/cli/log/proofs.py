"""`zoneproxy log prove | check-proof | consistency`: proofs for people who do not hold the log.

Exit codes: 0 it is proved; 1 it does not hold, or can't be shown from the log's files; 2 usage.
"""

from __future__ import annotations

import argparse
import base64
import sys
from pathlib import Path

from zoneproxy.adapters.files.trouble import why
from zoneproxy.adapters.keys.keyfiles import read_vkeys
from zoneproxy.adapters.reading.logfolder import open_log, place_of
from zoneproxy.cli.named_files import read_named
from zoneproxy.terms.errors import ConfigError
from zoneproxy.trace.checkpoint import parse_checkpoint
from zoneproxy.trace.note import MAX_NOTE_BYTES, VerifierKey, parse_note
from zoneproxy.trace.proof import MAX_PROOF_BYTES, SUFFIX, check_proof, parse_proof
from zoneproxy.trace.prover import prove_entry, prove_prefix
from zoneproxy.trace.tiles import MAX_ENTRY_BYTES

OWN_KEY = "the key came from the log's own directory: compare it with one from a source you trust"


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands; each sets `func`: Namespace in, exit code out."""
    prove = commands.add_parser(
        "prove",
        help="write a file that proves one entry to anyone",
        description="Write a `.tlog-proof` file (C2SP tlog-proof) with the entry's public bytes in it: with "
        "the log's verifier key it is checked without the log. Private fields are not in it.",
    )
    prove.add_argument("directory", metavar="LOG", help="its directory, or https:// address")
    prove.add_argument(
        "index", metavar="INDEX", help="the entry's index, from 0; in monthly shards `2026-11#INDEX`"
    )
    prove.add_argument("-o", "--output", type=Path, metavar="FILE", help="where to (default: stdout)")
    _add_keys(prove)
    prove.set_defaults(func=run_prove)

    check = commands.add_parser(
        "check-proof",
        help="check a proof file, without the log",
        description="Check a `.tlog-proof` file against the log's verifier key and print the entry.",
    )
    check.add_argument("file", type=Path, metavar="FILE", help=f"the proof (`*{SUFFIX}`)")
    _add_keys(check, required=True)
    check.add_argument(
        "--entry", type=Path, metavar="FILE", help="the entry's bytes (else those in the proof)"
    )
    check.set_defaults(func=run_check)

    consistency = commands.add_parser(
        "consistency",
        help="prove that an older checkpoint is the log's beginning",
        description="Prove, from the log's hash tiles, that the tree of a checkpoint that you kept is the "
        "beginning of the log: nothing in it was changed, taken away or put in since.",
    )
    consistency.add_argument("directory", metavar="LOG", help="its directory, or https:// address")
    consistency.add_argument("checkpoint", type=Path, metavar="OLD_CHECKPOINT", help="one that you kept")
    _add_keys(consistency)
    consistency.set_defaults(func=run_consistency)


def _add_keys(parser: argparse.ArgumentParser, *, required: bool = False) -> None:
    parser.add_argument(
        "--vkey",
        action="append",
        type=Path,
        required=required,
        default=[],
        metavar="FILE",
        help="the log's verifier keys, from a source you trust"
        + ("" if required else " (else those that lie in DIR)"),
    )


def run_prove(args: argparse.Namespace) -> int:
    """Write the proof of one entry."""
    shard, mark, number = args.index.rpartition("#")
    if not number.isascii() or not number.isdigit():
        raise ConfigError(f"`{args.index}` is no index", hint="give a number, or `2026-11#17` in shards")
    place = place_of(args.directory, shard) if mark else args.directory
    data = prove_entry(open_log(place, _keys(args)), int(number)).data
    if args.output is None:
        sys.stdout.write(data.decode())
        return 0
    try:
        with args.output.open("xb") as file:
            file.write(data)
    except OSError as error:
        raise ConfigError(
            f"`{args.output}` can't be written: {why(error)}", hint="choose a file that is not there yet"
        ) from None
    print(f"entry {args.index} is proved in {args.output}")
    return 0


def run_check(args: argparse.Namespace) -> int:
    """Check a proof file and print what it proves."""
    proof = parse_proof(read_named(args.file, MAX_PROOF_BYTES))
    entry = None if args.entry is None else read_named(args.entry, MAX_ENTRY_BYTES)
    checkpoint, shown = check_proof(proof, _keys(args), entry)
    print(f"entry {proof.index} of the log {checkpoint.origin}, which had {checkpoint.size} entries then:")
    print(shown.decode("utf-8", "backslashreplace"))
    print("the proof holds")
    return 0


def run_consistency(args: argparse.Namespace) -> int:
    """Prove that an older checkpoint is the log's beginning, and print the proof."""
    keys = _keys(args)
    note = read_named(args.checkpoint, MAX_NOTE_BYTES)
    place = place_of(args.directory, parse_checkpoint(parse_note(note).text).origin)
    old, new, hashes = prove_prefix(open_log(place, keys), note)
    for part in hashes:
        print(base64.b64encode(part).decode())
    print(f"log {new.origin}: its first {old.size} of {new.size} entries are those of the older checkpoint")
    if not keys:
        print(OWN_KEY, file=sys.stderr)
    return 0


def _keys(args: argparse.Namespace) -> list[VerifierKey]:
    return [key for path in args.vkey for key in read_vkeys(path)]

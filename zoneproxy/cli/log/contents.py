"""What `zoneproxy log verify` says of a log's contents: the nodes of a zone log, and time tokens."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from zoneproxy.adapters.upkeep.timestamps import available, check_tokens, read_roots, sizes
from zoneproxy.replay.flaws import EXIT_INVALID, EXIT_VALID, Flaw, exit_code
from zoneproxy.replay.zonelog import DEFAULT_SILENCE_MS, NodeHistory, check_nodes
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.note import VerifierKey
from zoneproxy.trace.reader import LogReader

_MS_PER_S = 1000


def add_options(verify: argparse.ArgumentParser) -> None:
    """Add the options of what is checked beyond the log itself."""
    verify.add_argument(
        "--tsa-cert",
        type=Path,
        metavar="FILE",
        help="the root certificates (PEM) of the authority whose time tokens are checked",
    )
    verify.add_argument(
        "--max-silence",
        type=float,
        default=DEFAULT_SILENCE_MS / _MS_PER_S,
        metavar="SECONDS",
        help="in a zone log: how long a node may be silent (default: %(default)s)",
    )


def check_contents(
    args: argparse.Namespace,
    reader: LogReader,
    *,
    kinds: Collection[str],
    keys: Sequence[VerifierKey],
    code: int,
) -> int:
    """Check and print what a log holds besides entries of its own.

    Args:
        args: the options of `add_options`, and `json`.
        reader: the log.
        kinds: the kinds of its entries, by its audit.
        keys: the keys that are trusted, the nodes' among them if they are known.
        code: the audit's exit code; a log that does not hold is not looked into.

    Returns:
        The exit code of the whole.
    """
    if code == EXIT_INVALID:
        return code
    codes = [code]
    try:
        origin = reader.checkpoint().origin
        if "node" in kinds:
            trusted = [key for key in keys if key.name != origin]
            nodes, flaws = check_nodes(reader, trusted, round(args.max_silence * _MS_PER_S))
            _tell_nodes(nodes, flaws, as_json=args.json)
            codes.append(exit_code(flaws))
        codes.append(_check_times(args, reader))
    except VerificationError as error:
        print(f"invalid: {error.where}: {error.message}")
        return EXIT_INVALID
    return EXIT_INVALID if EXIT_INVALID in codes else max(codes)


def _tell_nodes(nodes: Mapping[str, NodeHistory], flaws: Sequence[Flaw], *, as_json: bool) -> None:
    _tell_flaws(flaws, as_json=as_json)
    for origin, node in nodes.items():
        size = 0 if node.head is None else node.head.size
        if as_json:
            shown = {"node": origin, "beats": node.beats, "size": size, "silent_ms": node.silent_ms}
            print(json.dumps(shown, sort_keys=True))
        else:
            silence = f", silent for {node.silent_ms / _MS_PER_S:.0f} s" if node.silent_ms else ""
            print(f"node {origin}: heard {node.beats} times, {size} entries{silence}")
    if not as_json:
        words = "the nodes' histories do not hold, or have gaps"
        print(words if flaws else "each node has one history, without gaps")


def _tell_flaws(flaws: Sequence[Flaw], *, as_json: bool) -> None:
    for flaw in flaws:
        if as_json:
            shown = {
                "class": flaw.kind.value,
                "where": flaw.where,
                "message": flaw.message,
                "proof": dict(flaw.proof),
            }
            print(json.dumps(shown, sort_keys=True))
            continue
        print(f"{flaw.kind.value}: {flaw.where}: {flaw.message}")
        for name, value in flaw.proof.items():
            print(f"    {name}:" + (f"\n{value}" if "\n" in value else f" {value}"))


def _check_times(args: argparse.Namespace, reader: LogReader) -> int:
    told = sizes(reader)
    if not told and args.tsa_cert is None:
        return EXIT_VALID
    if args.tsa_cert is None:
        need = "" if available() else ", and install 'zoneproxy[timestamps]'"
        print(f"{len(told)} time tokens are not checked: give `--tsa-cert FILE`{need}", file=sys.stderr)
        return EXIT_VALID
    tokens, flaws = check_tokens(reader, read_roots(args.tsa_cert))
    _tell_flaws(flaws, as_json=args.json)
    for token in tokens:
        if args.json:
            print(json.dumps({"timestamp": token.at.isoformat(), "size": token.size}, sort_keys=True))
        else:
            print(f"time: the tree of {token.size} entries was there at {token.at.isoformat()}")
    return exit_code(flaws)

"""`zoneproxy verify-ticket`: does a log keep what a ticket promises?

Exit codes: 0 the entry stands where the ticket says; 1 the ticket or the log does not hold, nothing is
shown; 2 usage, or no log; 3 not yet covered, or overdue without proof; 4 omitted; 5 another entry there.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from zoneproxy.adapters.clock import SystemClock
from zoneproxy.adapters.files.settings import write_new
from zoneproxy.adapters.keys.keyfiles import read_trust, read_vkeys
from zoneproxy.adapters.keys.ticket import ticket_keys_of
from zoneproxy.adapters.reading.logfolder import open_log, place_of
from zoneproxy.cli.named_files import read_beginning
from zoneproxy.replay.flaws import EXIT_INCOMPLETE
from zoneproxy.terms.errors import ConfigError
from zoneproxy.terms.moments import moment
from zoneproxy.trace.note import VerifierKey
from zoneproxy.trace.omission import (
    MAX_OMISSION_BYTES,
    SUFFIX,
    Judgement,
    Standing,
    check_omission,
    encode_omission,
    judge_ticket,
)
from zoneproxy.trace.ticket import (
    MAX_TICKET_BYTES,
    PROMISE_MS,
    is_ticket_key,
    open_ticket,
    parse_ticket,
    read_ticket,
)

_CODES = {
    Standing.FITS: 0,
    Standing.NOT_YET: 3,
    Standing.OVERDUE: 3,
    Standing.OMITTED: 4,
    Standing.OTHER: 5,
}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `verify-ticket`; it sets `func`: Namespace in, exit code out."""
    parser = subparsers.add_parser(
        "verify-ticket",
        help="check that a log keeps what a ticket promised",
        description="Check the ticket that came with an answer (header `Zone-Trace-Ticket`) against a log. "
        "Exit code 0: the entry stands there; 1: the ticket's signature or the log does not hold; 3: the log "
        "does not reach it yet; 4: omitted; 5: another entry stands there. For 4 and 5 `-o` writes a "
        "file that shows it to anyone who has the keys, without the log.",
    )
    parser.add_argument(
        "ticket", type=Path, metavar="TICKET", help=f"a file: the header's value, or an `*{SUFFIX}` file"
    )
    parser.add_argument("--log", metavar="LOG", help="the log's directory, or https:// address")
    parser.add_argument(
        "--vkey", action="append", type=Path, default=[], metavar="FILE",
        help="verifier keys of the log and of its tickets, from a source you trust (else those at the log)",
    )  # fmt: skip
    parser.add_argument(
        "--policy", type=Path, metavar="FILE", help="a trust file: witnesses whose times are believed"
    )
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the proof of an omission")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(func=run_ticket)


def run_ticket(args: argparse.Namespace) -> int:
    """Judge a ticket by a log, or check a file that shows an omission."""
    keys = [key for path in args.vkey for key in read_vkeys(path)]
    witnesses: list[VerifierKey] = []
    if args.policy is not None:
        trust = read_trust(args.policy)
        witnesses = list(trust.witnesses.values())
        keys += [key for key in trust.logs if key not in keys]
    data = read_beginning(args.ticket, max(MAX_TICKET_BYTES, MAX_OMISSION_BYTES))
    if data.startswith(b"zoneproxy.org/omission/"):
        return _tell(args, check_omission(data, (*keys, *witnesses)))
    if args.log is None:
        raise ConfigError("a ticket is checked against a log", hint="name it with `--log DIR` or `--log URL`")
    note = read_ticket(data)
    origin = parse_ticket(note).origin
    reader = open_log(place_of(args.log, origin), keys)
    own = [key for key in keys if is_ticket_key(key)] or ticket_keys_of(reader, origin)
    judged = judge_ticket(open_ticket(note, own), reader, SystemClock().now_ms(), witnesses)
    if args.output is not None and judged.standing in {Standing.OMITTED, Standing.OTHER}:
        write_new(args.output, encode_omission(note, reader.note(), judged))
    return _tell(args, judged, own_keys=not keys)


def _tell(args: argparse.Namespace, judged: Judgement, *, own_keys: bool = False) -> int:
    code = _CODES[judged.standing]
    if args.json:
        shown = {
            "standing": judged.standing.value,
            "origin": judged.ticket.origin,
            "index": judged.ticket.index,
            "leaf": judged.ticket.leaf.hex(),
            "promised_ms": judged.ticket.ms,
            "found": judged.found.hex() or None,
            "size": judged.checkpoint.size,
            "root": judged.checkpoint.root.hex(),
            "signed_ms": judged.signed_ms or None,
            "exit_code": code,
        }
        print(json.dumps(shown, sort_keys=True))
        return code
    print(
        f"ticket: entry {judged.ticket.index} of the log {judged.ticket.origin}, {moment(judged.ticket.ms)}"
    )
    signed = f", signed {moment(judged.signed_ms)}" if judged.signed_ms else ", which bears no time"
    print(f"checkpoint: {judged.checkpoint.size} entries{signed}")
    for line in _words(judged):
        print(line)
    if args.output is not None and code > EXIT_INCOMPLETE and args.log is not None:
        print(f"the proof is in {args.output}; `zoneproxy verify-ticket {args.output} --vkey FILE` checks it")
    if own_keys:
        print("the keys came from the log itself: compare them with some from a source you trust")
    return code


def _words(judged: Judgement) -> Sequence[str]:
    match judged.standing:
        case Standing.FITS:
            return ["fits: the entry stands in the log where the ticket says"]
        case Standing.NOT_YET:
            return [f"not yet covered: the log has until {moment(judged.ticket.ms + PROMISE_MS)}"]
        case Standing.OVERDUE:
            return [
                "overdue: the promise has run out by this machine's clock, but no later checkpoint is shown",
                "ask again, or ask a witness or the zone log for a newer checkpoint: that one is proof",
            ]
        case Standing.OMITTED:
            return ["omitted: the log was signed after the promise had run out, and has no such entry"]
        case Standing.OTHER:
            return [
                "another entry stands there: the log broke its promise",
                f"    promised: {judged.ticket.leaf.hex()}",
                f"    found:    {judged.found.hex()}",
            ]

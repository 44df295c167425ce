"""`zoneproxy replay`: check a log, then walk every decision again.

Exit codes: 0 everything agrees; 1 the log does not hold, or a decision differs; 2 usage, or no log;
3 nothing differs, but something is withheld or unwitnessed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from functools import partial
from pathlib import Path

from zoneproxy.adapters.keyfiles import read_vkeys
from zoneproxy.adapters.logfolder import open_log
from zoneproxy.replay.audit import audit
from zoneproxy.replay.flaws import EXIT_INCOMPLETE, EXIT_INVALID, EXIT_VALID
from zoneproxy.replay.records import archived_policy, records
from zoneproxy.replay.rewalk import Rewalk, Step, Walk

_MOST_SHOWN = 50


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `replay`; it sets `func`: Namespace in, exit code out."""
    parser = subparsers.add_parser(
        "replay",
        help="check a log and walk every decision again",
        description="Check a log as `log verify` does, then judge every decision again from its recorded "
        "facts under the archived policy of its day. Exit code 0: all agree; 1: something does not hold or "
        "differs; 3: something is withheld, so that it can't be told.",
    )
    parser.add_argument("directory", type=Path, metavar="DIR", help="the log, or a copy of its files")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument(
        "--vkey", action="append", type=Path, default=[], metavar="FILE",
        help="the log's verifier key, from a source you trust (else the one that lies in DIR)",
    )  # fmt: skip
    parser.set_defaults(func=run_replay)


def run_replay(args: argparse.Namespace) -> int:
    """Walk a log again and print what differs, then the count."""
    keys = [key for path in args.vkey for key in read_vkeys(path)]
    reader = open_log(args.directory, keys)
    report = audit(reader)
    if report.exit_code == EXIT_INVALID:
        worst = report.flaws[0]
        print(
            f"the log does not hold, so nothing in it is walked again: {worst.where}: {worst.message}",
            file=sys.stderr,
        )
        print("hint: run `zoneproxy log verify` to see every flaw", file=sys.stderr)
        return EXIT_INVALID
    counts: Counter[Walk] = Counter()
    shown = 0
    for step in Rewalk(partial(archived_policy, reader)).walk(records(reader)):
        counts[step.walk] += 1
        told = step.walk in (Walk.DIFFERS, Walk.WITHHELD)
        if args.json and (told or step.walk is Walk.FAULT):
            print(json.dumps(_as_json(step), sort_keys=True))
        elif told and shown < _MOST_SHOWN:
            shown += 1
            _print_step(step)
    code = EXIT_VALID
    if counts[Walk.DIFFERS]:
        code = EXIT_INVALID
    elif counts[Walk.WITHHELD] or report.exit_code:
        code = EXIT_INCOMPLETE
    _print_summary(counts, code, as_json=args.json)
    return code


def _as_json(step: Step) -> dict[str, object]:
    return {
        "index": step.index,
        "kind": step.kind,
        "flow": step.flow,
        "walk": step.walk.value,
        "recorded": step.recorded,
        "derived": step.derived,
        "why": step.why,
    }


def _print_step(step: Step) -> None:
    print(f"{step.walk.value}: entry {step.index} ({step.kind}, flow {step.flow}): {step.why}")
    print(f"    recorded: {step.recorded}")
    print(f"    derived:  {step.derived or 'nothing'}")


def _print_summary(counts: Counter[Walk], code: int, *, as_json: bool) -> None:
    if as_json:
        summary = {walk.value: counts[walk] for walk in Walk} | {"exit_code": code}
        print(json.dumps(summary, sort_keys=True))
        return
    total = sum(counts.values())
    parts = [f"{counts[walk]} {words}" for walk, words in _WORDS.items() if counts[walk]]
    print(f"walked {total} decisions and returns again: {', '.join(parts) or 'none'}")
    print(
        {
            EXIT_VALID: "every decision was derived again",
            EXIT_INVALID: "not every decision can be derived again",
            EXIT_INCOMPLETE: "nothing differs in what can be seen",
        }[code]
    )


_WORDS = {
    Walk.AGREES: "agree",
    Walk.DIFFERS: "differ",
    Walk.WITHHELD: "can't be told, a private part is withheld",
    Walk.FAULT: "are denials or ends that the law's rooms did not decide (faults, broken connections)",
}

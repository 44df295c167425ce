"""How `log verify`, `log examine` and `replay` speak of a log in monthly shards: as of one log.

Every shard is audited with the same options, then the links between them; flaws are told worst first, each
with its shard, levels and totals are those of all shards together. Exit codes are those of one log.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from zoneproxy.adapters.keys.opening import read_holders
from zoneproxy.adapters.reading.logfolder import beside_shards, open_logs
from zoneproxy.cli.log import contents as log_contents
from zoneproxy.cli.log.audit_options import audited, save_evidence, settle
from zoneproxy.cli.log.report import (
    contents,
    flaw_json,
    print_answers,
    print_differences,
    print_levels,
    turned_json,
)
from zoneproxy.cli.log.shards import revoke, revoked_keys, trust_of
from zoneproxy.replay.desk import Work
from zoneproxy.replay.flaws import EXIT_INVALID, Flaw, FlawClass, Flaws, Level
from zoneproxy.replay.questions import Answer, questions, tell_lives
from zoneproxy.replay.report import HOLDS, NOTHING, UNCHECKED, AuditReport, LevelReport
from zoneproxy.replay.shardfiles import check_shard_files
from zoneproxy.replay.shardwalk import ChainReport, ShardReport, audit_shards
from zoneproxy.replay.totals import Totals
from zoneproxy.terms.errors import VerificationError
from zoneproxy.terms.moments import moment
from zoneproxy.trace.note import VerifierKey
from zoneproxy.trace.reader import LogReader
from zoneproxy.trace.roottrust import RootTrust

_ORDER = [*(kind.value for kind in FlawClass), HOLDS, UNCHECKED, NOTHING]
_RANKS = list(FlawClass)
_VERDICTS: Mapping[str, int] = {"yes": 0, "unknown": 1, "no": 2, "shown": 3}


@dataclass(frozen=True, slots=True)
class Chain:
    """A log in shards, audited.

    Attributes:
        report: what was found.
        keys: the keys that were given.
        signed: the root-signed trust file; `None` where none was given.
        unbalanced: where totals differ from the table that they were compared with.
    """

    report: ChainReport
    keys: Sequence[VerifierKey]
    signed: RootTrust | None
    unbalanced: Sequence[dict[str, object]]

    @property
    def exit_code(self) -> int:
        """As of one log."""
        return EXIT_INVALID if self.unbalanced else self.report.exit_code

    def flaws(self) -> list[tuple[str | None, Flaw]]:
        """Return all flaws, worst first, each with its shard; those of links without."""
        found: list[tuple[str | None, Flaw]] = [(None, flaw) for flaw in self.report.links.found]
        found += [(shard.name, flaw) for shard in self.report.shards for flaw in shard.report.flaws]
        return sorted(found, key=lambda one: _RANKS.index(one[1].kind))

    def levels(self) -> list[LevelReport]:
        """Return each level over all shards: its worst result, and what was counted."""
        reports = [shard.report.levels for shard in self.report.shards]
        return [
            _level(level, [one for made in reports for one in made if one.level is level]) for level in Level
        ]


def audit_chain(args: argparse.Namespace, work: Work) -> Chain:
    """Audit a log in shards as the options say, and write what they ask for."""
    keys, policy, signed = trust_of(args)
    compared = set[str]()

    def audit_one(reader: LogReader) -> AuditReport:
        report = audited(args, reader, work, policy, several=True, compared=compared)
        return revoke(reader, report, signed, keys)

    holders = read_holders(args.opening_key)
    shards = open_logs(args.directory, holders=holders, allow_withheld=args.allow_withheld)
    report = audit_shards(shards, [*keys, *revoked_keys(signed)], audit_one)
    _check_folder(args.directory, report)
    for name in args.also:
        if name not in compared:
            told = "this is no checkpoint of any shard of the log"
            report.links.add(FlawClass.INVALID, name, told, level=Level.SIGNATURES)
    totals = Totals()
    for shard in report.shards:
        totals.join(shard.report.totals)
    made = Chain(report, keys, signed, settle(args, totals))
    save_evidence(args.evidence, [flaw for _, flaw in made.flaws()])
    return made


def _check_folder(place: str, report: ChainReport) -> None:
    """Compare what lies beside the shards with them; twice where it does not agree, for a log may turn."""
    flaws = Flaws()
    for _ in range(2):
        flaws = Flaws()
        try:
            names, months, described = beside_shards(place)
        except VerificationError as error:
            flaws.add(FlawClass.INVALID, error.where, error.message, level=Level.SIGNATURES)
            break
        origins = [shard.report.origin for shard in report.shards]
        check_shard_files(names, origins, months, described, flaws)
        if not flaws.found:
            return
    report.links.join(flaws)


def _level(level: Level, made: Sequence[LevelReport]) -> LevelReport:
    counted: Counter[str] = Counter()
    for one in made:
        counted.update(one.checked)
    result = min((one.result for one in made), key=_ORDER.index, default=UNCHECKED)
    return LevelReport(level, result, dict(counted), sum(one.flaws for one in made))


def run_verify(args: argparse.Namespace) -> int:
    """Check every shard of a log and the links between them; print what was found."""
    chain = audit_chain(args, Work(openings=not args.public))
    codes = [chain.exit_code]
    if args.json:
        _print_json(chain)
    else:
        print_flaws(chain)
        print_differences(chain.unbalanced)
        print_shards(chain)
        print_levels(chain.levels())
    codes += [
        log_contents.check_contents(
            args, shard.reader, kinds=shard.report.kinds, keys=chain.keys, code=shard.report.exit_code
        )
        for shard in chain.report.shards
        if shard.reader is not None
    ]
    code = EXIT_INVALID if EXIT_INVALID in codes else max(codes)
    if args.json:
        closing = chain.report.closing or None
        print(json.dumps({"closing": closing, "shards": len(chain.report.shards), "exit_code": code}))
    return code


def run_examine(args: argparse.Namespace) -> int:
    """Answer the five questions over all shards: `yes` of one is the answer, evidence with its shard."""
    chain = audit_chain(args, Work())
    answers: dict[str, Answer] = {}
    for shard in chain.report.shards:
        for one in questions(shard.report):
            grounds = tuple(f"{shard.name}: {ground}" for ground in one.evidence)
            before = answers.get(one.question)
            if before is None:
                answers[one.question] = Answer(one.question, one.text, one.verdict, grounds)
                continue
            worst = min((before.verdict, one.verdict), key=_VERDICTS.__getitem__)
            if one.verdict == before.verdict:
                grounds = (*before.evidence, *grounds)
            elif worst == before.verdict:
                grounds = before.evidence
            answers[one.question] = Answer(one.question, one.text, worst, grounds)
    gone = [flaw for flaw in chain.report.links.found if flaw.kind is FlawClass.MISSING]
    if gone:
        told = tuple(f"{flaw.where}: {flaw.message}" for flaw in gone)
        answers["deleted"] = Answer("deleted", answers["deleted"].text, "yes", told)
    answers["keys"] = Answer(
        "keys", answers["keys"].text, answers["keys"].verdict, tuple(tell_lives(chain.report.keys))
    )
    print_answers(list(answers.values()), as_json=args.json)
    if not args.json:
        print_differences(chain.unbalanced)
    return chain.exit_code


def print_flaws(chain: Chain) -> None:
    """Print what is wrong, worst first, with its proof; signed notes are left to `--evidence`."""
    for name, flaw in chain.flaws():
        print(f"{f'{name}: ' if name else ''}{flaw.kind.value}: {flaw.where}: {flaw.message}")
        for word, value in flaw.proof.items():
            if "\n" not in value:
                print(f"    {word}: {value}")
    for shard in chain.report.shards:
        if shard.report.more:
            print(f"{shard.name}: and {shard.report.more} more")


def print_shards(chain: Chain) -> None:
    """Print a line for each shard, and what is trusted."""
    for shard in chain.report.shards:
        print(f"shard {shard.name}: {_summary(shard, chain.report)}")
        for line in contents(shard.report):
            print(f"    {line}")
    if chain.signed is not None:
        signed = chain.signed
        print(
            f"trust file {signed.serial} of {moment(signed.issued_ms)}, revoked keys: {len(signed.revoked)}"
        )


def _summary(shard: ShardReport, report: ChainReport) -> str:
    found = shard.report
    if not found.origin:
        return "can't be read"
    if shard.close is not None:
        state = "closed"
    elif found.origin == report.closing:
        state = "its month is over, its last exchanges are not"
    else:
        state = "open" if shard is report.shards[-1] else "not closed"
    keys = {"given": "the keys given", "handed over": "the keys that the shard before hands over to"}
    believed = keys.get(shard.believed, "its own keys")
    return f"{found.size} entries, root {found.root}, {state}, by {believed}"


def _print_json(chain: Chain) -> None:
    for name, flaw in chain.flaws():
        print(json.dumps({"shard": name} | flaw_json(flaw), sort_keys=True))
    for level in chain.levels():
        line = {"level": level.level.value, "name": level.name, "result": level.result, "flaws": level.flaws}
        print(json.dumps(line | {"checked": dict(level.checked)}, sort_keys=True))
    for difference in chain.unbalanced:
        print(json.dumps({"difference": difference}, sort_keys=True))
    for shard in chain.report.shards:
        found = shard.report
        summary = {
            "shard": shard.name, "origin": found.origin, "size": found.size, "root": found.root,
            "believed": shard.believed, "closed": shard.close is not None, "exit_code": found.exit_code,
            "kinds": dict(found.kinds), "first_ts": found.first_ts, "last_ts": found.last_ts,
            "opened": found.opened, "withheld": found.withheld, "sealed": found.openings.sealed,
            "erased": found.openings.erased, "uncovered": found.openings.uncovered,
            "unsigned": found.unsigned, "turned_away": turned_json(found), "signed_by": list(found.signed_by),
            "cosigned_by": list(found.cosigned_by), "same_history": list(found.older),
            "epochs": found.brackets.epochs, "epochs_proven": found.brackets.proven,
        }  # fmt: skip
        print(json.dumps(summary, sort_keys=True))

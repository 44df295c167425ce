"""The audit of a whole sharded log: every shard, the links between them, the keys' lives.

Shards are taken in the order of their months. Each is audited by itself; then what binds it to its
neighbours is checked:

    `log_open` of a shard names the one before it with a head that must be a beginning of its tree
    `log_close`, the last entry of a shard, names the next one and the keys that it begins with
    `log_sealed` in the next one holds the final head, exactly
    keys that were announced for a shard are those that it begins with

Only the newest shard may be open; the one before it may still be closing, as long as it is the newest but
one and was not sealed. A shard that others name and that is not here is named as missing.

Keys: those that are given are believed for the shards that they name. A shard after such a one is believed
by the keys that its predecessor hands over to, in `log_close` or an announcement; a shard before it by its
final head, which stands in its successor. A shard that is not the newest is read at its last signed state,
whether its witnesses have cosigned that yet or not: what follows speaks of it.

Where no key is given every shard is believed by the keys that lie with it, which shows only that the log
agrees with itself.

What was erased from a shard may be covered by a record in any later one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from zoneproxy.replay.flaws import EXIT_INVALID, FlawClass, Flaws, Level, exit_code
from zoneproxy.replay.keylives import KeyLife, key_lives, log_acts
from zoneproxy.replay.report import MOST_RARE, AuditReport, with_flaws
from zoneproxy.terms.errors import ConfigError, VerificationError
from zoneproxy.trace.checkpoint import Checkpoint
from zoneproxy.trace.entry import Entry
from zoneproxy.trace.keyring import read_vkeys_of
from zoneproxy.trace.merkle import check_consistency, prove_consistency
from zoneproxy.trace.months import split_origin
from zoneproxy.trace.note import VerifierKey
from zoneproxy.trace.prover import tile_hashes
from zoneproxy.trace.reader import LogReader
from zoneproxy.trace.unwitnessed import find_waiting


class Opener(Protocol):
    """Opens a shard."""

    def __call__(self, vkeys: Sequence[VerifierKey], *, note: bytes = b"") -> LogReader:
        """Open it with the keys to trust; with none, those that lie with it.

        Args:
            vkeys: the keys.
            note: a checkpoint to read it at, instead of the one that it presents.
        """
        ...


AuditOne = Callable[[LogReader], AuditReport]
"""Audits one shard."""


@dataclass(slots=True)
class ShardReport:
    """What was found in one shard.

    Attributes:
        name: its directory's name, the month.
        report: its own audit.
        acts: the entries that speak of keys and shards, with their indexes.
        believed: by which keys: `given`, `handed over`, `its own`.
        reader: it, opened; `None` where it can't be.
    """

    name: str
    report: AuditReport
    acts: list[tuple[int, Entry]] = field(default_factory=list)
    believed: str = "its own"
    reader: LogReader | None = None

    @property
    def opening(self) -> Mapping[str, Any]:
        """The body of its `log_open`; empty if there is none."""
        return self._body("log_open")

    @property
    def close(self) -> Mapping[str, Any] | None:
        """The `next` of its `log_close`, where that is its last entry."""
        if self.acts and self.acts[-1][1].kind == "log_close" and self.acts[-1][0] == self.report.size - 1:
            return dict(self.acts[-1][1].body["next"] or {})
        return None

    @property
    def pruned(self) -> bool:
        """Whether entries were deleted, as its retention policy says: its beginning is not here any more."""
        try:
            return self.reader is not None and self.reader.minimum > 0
        except VerificationError:  # the audit tells
            return False

    def given_up(self, origin: str) -> str:
        """Return the trust file (SHA-256, hex) by which it takes over from a shard whose keys were lost."""
        bodies = [entry.body for _, entry in self.acts if entry.kind == "key"]
        named = (body for body in bodies if body["action"] == "revoke" and body["origin"] == origin)
        return next((body["trust"] or "" for body in named), "")

    def _body(self, kind: str) -> Mapping[str, Any]:
        return next((entry.body for _, entry in self.acts if entry.kind == kind), {})

    def sealed(self) -> list[Mapping[str, Any]]:
        """The final heads that it holds of the shard before it."""
        return [entry.body["previous"] for _, entry in self.acts if entry.kind == "log_sealed"]

    def announced(self) -> dict[str, list[str]]:
        """The keys that it announces, by the origin that they are for."""
        bodies = [entry.body for _, entry in self.acts if entry.kind == "key"]
        return {body["origin"]: list(body["keys"]) for body in bodies if body["action"] == "announce"}


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What was found in a sharded log.

    Attributes:
        shards: each shard's report, oldest first.
        links: what does not hold between them, worst first.
        closing: the origin of the shard that still waits for its last exchanges, or empty.
        keys: the life of every key.
    """

    shards: tuple[ShardReport, ...]
    links: Flaws
    closing: str
    keys: tuple[KeyLife, ...]

    @property
    def exit_code(self) -> int:
        """0 valid, 1 invalid, missing or derived otherwise, 3 incomplete, over all shards and their links."""
        codes = {exit_code(self.links.found), *(one.report.exit_code for one in self.shards)}
        return EXIT_INVALID if EXIT_INVALID in codes else max(codes)


def audit_shards(
    shards: Sequence[tuple[str, Opener]], given: Sequence[VerifierKey], audit_one: AuditOne
) -> ChainReport:
    """Audit a sharded log.

    Args:
        shards: name (the month) and opener of each shard that is here, oldest first.
        given: the keys to trust; none lets every shard speak for itself.
        audit_one: audits one shard.

    Returns:
        The report; it never raises for anything that the log holds.
    """
    flaws = Flaws()
    done: list[ShardReport] = []
    handed: dict[str, list[str]] = {}
    trusting = False
    for number, (name, opener) in enumerate(shards):
        keys = keys_for(name, given, handed)
        last = number == len(shards) - 1
        shard = _audit_shard(name, opener, audit_one, keys, flaws, newest=last)
        done.append(shard)
        if trusting and shard.believed == "its own":
            told = "nothing that is trusted vouches for its keys: give them with `--vkey`"
            flaws.add(FlawClass.UNWITNESSED, name, told)
        trusting = trusting or shard.believed == "given"
        if shard.report.exit_code != 1:
            handed = shard.announced()
            if shard.close:
                handed[shard.close["origin"]] = list(shard.close["keys"])
    _settle(done)
    closing = ""
    for number, shard in enumerate(done):
        if shard.acts:
            before = done[number - 1] if number else None
            closing = _check_place(before, shard, flaws, newest=number == len(done) - 1) or closing
    acts = [(shard.report.origin, index, entry) for shard in done for index, entry in shard.acts]
    flaws.found[:] = flaws.worst_first()
    return ChainReport(tuple(done), flaws, closing, key_lives(acts))


def _settle(shards: Sequence[ShardReport]) -> None:
    """Tell what is gone and covered by no record, in its own shard or in a later one."""
    records: list[Entry] = []
    for shard in reversed(shards):
        records += shard.report.covering
        if shard.reader is not None and shard.report.origin:
            flaws = Flaws()
            try:
                shard.report.openings.report(shard.reader, records, flaws)
            except VerificationError as error:
                flaws.add(FlawClass.INVALID, error.where, error.message, error.proof, Level.OPENINGS)
            shard.report = with_flaws(shard.report, flaws.found)


def _check_place(before: ShardReport | None, shard: ShardReport, flaws: Flaws, *, newest: bool) -> str:
    """Check a shard's place among the others; return the origin of the one before if that is closing."""
    parts = split_origin(shard.report.origin)
    if parts is None or str(parts[1]) != shard.name:
        flaws.add(FlawClass.INVALID, shard.name, f"the shard in this directory is `{shard.report.origin}`")
    if newest and shard.close is not None:
        where = str(shard.close.get("origin", "the next shard"))
        flaws.add(FlawClass.MISSING, where, f"the shard after `{shard.report.origin}` is not here")
    if before is None:
        _check_first(shard, flaws)
        return ""
    if not before.acts:
        return ""  # it can't be read, which is told already
    if _base(before) != _base(shard):
        flaws.add(FlawClass.INVALID, shard.name, "it is a shard of another log than the one before it")
    return before.report.origin if _check_link(before, shard, flaws, newest=newest) else ""


def _audit_shard(
    name: str,
    opener: Opener,
    audit_one: AuditOne,
    believed: tuple[Sequence[VerifierKey], str],
    flaws: Flaws,
    *,
    newest: bool,
) -> ShardReport:
    keys, by = believed
    try:
        reader = opener(keys)
        # What follows names a state of it that its witnesses may not have cosigned yet.
        beyond = None if newest else find_waiting(reader)
        if beyond is not None:
            reader = opener(keys, note=beyond[1])
        report = audit_one(reader)
    except (VerificationError, ConfigError) as error:
        flaws.add(FlawClass.INVALID, name, f"the shard can't be read: {error.message}")
        return ShardReport(name, AuditReport("", 0, "", ()))
    made = ShardReport(name, report, [], by, reader)
    if report.origin:
        try:
            made.acts = log_acts(reader, report.rare if len(report.rare) < MOST_RARE else None)
        except VerificationError as error:
            flaws.add(FlawClass.INVALID, name, f"its entries can't be read: {error.message}")
    return made


def keys_for(
    name: str, given: Sequence[VerifierKey], handed: Mapping[str, Sequence[str]]
) -> tuple[Sequence[VerifierKey], str]:
    """Return the keys to trust in a shard, and by what: `given`, `handed over`, or none, `its own`.

    Args:
        name: the shard's month.
        given: the keys that are trusted.
        handed: by origin, the keys that the shard before it hands over to.
    """
    own = [key for key in given if key.name.endswith(f"/{name}")]
    if own:
        return own, "given"
    for origin, vkeys in handed.items() if given else ():
        if origin.endswith(f"/{name}"):
            return read_vkeys_of(vkeys), "handed over"
    return (), "its own"


def _base(shard: ShardReport) -> str:
    parts = split_origin(shard.report.origin)
    return parts[0] if parts else ""


def _check_first(shard: ShardReport, flaws: Flaws) -> None:
    previous = shard.opening.get("previous")
    if previous is not None:
        flaws.add(
            FlawClass.MISSING,
            previous["origin"],
            f"the shard before `{shard.report.origin}` is not here; it had {previous['size']} entries",
            {"size": str(previous["size"]), "root": previous["root"]},
        )


def _check_link(before: ShardReport, shard: ShardReport, flaws: Flaws, *, newest: bool) -> bool:
    """Check what binds a shard to the one before it; return whether that one is still closing."""
    origin, former = shard.report.origin, before.report.origin
    previous = shard.opening.get("previous")
    if previous is None and shard.pruned:
        return False  # its first entries were deleted, on the record, which its own audit checks
    if previous is None:
        flaws.add(FlawClass.INVALID, origin, f"it begins a log of its own, and does not follow `{former}`")
        return False
    if previous["origin"] != former:
        flaws.add(
            FlawClass.MISSING,
            previous["origin"],
            f"this shard, which `{origin}` follows, is not here; the one before it here is `{former}`",
        )
        return False
    _check_beginning(before, previous, f"`log_open` of {origin}", flaws)
    announced = before.announced().get(origin)
    if announced is not None and announced != list(shard.opening["keys"]):
        flaws.add(FlawClass.INVALID, origin, "it begins with other keys than were announced for it")
    return _check_close(before, shard, flaws, newest=newest)


def _check_close(before: ShardReport, shard: ShardReport, flaws: Flaws, *, newest: bool) -> bool:
    origin, former = shard.report.origin, before.report.origin
    heads = shard.sealed()
    final = {"origin": former, "size": before.report.size, "root": before.report.root}
    trust = shard.given_up(former)
    if before.close is None and trust:
        told = f"its keys were given up: by the root's word it ends here, and `{origin}` follows"
        flaws.add(FlawClass.UNWITNESSED, former, told, {"trust": trust})
        return False
    if before.close is None:
        if heads or not newest:
            flaws.add(
                FlawClass.MISSING,
                former,
                f"its end is not here: it has no `log_close`, and `{origin}` follows",
            )
        return newest and not heads
    if before.close.get("origin") != origin:
        flaws.add(
            FlawClass.MISSING,
            str(before.close.get("origin")),
            f"this shard, to which `{former}` gives over, is not here; the one after it here is `{origin}`",
        )
    elif before.close["keys"] != list(shard.opening["keys"]):
        flaws.add(FlawClass.INVALID, origin, f"it begins with other keys than `{former}` gives over to")
    for head in heads:
        if dict(head) != final:
            proof = {"sealed": f"{head['size']} {head['root']}", "found": f"{final['size']} {final['root']}"}
            flaws.add(FlawClass.INVALID, former, f"it is not what `{origin}` was sealed with", proof)
    if not heads and not newest:
        flaws.add(FlawClass.MISSING, former, f"its final head does not stand in `{origin}`")
    return newest and not heads


def _check_beginning(before: ShardReport, head: Mapping[str, Any], where: str, flaws: Flaws) -> None:
    """Check that a recorded head is a beginning of the shard before."""
    size, root = int(head["size"]), bytes.fromhex(head["root"])
    proof = {"recorded": f"{size} {head['root']}", "found": f"{before.report.size} {before.report.root}"}
    if before.reader is None or size > before.report.size:
        flaws.add(
            FlawClass.MISSING,
            before.report.origin,
            f"entries are gone: {where} holds a head of {size}",
            proof,
        )
        return
    try:
        is_beginning(before.reader, Checkpoint(before.report.origin, size, root))
    except VerificationError as error:
        flaws.add(
            FlawClass.INVALID,
            before.report.origin,
            f"the head in {where} is no beginning of it: {error.message}",
            proof,
        )


def is_beginning(reader: LogReader, head: Checkpoint) -> None:
    """Check that a head, from wherever it comes, is a beginning of a log.

    Raises:
        VerificationError: it is none, or the log's files don't hold.
    """
    now = reader.checkpoint()
    if not 0 < head.size <= now.size:
        raise VerificationError(f"the log has {now.size} entries, the head {head.size}", where="checkpoint")
    hashes = prove_consistency(head.size, now.size, tile_hashes(reader, now.size))
    check_consistency(head.size, now.size, head.root, now.root, hashes)

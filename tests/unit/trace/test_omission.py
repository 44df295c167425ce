"""`zoneproxy.trace.omission`: how a log stands to a ticket, and the file that shows an omission."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.logs import ORIGIN, START_MS, joint_signer, mldsa_signer, signer, write_log
from zoneproxy.adapters.files.disk import DiskFiles
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.checkpoint import Checkpoint, sign_checkpoint
from zoneproxy.trace.merkle import leaf_hash
from zoneproxy.trace.note import VerifierKey
from zoneproxy.trace.omission import (
    Standing,
    check_omission,
    encode_omission,
    judge_ticket,
    read_leaf,
    signed_ms,
)
from zoneproxy.trace.reader import LogReader
from zoneproxy.trace.ticket import PROMISE_MS, Ticket, key_name, sign_ticket

TICKET_KEY = signer(key_name(ORIGIN))
KEYS: tuple[VerifierKey, ...] = (*joint_signer().verifiers, *TICKET_KEY.verifiers)
EARLY = START_MS - PROMISE_MS
"""A promise that has run out when the log's ML-DSA-44 key signs."""


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> LogReader:
    root = write_log(tmp_path_factory.mktemp("log") / "log", [2, 300], joint_signer())
    return LogReader(DiskFiles(root).read_limited, joint_signer().verifiers)


def ticket(reader: LogReader, index: int, ms: int = EARLY, leaf: bytes | None = None) -> Ticket:
    size = reader.checkpoint().size
    return Ticket(ORIGIN, index, leaf or (read_leaf(reader, index)[0] if index < size else bytes(32)), ms)


@pytest.mark.parametrize("index", [0, 4, 255, 256, 511, 604])
def test_an_entry_in_its_place_fits(reader: LogReader, index: int) -> None:
    """Every kept promise fits, at the edges of tiles too, whatever the time."""
    for ms in (0, START_MS, START_MS + 10**9):
        assert judge_ticket(ticket(reader, index, ms), reader, 0).standing is Standing.FITS


def test_another_entry_is_shown_to_anyone(reader: LogReader) -> None:
    """Another entry at the index is a proof that is checked without the log (Z14)."""
    asked = ticket(reader, 17, leaf=leaf_hash(b"dropped"))
    judged = judge_ticket(asked, reader, 0)
    assert judged.standing is Standing.OTHER
    data = encode_omission(sign_ticket(asked, TICKET_KEY), reader.note(), judged)
    shown = check_omission(data, KEYS)
    assert (shown.standing, shown.ticket, shown.found) == (Standing.OTHER, asked, judged.found)


def test_an_entry_beyond_the_end(reader: LogReader) -> None:
    """Beyond the end: time to come, overdue by the reader's clock, or omitted by the log's own (Z14)."""
    late = ticket(reader, 605, START_MS)
    assert judge_ticket(late, reader, START_MS + PROMISE_MS - 1).standing is Standing.NOT_YET
    assert judge_ticket(late, reader, START_MS + PROMISE_MS).standing is Standing.OVERDUE
    asked = ticket(reader, 605)
    judged = judge_ticket(asked, reader, 0)
    assert (judged.standing, judged.signed_ms) == (Standing.OMITTED, START_MS)
    data = encode_omission(sign_ticket(asked, TICKET_KEY), reader.note(), judged)
    assert check_omission(data, KEYS).standing is Standing.OMITTED
    assert b"\nfound nothing\n\n" in data


def test_only_trusted_times_count(reader: LogReader, tmp_path: Path) -> None:
    """Without the timed key nothing is omitted, only overdue; a witness' time counts where it is trusted."""
    root = write_log(tmp_path / "log", [1])
    plain = LogReader(DiskFiles(root).read_limited, signer().verifiers)
    asked = ticket(plain, 9)
    assert judge_ticket(asked, plain, START_MS).standing is Standing.OVERDUE
    witness = mldsa_signer("witness.example", 7)
    note = plain.note()
    note += witness.sign(note.decode().partition("\n\n")[0] + "\n")[0].line.encode()
    cosigned = LogReader(DiskFiles(root).read_limited, signer().verifiers, note=note)
    assert judge_ticket(asked, cosigned, START_MS).standing is Standing.OVERDUE
    assert judge_ticket(asked, cosigned, START_MS, witness.verifiers).standing is Standing.OMITTED
    assert signed_ms(note, ()) == 0
    with pytest.raises(VerificationError, match="does not verify"):
        signed_ms(note.replace(b"\n3\n", b"\n4\n"), witness.verifiers)


def test_what_shows_no_omission(reader: LogReader) -> None:
    """A kept promise, one that still runs, a wrong hash and a wrong key make no proof."""
    with pytest.raises(ValueError, match="nothing to show"):
        encode_omission(b"", b"", judge_ticket(ticket(reader, 3), reader, 0))
    asked = ticket(reader, 17, leaf=leaf_hash(b"dropped"))
    note = sign_ticket(asked, TICKET_KEY)
    judged = judge_ticket(asked, reader, 0)
    data = encode_omission(note, reader.note(), judged)
    kept = sign_ticket(ticket(reader, 17), TICKET_KEY)
    mutants = {
        "stands where the ticket says": encode_omission(kept, reader.note(), judged),
        "reaches the ticket's index": encode_omission(
            note, reader.note(), judge_ticket(ticket(reader, 605), reader, 0)
        ),
        "another root": encode_omission(note, reader.note(), replace(judged, found=leaf_hash(b"third"))),
        "no file of an omission": b"zoneproxy.org/omission/v1\n",
        "begins with": data.replace(b"/v1", b"/v2", 1),
    }
    for words, mutant in mutants.items():
        with pytest.raises(VerificationError, match=words):
            check_omission(mutant, KEYS)
    early = Ticket(ORIGIN, 605, bytes(32), START_MS)
    missing = judge_ticket(ticket(reader, 605), reader, 0)
    with pytest.raises(VerificationError, match="older than the promise's end"):
        check_omission(encode_omission(sign_ticket(early, TICKET_KEY), reader.note(), missing), KEYS)
    with pytest.raises(VerificationError):
        check_omission(data, joint_signer(number=2).verifiers)


def test_another_logs_checkpoint_shows_nothing(reader: LogReader) -> None:
    """A ticket is judged by its own log alone."""
    other = sign_checkpoint(Checkpoint("other.example", 0, leaf_hash(b"")), ()).data
    with pytest.raises(VerificationError):
        judge_ticket(Ticket("other.example", 0, bytes(32), 0), reader, 0)
    with pytest.raises(VerificationError):
        signed_ms(other, ())
    with pytest.raises(VerificationError, match="no entry 605 yet"):
        read_leaf(reader, 605)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """The parser accepts or raises its one error."""
    for prefix in (
        b"",
        b"zoneproxy.org/omission/v1\nticket ",
        b"zoneproxy.org/omission/v1\nticket AA==\nfound ",
    ):
        with pytest.raises(VerificationError):
            check_omission(prefix + data, KEYS)

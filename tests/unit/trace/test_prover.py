"""`zoneproxy.trace.prover`: proofs from tiles, checked before they are given out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.logs import ORIGIN, FixedClock, joint_signer, signer, write_log
from tests.support.shards import FIRST, MIDDLE_MS, make_shards, open_shards
from zoneproxy.adapters.files.disk import DiskFiles
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.checkpoint import Checkpoint, sign_checkpoint
from zoneproxy.trace.merkle import EMPTY_ROOT, leaf_hash, tree_root
from zoneproxy.trace.note import VerifierKey, parse_note
from zoneproxy.trace.proof import check_proof, parse_proof
from zoneproxy.trace.prover import head_at, keys_at, prove_entry, prove_prefix
from zoneproxy.trace.reader import LogReader


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_log(tmp_path_factory.mktemp("prover") / "log", [3, 140, 130], joint_signer())


def test_every_kind_of_place_is_proved(root: Path) -> None:
    """Entries at the edges of tiles and of the log are proved, with at most ceil(log2 n) hashes (Z14)."""
    reader = open_log(root)
    entries = dict(reader.entries())
    for index in (0, 1, 255, 256, 257, 511, 512, 513, 546):
        proof = parse_proof(prove_entry(reader, index).data)
        assert check_proof(proof, reader.vkeys) == (reader.checkpoint(), entries[index])
        assert len(proof.hashes) <= 10


def test_an_entry_that_is_not_there(root: Path) -> None:
    """An index outside the checkpoint is told, with what there is."""
    for index in (-1, 547):
        with pytest.raises(VerificationError, match="no entry") as told:
            prove_entry(open_log(root), index)
        assert "0 to 546" in told.value.hint


def test_changed_and_missing_files_make_no_proof(tmp_path: Path) -> None:
    """From a changed or missing tile or bundle no proof is made, rather than a wrong one (Z14)."""
    for number, path in enumerate(("tile/0/000.p/7", "tile/entries/000.p/7")):
        root = write_log(tmp_path / str(number), [3])
        whole = root / path
        whole.chmod(0o644)
        data = bytearray(whole.read_bytes())
        data[40] ^= 1
        for broken in (bytes(data), data[:-1]):
            whole.write_bytes(broken)
            with pytest.raises(VerificationError):
                prove_entry(open_log(root), 0)
        whole.unlink()
        with pytest.raises(VerificationError, match="missing"):
            prove_entry(open_log(root), 0)


def test_prefixes(root: Path, tmp_path: Path) -> None:
    """Each older checkpoint is shown to be the beginning, the empty one too; another history is not."""
    reader = open_log(root)
    for number, batches in enumerate(([3], [3, 140], [3, 140, 130])):
        note = (write_log(tmp_path / str(number), batches, joint_signer()) / "checkpoint").read_bytes()
        old, new, hashes = prove_prefix(reader, note)
        assert (old.size, new.size) == (1 + 2 * sum(batches), 547)
        assert len(hashes) <= 11
    empty = sign_checkpoint(Checkpoint(ORIGIN, 0, EMPTY_ROOT), [joint_signer()]).data
    assert prove_prefix(reader, empty)[2] == []
    fork = sign_checkpoint(Checkpoint(ORIGIN, 9, b"f" * 32), [joint_signer()]).data
    with pytest.raises(VerificationError, match="beginning") as told:
        prove_prefix(reader, fork)
    assert told.value.proof["old"].encode() == fork
    assert told.value.proof["new"].encode() == reader.note()


def test_what_is_no_older_checkpoint(root: Path) -> None:
    """A longer checkpoint, one that the log's keys did not sign, and another log's are refused."""
    reader = open_log(root)
    longer = sign_checkpoint(Checkpoint(ORIGIN, 999, b"f" * 32), [joint_signer()]).data
    with pytest.raises(VerificationError, match="only 547"):
        prove_prefix(reader, longer)
    with pytest.raises(VerificationError, match="did not sign"):
        prove_prefix(reader, sign_checkpoint(Checkpoint(ORIGIN, 9, b"f" * 32), [signer()]).data)
    other = sign_checkpoint(Checkpoint("other.example", 9, b"f" * 32), [signer("other.example")]).data
    trusting = open_log(root, [*reader.vkeys, *signer("other.example").verifiers])
    with pytest.raises(VerificationError, match="not verify: the checkpoint is that of the log `other"):
        prove_prefix(trusting, other)


@pytest.mark.parametrize("size", [1, 2, 5, 255, 256, 257, 604, 605])
def test_the_head_of_an_earlier_size(tmp_path: Path, size: int) -> None:
    """An earlier head is computed from the tiles and shown to be the signed tree's beginning."""
    root = write_log(tmp_path / "log", [2, 300])
    reader = LogReader(DiskFiles(root).read_limited, signer().verifiers)
    head = head_at(reader, size)
    assert (head.origin, head.size) == (ORIGIN, size)
    assert head.root == tree_root([leaf_hash(entry) for _, entry in reader.entries(0, size)])


@pytest.mark.parametrize("size", [0, -1, 606])
def test_a_size_that_the_log_never_had(tmp_path: Path, size: int) -> None:
    """There is no head of nothing, nor of what is to come."""
    root = write_log(tmp_path / "log", [2, 300])
    with pytest.raises(VerificationError, match="the log has no"):
        head_at(LogReader(DiskFiles(root).read_limited, signer().verifiers), size)


@pytest.fixture(scope="module")
def renewed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[bytes, list[VerifierKey]]]]:
    """A shard whose keys were renewed, and its checkpoint before, between and after, each with its keys."""
    root = tmp_path_factory.mktemp("renewed")
    _, keys = make_shards(root)
    clock = FixedClock(MIDDLE_MS)
    log = open_shards(root, clock, overlap_ms=1000)
    shard, old = root / "log" / str(FIRST), list(keys.load(FIRST, log.origin).verifiers)
    seen = [((shard / "checkpoint").read_bytes(), old)]
    keys.make(FIRST, 2)
    new = list(keys.load(FIRST, log.origin, 2).verifiers)
    for due in ([*old, *new], new):
        log.tick()
        seen.append(((shard / "checkpoint").read_bytes(), due))
        clock.now += 1000
    log._close()
    return shard, seen


@pytest.mark.parametrize("trusted", [0, 1, 2])
def test_older_checkpoints_verify_beyond_a_renewal(
    renewed: tuple[Path, list[tuple[bytes, list[VerifierKey]]]], trusted: int
) -> None:
    """Z14: whoever trusts the keys of any time can compare a checkpoint of any other time."""
    shard, seen = renewed
    for note, due in seen:
        assert len(parse_note(note).signatures) == len(due)
        reader = open_log(shard, seen[trusted][1])
        old, new, _ = prove_prefix(reader, note)
        assert old.size <= new.size
        if old.size < new.size:
            assert set(keys_at(reader, new, old.size)) == set(due)


def test_an_older_checkpoint_needs_the_keys_of_its_time(
    renewed: tuple[Path, list[tuple[bytes, list[VerifierKey]]]],
) -> None:
    """Z14: keys that are gone sign nothing of today, and one of two old keys is not enough."""
    shard, seen = renewed
    lines = seen[0][0].split(b"\n")
    with pytest.raises(VerificationError, match="did not sign"):
        prove_prefix(open_log(shard), b"\n".join([*lines[:-2], b""]))
    young = open_log(shard, seen[1][1][2:], note=seen[1][0])
    with pytest.raises(VerificationError, match="no key that is trusted") as told:
        prove_prefix(young, seen[0][0])
    assert "--vkey" in told.value.hint


def test_a_log_that_grew_is_read_at_its_checkpoint(
    renewed: tuple[Path, list[tuple[bytes, list[VerifierKey]]]],
) -> None:
    """Z14: handovers after the checkpoint that was taken change nothing for it."""
    shard, seen = renewed
    for note, due in seen:
        reader = open_log(shard, seen[0][1], note=note)
        assert (reader.checkpoint().size > 0, set(reader.vkeys)) == (True, set(due))

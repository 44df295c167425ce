"""`zoneproxy.trace.withheld`: an entry's bytes go, its place stays proven, and nobody is told nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.logs import ORIGIN, signer, write_log
from tests.support.private_log import redaction
from zoneproxy.adapters.files.disk import DiskFiles
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.replay.audit import audit
from zoneproxy.replay.flaws import FlawClass
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.chain import Chains
from zoneproxy.trace.entry import peek
from zoneproxy.trace.erasure import Eraser
from zoneproxy.trace.ledger import Ledger
from zoneproxy.trace.merkle import leaf_hash
from zoneproxy.trace.prover import prove_entry
from zoneproxy.trace.tiles import ENTRIES, Tile
from zoneproxy.trace.withheld import (
    decode_withheld,
    encode_withheld,
    is_withheld_path,
    places_of,
    withheld_path,
    withhold,
)

BODY = redaction("entry", [3, 7])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A log whose first bundle is full."""
    return write_log(tmp_path / "log", [100, 60])


def erase(root: Path, body: dict[str, object] = BODY) -> None:
    files = DiskFiles(root)
    Eraser(files, ORIGIN, (), None).check(body)
    Eraser(files, ORIGIN, (), None).erase(body)
    files.close()


@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=9), st.sets(st.integers(0, 9)))
def test_round_trip(entries: list[bytes], gone: set[int]) -> None:
    """What is withheld keeps its hash and nothing else; the worked example's length holds."""
    places = withhold(places_of(entries), gone)
    data = encode_withheld(places)
    assert decode_withheld(data, len(entries)) == places
    assert [leaf for _, leaf in places] == [leaf_hash(entry) for entry in entries]
    assert len(encode_withheld(withhold(places_of([b"{}", b"secret"]), {1}))) == 38


@given(st.binary(max_size=200), st.integers(1, 8))
def test_any_bytes(data: bytes, width: int) -> None:
    """An enemy's file is read or refused, never anything else."""
    try:
        places = decode_withheld(data, width)
    except VerificationError:
        return
    assert encode_withheld(places) == data


def test_paths() -> None:
    """One path for each bundle, and back."""
    for tile in (Tile(ENTRIES, 1234), Tile(ENTRIES, 5, 7)):
        path = withheld_path(tile)
        assert path.startswith("tile/withheld/")
        assert is_withheld_path(path) == tile.path
    assert is_withheld_path("tile/entries/000") == ""


def test_nothing_is_silent(root: Path) -> None:
    """Without leave it is missing; with leave each is told; a missing record is a flaw of its own (Z14)."""
    secret = dict(open_log(root).entries())[3]
    erase(root)
    erase(root)  # a second time changes nothing
    assert not [
        path
        for path in root.rglob("*")
        if path.is_file() and "wal" not in path.parts and secret in path.read_bytes()
    ]
    report = audit(open_log(root))
    assert (report.exit_code, report.flaws[0].kind) == (1, FlawClass.MISSING)
    assert "`--allow-withheld`" in report.flaws[0].message
    report = audit(open_log(root, allow_withheld=True))
    told = [(flaw.kind.value, flaw.where) for flaw in report.flaws]
    assert told == [("missing", "entry 3"), ("withheld", "entry 3"), ("withheld", "entry 7")]
    assert "without a redaction record" in report.flaws[0].message


def test_the_rest_holds(root: Path) -> None:
    """Other entries of the bundle are read and proven as before; the withheld one can't be (Z14)."""
    before = dict(open_log(root).entries())
    erase(root)
    reader = open_log(root, allow_withheld=True)
    assert dict(reader.entries()) == {index: entry for index, entry in before.items() if index not in {3, 7}}
    assert prove_entry(reader, 4).extra == before[4]
    with pytest.raises(VerificationError, match="withheld"):
        prove_entry(reader, 3)


def test_a_changed_hash_is_found(root: Path) -> None:
    """Another hash, or another entry, in a withheld bundle is told as changed (Z14)."""
    erase(root)
    path = root / withheld_path(Tile(ENTRIES, 0))
    places = decode_withheld(path.read_bytes(), 256)
    places[3] = (b"", bytes(32))
    places[9] = (places[9][0].replace(b"w1", b"w2"), b"")
    path.chmod(0o600)
    path.write_bytes(encode_withheld(places))
    report = audit(open_log(root, allow_withheld=True))
    invalid = [flaw.where for flaw in report.flaws if flaw.kind is FlawClass.INVALID]
    assert invalid[:2] == ["entry 3", "entry 9"]


def test_a_bundle_that_grows_is_left_alone(root: Path) -> None:
    """What the writer still writes can't be withheld yet, and the order says when."""
    with pytest.raises(VerificationError, match="is not full yet") as told:
        erase(root, redaction("entry", [300]))
    assert "try again" in told.value.hint


def test_a_start_takes_it_as_it_is(root: Path) -> None:
    """Z13: recovery reads over a withheld bundle, whose entries its write-ahead log still holds."""
    erase(root)
    ledger, chains = Ledger(DiskFiles(root), ORIGIN, signer()), Chains()
    ledger.recover(lambda index, data, leaf: _follow(chains, index, data, leaf))
    assert ledger.size == 321


def _follow(chains: Chains, index: int, data: bytes, leaf: bytes) -> None:
    assert chains.follow(index, peek(data), leaf) == []

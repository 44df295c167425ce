"""Everything registered in a growing text, or in the strings of one body."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support import registered_data
from tests.support.registered_data import DOCUMENT, ID
from zoneproxy.content.effort import Effort
from zoneproxy.content.registered.grams import SURE
from zoneproxy.content.registered.index import Index
from zoneproxy.content.registered.trail import MOST_HELD, Trail, trail_of
from zoneproxy.content.scan import ScanSettings, scan_body, scan_strings, scan_text, verdict
from zoneproxy.terms.finding import Segment
from zoneproxy.trace.schema import _findings

KEY = bytes(32)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return registered_data.loaded(tmp_path_factory.mktemp("trail"))


@pytest.fixture
def settings(index: Index) -> ScanSettings:
    return ScanSettings(2, KEY, registered=(index,))


def kinds(settings: ScanSettings, text: str) -> set[str]:
    return {one.kind.removesuffix(f":{ID}") for one in scan_text(text, Segment.USER, settings)}


def test_nothing_registered_costs_nothing() -> None:
    """Without data sets there is nothing that looks for them."""
    assert trail_of(ScanSettings(2, KEY)) is None


def test_findings_name_the_data_set_and_never_the_value(settings: ScanSettings) -> None:
    """Z12, Z17: kind with the data set, place, category; a keyed digest in the value's place."""
    text = "see ZX-2024-00917 of 周明霞!"
    found = {one.kind: one for one in scan_text(text, Segment.USER, settings)}
    assert set(found) == {f"registered_cell:{ID}", f"registered_row:{ID}"}
    row, cell = found[f"registered_row:{ID}"], found[f"registered_cell:{ID}"]
    assert text[row.start : row.end] == "ZX-2024-00917 of 周明霞"
    assert text[cell.start : cell.end] == "ZX-2024-00917"
    assert row.category == "cn_personal_info"
    assert "00917" not in repr(found)
    assert verdict(found.values(), scanned_all=True).mixing == "detected"


def test_a_record_may_hold_such_findings(settings: ScanSettings) -> None:
    """The log's vocabulary knows the kind."""
    from zoneproxy.passage.record import finding_body  # noqa: PLC0415

    _findings([finding_body(one) for one in scan_text("ZX-2024-00917", Segment.USER, settings)], "findings")


def test_level_one_reports_rows_and_documents_only(index: Index) -> None:
    """A cell alone is reported from level 2 on."""
    strict = ScanSettings(1, KEY, registered=(index,))
    assert kinds(strict, "ZX-2024-00917") == set()
    assert kinds(strict, "ZX-2024-00917 周明霞") == {"registered_row"}


def test_a_row_is_found_across_the_strings_of_a_body(settings: ScanSettings) -> None:
    """Z12: the cells of a row as members of a JSON object, or as columns of CSV."""
    pieces = [
        (Segment.USER, "name: 周明霞"),
        (Segment.USER, "nothing"),
        (Segment.TOOL, "file: ZX 2024 00917"),
    ]
    assert f"registered_row:{ID}" in {one.kind for one in scan_strings(pieces, settings)}
    body = json.dumps({"rows": [{"file": "ZX-2024-00917", "who": "周明霞"}]}).encode()
    assert f"registered_row:{ID}" in {one.kind for one in scan_body(body, None, None, settings).findings}
    table = "who,file\nAnna,ZX-2024-00001\n周明霞,ZX-2024-00917\n".encode("gb18030")
    media = "text/csv; charset=gb18030"
    assert f"registered_row:{ID}" in {one.kind for one in scan_body(table, media, None, settings).findings}


def test_no_value_is_joined_across_strings(settings: ScanSettings) -> None:
    """Two strings of a body are two things."""
    pieces = [(Segment.USER, "ZX-2024"), (Segment.USER, "00917")]
    assert scan_strings(pieces, settings) == ()


def test_a_piece_of_a_document_is_found(settings: ScanSettings) -> None:
    """Z12: any piece of 50 letters and digits, wherever it is cut; less is not promised."""
    for start in range(0, 180, 7):
        piece = DOCUMENT[start : start + SURE + 20]
        assert kinds(settings, f"He wrote: {piece} and so on") == {"registered_document"}
    assert kinds(settings, f"He wrote: {DOCUMENT[:25]}") == set()


def test_encoded_pieces_are_found(settings: ScanSettings) -> None:
    """Z11: what stands encoded in a text is matched like the text."""
    hidden = "ZX-2024-00917 周明霞".encode().hex()
    assert "registered_row" in kinds(settings, f"x {hidden} y")


def test_two_data_sets_are_told_apart(index: Index, tmp_path: Path) -> None:
    """Each finding names its own."""
    other = registered_data.loaded(tmp_path, id_="owner-2/set", documents=())
    found = scan_text("ZX-2024-00917", Segment.USER, ScanSettings(2, KEY, registered=(index, other)))
    assert {one.kind for one in found} == {f"registered_cell:{ID}", "registered_cell:owner-2/set"}


def test_a_stream_waits_from_where_a_value_may_have_begun(tmp_path: Path) -> None:
    """Z11: no character of a value leaves before the value is known, or can't be it any more.

    An index answers by a filter under its own key: by chance it may hold more than it must, never less.
    """
    folders = [tmp_path / str(number) for number in range(6)]
    for folder in folders:
        folder.mkdir()
    trails = [Trail((registered_data.loaded(folder),), 2) for folder in folders]
    text = "so ZX-2024-00917"
    for at, sign in enumerate(text):
        assert not any(trail.grow(sign, Effort()) for trail in trails)
        if sign != " ":
            assert max(trail.held_from() for trail in trails) == (3 if at >= 3 else at + 1)
    for trail in trails:
        assert [hit.kind for hit in trail.grow(" ", Effort())] == [f"registered_cell:{ID}"]
    assert max(trail.held_from() for trail in trails) == len(text) + 1


def test_the_hold_is_bounded(index: Index) -> None:
    """A value that is spread out wider than the bound is reported late, never held without end."""
    trail = Trail((index,), 2)
    spread = "".join(sign + " , , " for sign in "ZX202400917")
    kept = 0
    for at, sign in enumerate(spread, 1):
        trail.grow(sign, Effort())
        kept = max(kept, at - trail.held_from())
    assert 0 < kept <= MOST_HELD


def test_exhausted_steps_are_a_finding(index: Index) -> None:
    """Z22: what was not looked up for want of steps is uninspectable, not clean."""
    tight = ScanSettings(2, KEY, most_steps=64, registered=(index,))
    found = scan_strings([(Segment.USER, "8805 5523 91 " * 40)], tight)
    assert [one.kind for one in found] == ["uninspectable"]

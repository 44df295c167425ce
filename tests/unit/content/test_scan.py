"""Findings and what they add up to."""

from __future__ import annotations

import base64
import gzip

from tests.unit.content.identifiers import KEY, near_miss, resident_id
from zoneproxy.content.locate import locate
from zoneproxy.content.scan import ScanSettings, scan_body, scan_bytes, scan_text, verdict
from zoneproxy.terms.facts import VOCABULARY
from zoneproxy.terms.finding import Segment

SETTINGS = ScanSettings(2, KEY)


def test_a_finding_never_holds_the_text():
    """Z17: kind, place, level, score, category and a keyed digest, nothing of the value."""
    value = resident_id(1)
    (finding,) = scan_text(f"id {value} ok", Segment.USER, SETTINGS)
    assert (finding.kind, finding.start, finding.end) == ("cn_resident_id", 3, 21)
    assert finding.segment is Segment.USER
    assert len(finding.digest) == 16
    assert value[:6] not in repr(finding)


def test_equal_values_are_recognised_by_whoever_holds_the_key():
    """The same number in another writing has the same digest; another key gives another digest."""
    value = resident_id(2)
    plain = scan_text(value, Segment.USER, SETTINGS)[0].digest
    spaced = scan_text(" ".join(value), Segment.TOOL, SETTINGS)[0].digest
    other = scan_text(value, Segment.USER, ScanSettings(2, b"another key, 16b"))[0].digest
    assert plain == spaced != other


def test_spans_are_places_in_the_text_as_it_came():
    """Dropped characters do not shift a finding."""
    value = resident_id(3)
    raw = "\u200b\u200bx" + "\u200b".join(value) + "\u200by"
    (hit,) = locate(raw, SETTINGS).hits
    assert raw[hit.start : hit.end] == "\u200b".join(value)


def test_near_misses_are_clean():
    """A number with a wrong check character is no identifier."""
    assert scan_text(near_miss(resident_id(4)), Segment.USER, SETTINGS) == ()


def test_the_verdict_speaks_in_facts():
    """Findings add up to values that the vocabulary knows."""
    clean = verdict((), scanned_all=True)
    found = verdict(scan_text(resident_id(5), Segment.USER, SETTINGS), scanned_all=True)
    unseen = verdict((), scanned_all=False)
    assert (clean.mixing, found.mixing, unseen.mixing) == ("clean", "detected", "not_scanned")
    assert found.score >= 350
    assert found.categories == {"cn_personal_info"}
    for made in (clean, found, unseen):
        assert made.mixing in VOCABULARY["data.mixing"].values
        assert made.categories <= set(VOCABULARY["data.categories"].values)


def test_weights_are_told_apart():
    """Z9: a model file in an answer is `weights_like`."""
    made = verdict(scan_bytes(b"GGUF\x03\x00\x00\x00" + bytes(16), SETTINGS), scanned_all=True)
    assert made.weights_like
    assert made.mixing == "detected"


def test_a_level_hears_only_itself_and_lower():
    """A bare mobile number is not reported at the level that errs least."""
    assert scan_text("13812345678", Segment.USER, ScanSettings(1, KEY)) == ()
    assert scan_text("13812345678", Segment.USER, ScanSettings(2, KEY))


def test_a_value_found_twice_counts_once():
    """The score does not grow with repetition."""
    once = scan_text(resident_id(6), Segment.USER, SETTINGS)
    assert verdict((*once, *once), scanned_all=True).score == verdict(once, scanned_all=True).score


def test_a_body_tells_how_it_was_looked_into():
    """Findings, the steps taken, and whether all of it could be looked into."""
    seen = scan_body(gzip.compress(resident_id(7).encode(), mtime=0), "text/plain", "gzip", SETTINGS)
    assert [finding.kind for finding in seen.findings] == ["cn_resident_id"]
    assert (seen.whole, seen.steps) == (True, ("gzip",))
    assert not scan_body(bytes(range(256)) * 4, None, None, SETTINGS).whole


def test_what_is_decoded_past_the_budget_is_a_finding():
    """Z22: an encoded text that unfolds past the budget is not taken for clean."""
    bomb = base64.b64encode(gzip.compress(b"word " * 1_000_000)).decode()
    found = scan_text(bomb, Segment.USER, ScanSettings(2, KEY))
    assert [finding.kind for finding in found] == ["uninspectable"]

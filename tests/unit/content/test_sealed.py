"""Parts that hold no text are said to be there."""

from __future__ import annotations

import base64
import json

import pytest

from tests.unit.content.identifiers import KEY, resident_id
from zoneproxy.content.answer import read_answer
from zoneproxy.content.dialects import recognise
from zoneproxy.content.request import RequestLimits, read_request
from zoneproxy.content.scan import ScanSettings, scan_body, scan_strings, verdict
from zoneproxy.content.sealed import may_be_sealed, medium_of, sealed_parts

SETTINGS = ScanSettings(2, KEY)
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(64))).decode()
PCM = base64.b64encode(bytes(range(128, 256)) * 2).decode()
PDF = base64.b64encode(b"%PDF-1.7\nhello").decode()
TEXT = base64.b64encode(f"id {resident_id(1)} ok".encode()).decode()
SEALED = {
    "chat image": {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
    "chat audio": {"type": "input_audio", "input_audio": {"data": PCM, "format": "pcm16"}},
    "chat file": {"type": "file", "file": {"file_data": f"data:application/pdf;base64,{PDF}"}},
    "responses image": {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"},
    "responses file": {"type": "input_file", "filename": "a.pdf", "file_data": PDF},
    "anthropic image": {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": PNG},
    },
    "anthropic document": {
        "type": "document",
        "source": {"type": "base64", "media_type": "application/pdf", "data": PDF},
    },
    "made image": {"data": [{"b64_json": PCM}]},
}
OPEN = {
    "image by address": {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
    "file by id": {"type": "file", "file": {"file_id": "file-abc123"}},
    "text in a data URL": {"type": "input_file", "file_data": f"data:text/plain;base64,{TEXT}"},
    "plain text document": {
        "type": "document",
        "source": {"type": "text", "media_type": "text/plain", "data": "Hello, world."},
    },
    "words": {"type": "text", "text": "an image of a cat"},
}


def body(part):
    return json.dumps({"model": "m", "messages": [{"role": "user", "content": [part]}]}).encode()


def findings(part):
    endpoint = recognise("POST", "/v1/chat/completions")
    assert endpoint is not None
    reading = read_request(endpoint, "application/json", None, body(part), RequestLimits())
    assert reading.state == "ok"
    return scan_strings(reading.segments, SETTINGS, reading.sealed)


@pytest.mark.parametrize("name", SEALED)
def test_sealed_parts_are_labelled(name):
    """Z22: a part that can't be looked into is a finding, for policy to decide on, not mixing."""
    assert may_be_sealed(json.dumps(SEALED[name]))
    found = findings(SEALED[name])
    assert "uninspectable" in {finding.kind for finding in found}
    seen = verdict(found, scanned_all=True)
    assert (seen.mixing, seen.score, seen.categories) == ("not_scanned", 0, frozenset({"uninspectable"}))
    whole = scan_body(body(SEALED[name]), "application/json", None, SETTINGS)
    assert not whole.whole
    assert "uninspectable" in {finding.kind for finding in whole.findings}


@pytest.mark.parametrize("name", OPEN)
def test_what_is_text_is_no_sealed_part(name):
    """Text is read wherever it stands; bytes elsewhere are inspected where they cross."""
    assert "uninspectable" not in {finding.kind for finding in findings(OPEN[name])}


def test_text_in_a_data_url_is_looked_into():
    """Z11: a file part hides nothing."""
    assert "cn_resident_id" in {finding.kind for finding in findings(OPEN["text in a data URL"])}


def test_a_made_image_in_an_answer_is_labelled():
    """Z22: what a model makes is not taken for clean because it is no text."""
    answer = json.dumps({"data": [{"b64_json": PNG}]}).encode()
    endpoint = recognise("POST", "/v1/chat/completions")
    reading = read_answer(endpoint, 200, "application/json", None, answer, SETTINGS)
    assert "uninspectable" in {finding.kind for finding in reading.findings}


def test_an_image_that_stands_anywhere_is_known_by_its_bytes():
    """An image in a tool's result, in no part of its own, is labelled too."""
    data = json.dumps({"role": "tool", "content": f"here: {PNG}"}).encode()
    assert "uninspectable" in {f.kind for f in scan_body(data, "application/json", None, SETTINGS).findings}


def test_a_doubt_beside_something_unseen_is_more_than_either():
    """Z22: no policy that lets doubts through lets them through beside what it can't see."""
    doubt = scan_body("mail 卡号 x".encode(), None, None, SETTINGS).findings
    assert doubt == ()
    weak = scan_strings([], SETTINGS, ["image"])
    loose = scan_body("身份证号110101199003071234".encode(), None, None, ScanSettings(3, KEY)).findings
    assert verdict(loose, scanned_all=True).mixing == "suspected"
    assert verdict((*loose, *weak), scanned_all=True).mixing == "detected"
    assert verdict(loose, scanned_all=False).mixing == "detected"


@pytest.mark.parametrize(
    ("data", "medium"),
    [
        (b"RIFF\0\0\0\0WEBP", "image"),
        (b"RIFF\0\0\0\0WAVE", "audio"),
        (b"\0\0\0\x18ftypmp42", "video"),
        (b"Rar!\x1a\x07\x00", "archive"),
        (b"plain", ""),
        (b"", ""),
    ],
)
def test_media_are_known_by_their_mark(data, medium):
    """By bytes, never by a declared type."""
    assert medium_of(data) == medium
    assert list(sealed_parts({"x": [1, None, "data:"]})) == []

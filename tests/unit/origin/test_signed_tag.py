"""`zoneproxy.origin.signed_tag`: a tag holds for one request, one server, once (Z2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.origin.signature import SignedMessage
from zoneproxy.origin.signed_tag import (
    SKEW_S,
    SeenTags,
    TagError,
    TagSigner,
    ZoneOrigin,
    read_origin,
    verify_tag,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SIGNER = TagSigner("zone.example/tag+01020304", KEY)
KEYS = {SIGNER.key_id: KEY.public_key()}
NOW_S = 1_700_000_000
ORIGIN = ZoneOrigin(
    "overseas", "0190f3c2-0000-7000-8000-000000000001", 12, "toyco-sg", "SG", "SG", "cable-sg-1",
    {"regulator": bytes(32), "operator": bytes(range(32))},
)  # fmt: skip
PLAIN = SignedMessage(
    "POST",
    "127.0.30.10:8000",
    "/v1/chat/completions",
    "",
    (("host", "127.0.30.10:8000"), ("content-type", "application/json"), ("accept", "*/*")),
    b'{"model":"toy"}',
)


def tagged(message: SignedMessage = PLAIN, signer: TagSigner = SIGNER) -> SignedMessage:
    added = signer.sign(message, ORIGIN, NOW_S)
    return replace(message, headers=(*message.headers, *added))


def check(message: SignedMessage, *, now_s: int = NOW_S, seen: SeenTags | None = None) -> ZoneOrigin:
    return verify_tag(message, KEYS, now_s=now_s, seen=seen or SeenTags())


def reason(message: SignedMessage, *, now_s: int = NOW_S, seen: SeenTags | None = None) -> str:
    with pytest.raises(TagError) as caught:
        check(message, now_s=now_s, seen=seen)
    return caught.value.reason


def with_header(message: SignedMessage, name: str, value: str | None) -> SignedMessage:
    kept = tuple(pair for pair in message.headers if pair[0] != name)
    return replace(message, headers=kept if value is None else (*kept, (name, value)))


def test_a_tag_says_what_the_boundary_concluded() -> None:
    """Z2: origin, flow, record, tenant, route and policies arrive as they were signed."""
    assert check(tagged()) == ORIGIN


@pytest.mark.parametrize(
    "changed",
    [
        {"path": "/v1/\u4f60"},
        {"authority": "\u4f60.zone:8000"},
        {"headers": (("host", "127.0.30.10:8000"), ("content-type", "application/json\u4f60"))},
    ],
)
def test_what_no_request_can_hold_is_refused_by_name(changed: dict[str, Any]) -> None:
    """Z2: a framework that decodes what came in its own way gets a refusal, not a crash."""
    added = tagged().headers[len(PLAIN.headers) :]
    broken = replace(PLAIN, **changed)
    assert reason(replace(broken, headers=(*broken.headers, *added))) == "altered"


@pytest.mark.parametrize(
    "text", ['overseas;flow="a";record=-1', 'overseas;flow="a";record=?1', "overseas;flow=a"]
)
def test_a_tag_that_says_what_none_says_is_refused(text: str) -> None:
    """Z2: an index is no truth value and not below zero, and a flow is a string."""
    with pytest.raises(TagError) as caught:
        read_origin(text)
    assert caught.value.reason == "malformed"


def test_a_request_without_a_body_is_tagged_too() -> None:
    """Z2: a GET bears no digest, and its tag holds."""
    bare = replace(PLAIN, method="GET", headers=(("host", PLAIN.authority),), body=b"")
    assert check(tagged(bare)) == ORIGIN


@pytest.mark.parametrize(
    "changed",
    [
        {"method": "PUT"}, {"authority": "127.0.30.11:8000"}, {"path": "/v1/completions"},
        {"query": "a=b"}, {"body": b'{"model":"other"}'}, {"body": b""},
    ],
)  # fmt: skip
def test_another_request_is_refused(changed: dict[str, str | bytes]) -> None:
    """Z2: a tag taken off one request does not fit another."""
    assert reason(replace(tagged(), **changed)) in ("altered", "malformed")  # type: ignore[arg-type]


def test_a_body_that_was_added_is_refused() -> None:
    """Z2: the tag of a GET covers no digest, so no body may come with it."""
    bare = replace(PLAIN, method="GET", headers=(("host", PLAIN.authority),), body=b"")
    assert reason(replace(tagged(bare), body=b"{}")) == "malformed"


@given(st.data())
def test_any_changed_character_of_the_tag_is_refused(data: st.DataObject) -> None:
    """Z2: whatever character of the four fields is another, the tag is void."""
    whole = tagged()
    name = data.draw(st.sampled_from(["zone-origin", "content-digest", "signature-input", "signature"]))
    value = whole.header(name) or ""
    at = data.draw(st.integers(0, len(value) - 1))
    other = data.draw(st.characters(min_codepoint=32, max_codepoint=126).filter(lambda c: c != value[at]))
    with pytest.raises(TagError):
        check(with_header(whole, name, value[:at] + other + value[at + 1 :]))


@pytest.mark.parametrize("name", ["zone-origin", "signature-input", "signature"])
def test_a_field_that_is_gone_or_twice_there_is_refused(name: str) -> None:
    """Z2: a tag is there exactly once."""
    whole = tagged()
    assert reason(with_header(whole, name, None)) == "missing"
    twice = replace(whole, headers=(*whole.headers, (name, whole.header(name) or "")))
    assert reason(twice) == "missing"


def test_header_names_have_no_case() -> None:
    """Z2: servers spell names in many ways; the tag is the same, and so is a second one."""
    whole = tagged()
    shouted = replace(whole, headers=tuple((name.title(), value) for name, value in whole.headers))
    assert check(shouted) == ORIGIN
    assert reason(replace(whole, headers=(*whole.headers, ("Zone-Origin", "overseas")))) == "missing"
    assert reason(with_header(shouted, "Content-Type", None)) == "altered"


@pytest.mark.parametrize(
    ("name", "value", "holds"),
    [
        ("zone-flow", ORIGIN.flow, True),
        ("Zone-Flow", "0190f3c2-0000-7000-8000-000000000002", False),
        ("zone_flow", "0190f3c2-0000-7000-8000-000000000002", False),
        ("Zone_Origin", "overseas", False),
    ],
)
def test_no_other_header_says_something_else(name: str, value: str, *, holds: bool) -> None:
    """Z2: the flow that a workload repeats in its own calls is the tag's, however a server spells it."""
    whole = tagged()
    other = replace(whole, headers=(*whole.headers, (name, value)))
    if holds:
        assert check(other) == ORIGIN
        assert reason(replace(other, headers=(*other.headers, (name, value)))) == "altered"
    else:
        assert reason(other) == "altered"


def test_a_foreign_key_is_refused() -> None:
    """Z2: only the boundary's key makes tags, whatever name another bears."""
    stranger = Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\1")
    assert reason(tagged(signer=TagSigner(SIGNER.key_id, stranger))) == "altered"
    assert reason(tagged(signer=TagSigner("elsewhere/tag+00000000", KEY))) == "foreign"


def test_a_tag_comes_once() -> None:
    """Z2: a replayed request is refused, also after others came."""
    seen = SeenTags()
    check(tagged(), seen=seen)
    assert reason(tagged(), seen=seen) == "replayed"


@pytest.mark.parametrize(
    ("late_s", "expected"),
    [(59, None), (60, "expired"), (-SKEW_S, None), (-SKEW_S - 1, "early")],
)
def test_a_tag_lives_its_time(late_s: int, expected: str | None) -> None:
    """Z2: from its record on, within the clocks' tolerance, and to its end without any."""
    if expected is None:
        assert check(tagged(), now_s=NOW_S + late_s) == ORIGIN
    else:
        assert reason(tagged(), now_s=NOW_S + late_s) == expected


def test_a_signature_for_another_purpose_is_refused() -> None:
    """Z2: a signature that some other program made with a known key is no tag."""
    whole = tagged()
    given_input = whole.header("signature-input") or ""
    other = with_header(whole, "signature-input", given_input.replace('tag="zone-origin"', 'tag="other"'))
    assert reason(other) == "missing"


def test_a_signature_that_covers_less_is_refused() -> None:
    """Z2: a tag that leaves the body open could be put on any body."""
    whole = tagged()
    given_input = whole.header("signature-input") or ""
    assert reason(with_header(whole, "signature-input", given_input.replace(' "content-digest"', ""))) == (
        "malformed"
    )


def test_a_full_memory_refuses() -> None:
    """Z22: a tag that can't be remembered could come again, so it is refused; expired ones make room."""
    seen = SeenTags(most=1)
    assert seen.add("a", NOW_S + 60, NOW_S)
    assert not seen.add("b", NOW_S + 60, NOW_S + 59)
    assert seen.add("b", NOW_S + 120, NOW_S + 60)


@pytest.mark.parametrize(
    "text",
    [
        "",
        'domestic;flow="a";record=1',
        "overseas;record=1",
        'overseas;flow="a"',
        'overseas;flow="a";record=?1',
        '"overseas";flow="a";record=1',
        'overseas;flow="a";record=1;tenant=:QQ==:',
        'overseas;flow="a";record=1;x="y"',
    ],
)
def test_what_is_no_tag_is_refused(text: str) -> None:
    """Z2: a domestic request has no tag, and nothing half said counts."""
    with pytest.raises(TagError):
        read_origin(text)


def test_the_tag_reads_as_documented() -> None:
    """The one line of the module's own example."""
    assert replace(ORIGIN, policies={}, market="", country="").write() == (
        'overseas;flow="0190f3c2-0000-7000-8000-000000000001";record=12;tenant="toyco-sg";route="cable-sg-1"'
    )

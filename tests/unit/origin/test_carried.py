"""`zoneproxy.origin.carried`: the tag that a call carries is the one that was issued, or none (Z2, Z5)."""

from __future__ import annotations

import uuid
from email.message import Message
from http.client import HTTPMessage
from typing import Any

import httpx2 as httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

import zoneproxy
from zoneproxy.origin.carried import FIELDS, is_carried, outward_headers, read_carried
from zoneproxy.origin.signature import SignedMessage
from zoneproxy.origin.signed_tag import TagSigner, ZoneOrigin

FLOW, OTHER = str(uuid.UUID(int=7)), str(uuid.UUID(int=8))
KEY = "zone.test/tag+01020304"
SIGNER = TagSigner(KEY, Ed25519PrivateKey.from_private_bytes(bytes(32)))
Pairs = tuple[tuple[str, str], ...]


def issued(flow: str = FLOW, signer: TagSigner = SIGNER) -> Pairs:
    """Sign a tag as it goes to a model server, with what goes along."""
    message = SignedMessage("POST", "llm:8000", "/v1/chat/completions", "", (("content-type", "a/b"),), b"{}")
    origin = ZoneOrigin("overseas", flow, 3, "toyco-sg", "SG", "SG", "cable-sg-1", {"operator": bytes(32)})
    return tuple(signer.sign(message, origin, 1_700_000_000))


ISSUED = issued()
TAG: Pairs = tuple((name, value) for name, value in ISSUED if name in FIELDS)


def standing(headers: Pairs, given_: Pairs | None = ISSUED, key_id: str = KEY) -> str:
    return read_carried(headers).against(given_, key_id)


def test_what_was_issued_is_carried() -> None:
    """Z2: as it is, in any order, with the exchange's id beside it, among a workload's own headers."""
    assert standing(TAG) == "carried"
    assert standing((("accept", "*/*"), *reversed(TAG), ("zone-flow", FLOW))) == "carried"
    assert (
        standing((*TAG, ("signature", "mine=:AAAA:"), ("signature-input", 'mine=("@method")'))) == "carried"
    )
    assert read_carried(TAG).flow == FLOW


WRONG: dict[str, tuple[Pairs, str]] = {
    "nothing": ((), "missing"),
    "the exchange's id alone": ((("zone-flow", FLOW),), "missing"),
    "a signature of the workload's own": ((("signature", "mine=:AAAA:"),), "missing"),
    **{f"without {name}": (tuple(pair for pair in TAG if pair[0] != name), "partial") for name in FIELDS},
    **{f"{name} twice": ((*TAG, next(p for p in TAG if p[0] == name)), "partial") for name in FIELDS},
    "the id twice": ((*TAG, ("zone-flow", FLOW), ("zone-flow", FLOW)), "partial"),
    "another id": ((*TAG, ("zone-flow", OTHER)), "altered"),
    "another exchange's origin": ((issued(OTHER)[0], *TAG[1:]), "altered"),
    "no structured field": ((("zone-origin", "?"), *TAG[1:]), "altered"),
    "no flow": ((("zone-origin", "overseas"), *TAG[1:]), "altered"),
    "a flow that is no text": ((("zone-origin", "overseas;flow=1"), *TAG[1:]), "altered"),
    "one line for two signatures": (
        (TAG[0], ("signature-input", f'mine=("@method"), {TAG[1][1]}'), TAG[2]),
        "altered",
    ),
    "a blank more": ((TAG[0], (TAG[1][0], TAG[1][1].replace(";", "; ", 1)), TAG[2]), "altered"),
}


@pytest.mark.parametrize(("headers", "state"), WRONG.values(), ids=WRONG.keys())
def test_anything_else_is_not(headers: Pairs, state: str) -> None:
    """Z2, Z5: each way of being wrong has its name."""
    assert standing(headers) == state


def test_a_tag_of_another_time_or_zone() -> None:
    """Z2: of an exchange that is over, of a key of before, of another zone, of a zone without a key."""
    assert standing(TAG, None) == "over"
    assert standing(TAG, None, "zone.test/tag+ffffffff") == "over"  # the key was exchanged meanwhile
    assert standing(TAG, None, "elsewhere.test/tag+01020304") == "foreign"
    assert standing(TAG, (), KEY) == "altered"  # it is under way, and was given none
    assert standing(TAG, ISSUED, "") == "unsigned"
    forged = issued(signer=TagSigner(KEY, Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)))
    assert standing(forged) == "altered"
    theirs = issued(signer=TagSigner("their.test/tag+05060708", SIGNER.key))
    assert standing(theirs) == "foreign"


@given(st.data())
def test_no_change_is_carried(data: st.DataObject) -> None:
    """Z2: whichever character of whichever field is changed, left out or put in."""
    index = data.draw(st.integers(0, 2))
    name, value = TAG[index]
    at = data.draw(st.integers(0, len(value) - 1))
    new = data.draw(st.sampled_from(["", *'AZaz09+/=;:"() \\,?']))
    cut = data.draw(st.integers(0, 1))
    changed = value[:at] + new + value[at + cut :]
    headers = tuple((name, changed) if place == index else pair for place, pair in enumerate(TAG))
    assert (standing(headers) == "carried") is (changed == value)


PIECES = [*TAG, *issued(OTHER), ("zone-flow", FLOW), ("zone-flow", OTHER)]


@given(st.lists(st.sampled_from(PIECES), max_size=7))
def test_only_the_whole_tag_of_the_exchange_is_carried(headers: list[tuple[str, str]]) -> None:
    """Z2: of two exchanges' fields, in any number and order, only its own, whole and once, are."""
    own = [pair for pair in headers if is_carried(*pair)]
    whole = sorted(own) == sorted(TAG) and [v for n, v in headers if n == "zone-flow"] in ([], [FLOW])
    assert (standing(tuple(headers)) == "carried") is whole


def _message(pairs: Pairs) -> Message:
    made = HTTPMessage()
    for name, value in pairs:
        made[name.title()] = value
    return made


SERVERS: dict[str, Any] = {
    "a dictionary": dict(ISSUED),
    "pairs": list(ISSUED),
    "ASGI": [(name.encode(), value.encode()) for name, value in ISSUED],
    "http.client and http.server": _message(ISSUED),
    "httpx": httpx.Headers(list(ISSUED)),
}


@pytest.mark.parametrize("headers", SERVERS.values(), ids=SERVERS.keys())
def test_a_workload_copies_it_from_any_servers_headers(headers: Any) -> None:
    """Z2: three fields, as they are; the digest of the body is the request's own business."""
    assert zoneproxy.outward_headers is outward_headers
    copied = outward_headers(headers)
    assert list(copied) == ["Zone-Origin", "Signature-Input", "Signature"]
    assert standing(tuple((name.lower(), value) for name, value in copied.items())) == "carried"


@pytest.mark.parametrize("headers", [{}, dict(TAG[:2]), [*TAG, TAG[0]], {"zone-flow": FLOW}])
def test_a_request_that_did_not_come_by_the_boundary_has_none(headers: Any) -> None:
    """Z2: a workload is told at once, and not by a refusal later."""
    with pytest.raises(LookupError, match="of the zone"):
        outward_headers(headers)


def test_the_workload_needs_next_to_nothing() -> None:
    """Z2: copying loads neither `cryptography` nor any other package."""
    import subprocess  # noqa: PLC0415 - a process of its own
    import sys  # noqa: PLC0415

    code = "import zoneproxy, sys; zoneproxy.outward_headers; print('cryptography' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

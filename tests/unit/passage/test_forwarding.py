"""`zoneproxy.passage.forwarding`: what goes on with a request, and the tag that says whose it is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.zone_world import NOW_MS, body, head, passage
from zoneproxy.origin.signature import SignedMessage
from zoneproxy.origin.signed_tag import SeenTags, TagSigner, verify_tag
from zoneproxy.passage.commands import Forward
from zoneproxy.passage.events import HeadArrived, Recorded
from zoneproxy.passage.machine import Passage
from zoneproxy.terms.ports import Receipt

SIGNER = TagSigner("zone-test/tag+01020304", Ed25519PrivateKey.from_private_bytes(bytes(32)))
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
PRIVATE = ("authorization", "cookie", "x-forwarded-for", "zone-origin", "connection")


def forward(event: HeadArrived, way: Passage | None = None) -> Forward:
    way = way or passage()
    way.receive(event)
    way.receive(body())
    (order,) = way.receive(Recorded(Receipt(41, bytes(32), NOW_MS + 1500)))
    assert isinstance(order, Forward)
    return order


def with_headers(**more: str) -> HeadArrived:
    plain = head()
    added = tuple((name.replace("_", "-"), value) for name, value in more.items())
    return replace(plain, headers=(*plain.headers, *added))


def tagging() -> Passage:
    way = passage()
    way.exchange.rules = replace(way.exchange.rules, tags=SIGNER)
    return way


def test_only_a_short_list_goes_inward() -> None:
    """Z7: credentials, cookies, addresses and what belongs to the connection stay outside."""
    order = forward(with_headers(cookie="a=b", x_forwarded_for="1.2.3.4", connection="close"))
    names = {name for name, _ in order.headers}
    assert not names & set(PRIVATE)
    assert names == {"host", "content-type", "zone-flow", "accept-encoding", "content-length"}


def test_the_tag_is_that_of_the_request_and_its_record() -> None:
    """Z2: what is forwarded is what the tag covers, and its time is the record's."""
    order = forward(replace(head(), query="beta=true"), tagging())
    message = SignedMessage(
        "POST",
        f"{order.host}:{order.port}",
        "/v1/chat/completions",
        "beta=true",
        order.headers,
        order.body,
    )
    keys = {SIGNER.key_id: SIGNER.key.public_key()}
    origin = verify_tag(message, keys, now_s=(NOW_MS + 1500) // 1000, seen=SeenTags())
    assert (origin.origin, origin.tenant, origin.market, origin.country, origin.route, origin.record) == (
        "overseas", "toyco-sg", "SG", "SG", "cable-sg-1", 41,
    )  # fmt: skip
    assert dict(order.headers)["zone-flow"] == origin.flow
    assert {name: len(digest) for name, digest in origin.policies.items()} == {
        "regulator": 32,
        "operator": 32,
    }


def test_a_zone_without_a_tag_key_tags_nothing() -> None:
    """A tag is never half there."""
    assert not {"zone-origin", "signature", "signature-input"} & {name for name, _ in forward(head()).headers}


@pytest.mark.parametrize(
    ("value", "goes_on"),
    [
        (TRACE, True),
        (TRACE.replace("4bf92f3577b34da6a3ce929d0e0e4736", "0" * 32), False),
        (TRACE.replace("00f067aa0ba902b7", "0" * 16), False),
        ("ff" + TRACE[2:], False),
        (TRACE.upper(), False),
        (TRACE + "-x", False),
    ],
)
def test_a_trace_context_goes_on_if_it_is_one(value: str, *, goes_on: bool) -> None:
    """W3C Trace Context: the header is carried, and nothing else under its name."""
    assert (("traceparent", value) in forward(with_headers(traceparent=value)).headers) is goes_on


def test_what_the_connection_names_goes_on_nowhere() -> None:
    """Z7: a field that is declared to be of this connection ends with it (RFC 9110, section 7.6.1)."""
    order = forward(
        with_headers(
            connection="close, User-Agent ,traceparent", user_agent="x", accept="*/*", traceparent=TRACE
        )
    )
    names = {name for name, _ in order.headers}
    assert not {"user-agent", "traceparent"} & names
    assert "accept" in names

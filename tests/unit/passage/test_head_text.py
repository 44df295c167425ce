"""`zoneproxy.passage.head_text`: what stands in a head is looked into like what stands in a body."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.zone_world import body, head, passage
from zoneproxy.passage.commands import Write
from zoneproxy.passage.events import HeadArrived
from zoneproxy.passage.head_text import scan_head
from zoneproxy.passage.machine import Passage

IDENTIFIER = "11010519491231002X"


def judged(way: Passage, event: HeadArrived) -> str:
    """The verdict of the record that the request gets."""
    way.receive(event)
    (order,) = way.receive(body())
    assert isinstance(order, Write)
    return str(order.body["verdict"])


def with_header(name: str, value: str) -> HeadArrived:
    plain = head()
    return replace(plain, headers=(*plain.headers, (name, value)))


@pytest.mark.parametrize(
    "event",
    [
        replace(head(), query=f"note={IDENTIFIER}"),
        replace(head(), query="note=" + "".join(f"%{ord(char):02x}" for char in IDENTIFIER)),
        with_header("user-agent", f"agent {IDENTIFIER}"),
        with_header("accept", IDENTIFIER),
        with_header("user-agent", "x" * 300 + f" {IDENTIFIER}"),
    ],
    ids=["query", "escaped query", "user agent", "accept", "long user agent"],
)
def test_an_identifier_in_a_head_is_refused(event: HeadArrived) -> None:
    """Z11: domestic personal information does not cross beside the body."""
    assert judged(passage(), event) == "deny"


@pytest.mark.parametrize(
    "event",
    [head(), replace(head(), query="beta=true"), with_header("user-agent", "OpenAI/Python 3.4.1")],
)
def test_an_ordinary_head_passes(event: HeadArrived) -> None:
    """What every SDK sends is nothing."""
    assert judged(passage(), event) == "allow"


def test_what_stays_outside_is_not_looked_into() -> None:
    """A credential is never read for what it looks like: it goes no further."""
    way = passage()
    way.receive(with_header("x-internal", IDENTIFIER))
    assert scan_head(way.exchange) == ()


def test_an_outward_head_is_looked_into() -> None:
    """Z5, Z11: a workload's own call carries nothing out in its target or in its headers."""
    way = passage("zone-out-1", "127.0.30.10")
    headers = (("host", "tools.example"), ("cookie", f"id={IDENTIFIER}"))
    way.receive(head(method="GET", path="/search", query="", target_host="tools.example", headers=headers))
    assert [finding.kind for finding in scan_head(way.exchange)] != []

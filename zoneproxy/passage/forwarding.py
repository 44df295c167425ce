"""What goes on with a request: the headers that are kept, and the tag that the boundary signs.

Inward only a short list is kept: credentials, addresses, cookies and hop-by-hop fields stay outside.
Outward a workload's own headers go along, without what belongs to the connection or to the zone.
What `Connection` names goes on nowhere (RFC 9110, section 7.6.1).
"""

from __future__ import annotations

import re

from zoneproxy.content.request import upstream_body
from zoneproxy.origin.carried import is_carried
from zoneproxy.origin.signature import SignedMessage
from zoneproxy.origin.signed_tag import ZoneOrigin
from zoneproxy.passage.events import Headers
from zoneproxy.passage.exchange import Exchange
from zoneproxy.passage.handshake import own_fields
from zoneproxy.route.destination import Destination

_INWARD = frozenset(("accept", "content-type", "user-agent", "anthropic-version", "anthropic-beta"))
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}\Z")
_HTTP_PORT, _HTTPS_PORT = 80, 443
_OUTWARD_DROPPED = frozenset(
    ("connection", "proxy-connection", "proxy-authorization", "keep-alive", "te", "trailer",
     "transfer-encoding", "upgrade", "content-length", "host", "accept-encoding", "expect",
     "forwarded", "x-forwarded-for", "x-real-ip", "via")
)  # fmt: skip


def forwarded(exchange: Exchange) -> Headers:
    """Return the headers that go on as they came.

    A caller's `traceparent` goes on where it is one (W3C Trace Context, section 3.2): its 55 characters
    of hexadecimal digits are looked into like the rest.
    """
    if exchange.kind == "maintenance":
        return tuple((name, value) for name, value in exchange.headers if name == "content-type")
    nominated = _nominated(exchange.headers)
    if exchange.kind == "outward":
        return tuple(
            (name, value)
            for name, value in exchange.headers
            if name not in _OUTWARD_DROPPED
            and name not in nominated
            and not (name.startswith("zone-") or is_carried(name, value))
        )
    wanted = _INWARD - nominated
    kept = tuple((name, value) for name, value in exchange.headers if name in wanted)
    parent = None if "traceparent" in nominated else exchange.header("traceparent")
    if parent is not None and _TRACEPARENT.match(parent) and not parent.startswith("ff"):
        kept += (("traceparent", parent),)
    return kept


def _nominated(headers: Headers) -> frozenset[str]:
    """Return the lower-case names that `Connection` declares to be of this connection only."""
    values = ",".join(value for name, value in headers if name == "connection")
    return frozenset(token.strip(" \t").lower() for token in values.split(",")) if values else frozenset()


def body_of(exchange: Exchange) -> bytes:
    """Return the body that goes on."""
    if exchange.kind != "serve":
        return exchange.outward_body
    return upstream_body(exchange.reading) if exchange.reading else b""


def headers_for(exchange: Exchange, to: Destination, body: bytes, *, tls: bool = False) -> Headers:
    """Return all headers of the request that goes on; a message of a session has none.

    The tag that is made here stays with the exchange: its workloads carry it in their own calls.

    Args:
        exchange: an admitted exchange: its decision record is durable.
        to: where it goes.
        body: what it bears.
        tls: it goes in TLS.
    """
    if exchange.session is not None:
        return ()
    authority = _authority(to, _HTTPS_PORT if tls and exchange.kind == "outward" else _HTTP_PORT)
    kept = forwarded(exchange)
    if exchange.kind == "serve":
        kept += (("zone-flow", exchange.flow), *_tag(exchange, authority, kept, body))
    length = (("content-length", str(len(body))),) if body else ()
    return (("host", authority), *kept, ("accept-encoding", "identity"), *length, *own_fields(exchange))


def _tag(exchange: Exchange, authority: str, kept: Headers, body: bytes) -> Headers:
    signer, receipt, facts = exchange.rules.tags, exchange.receipt, exchange.facts
    if signer is None or receipt is None:
        return ()
    origin = ZoneOrigin(
        str(facts.get("origin.class")),
        exchange.flow,
        receipt.index,
        str(facts.get("tenant.id", "")),
        str(facts.get("tenant.market", "")),
        str(facts.get("origin.country", "")),
        str(facts.get("ingress.route", "")),
        {policy.layer: bytes.fromhex(policy.digest) for policy in exchange.rules.policies},
    )
    path = str(facts.get("request.path", ""))
    message = SignedMessage(str(facts.get("request.method")), authority, path, exchange.query, kept, body)
    exchange.issued = tuple(signer.sign(message, origin, receipt.ts // 1000))
    return exchange.issued


def _authority(to: Destination, default_port: int) -> str:
    host = f"[{to.host}]" if ":" in to.host else to.host
    return host if to.port == default_port else f"{host}:{to.port}"

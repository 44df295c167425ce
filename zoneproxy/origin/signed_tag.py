"""The signed tag: what the boundary concluded about a request, for every server inside to check.

The request that goes into the zone bears four fields, all of them the boundary's own:

    Zone-Origin: overseas;flow="0190f3c2-...";record=12;tenant="acme";market="SG";country="SG";
        route="cable-1";regulator=:...:;operator=:...:             (one line; RFC 9651 item)
    Content-Digest: sha-256=:...:                                  where there is a body (RFC 9530)
    Signature-Input: zone=("@method" "@authority" "@path" "@query" "content-digest" "content-type"
        "zone-origin");created=1700000000;expires=1700000060;keyid="...";alg="ed25519";
        nonce="0190f3c2-...";tag="zone-origin"                     (one line; RFC 9421)
    Signature: zone=:...:

`flow` is the exchange's id and the signature's nonce, `record` the index of its decision record in the
trace log, `regulator` and `operator` the SHA-256 digests of the policies that allowed it. `created` is
the time of the record: the tag can't be older than the evidence for it.

Trust: whoever holds the key file can tag anything; a server inside needs only the public key. A tag says
that the boundary let this very request in, to this server, at this time, once. It is void for another
method, host, target, body or content type, from `expires` on, and when it comes a second time. `Zone-Flow`,
which a workload repeats in its own calls, is not covered: where a request bears it, it must name the tag's
flow, or a hop between could lend one customer's calls to another.

Source: RFC 9421 (HTTP message signatures), RFC 9530 (digest fields), RFC 9651 (structured fields).
"""

from __future__ import annotations

import functools
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from zoneproxy.origin.signature import DERIVED, SignedMessage, content_digest, signature_base
from zoneproxy.origin.structured import (
    FieldError,
    InnerList,
    Item,
    Token,
    read_dictionary,
    read_item,
    write_member,
)

ORIGIN_FIELD = "zone-origin"
FLOW_FIELD = "zone-flow"
LABEL = "zone"
PURPOSE = "zone-origin"
ALGORITHM = "ed25519"
LIFETIME_S = 60
SKEW_S = 5
_CLASSES = frozenset({"overseas", "zone"})


class TagError(Exception):
    """A request's tag does not hold, or there is none; the request must not be served.

    Attributes:
        reason: `missing`, `malformed`, `foreign` (another's key), `altered`, `early`, `expired` or
            `replayed`.
        message: in our words.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(f"{message} ({reason})")
        self.reason = reason
        self.message = message


@dataclass(frozen=True, slots=True)
class ZoneOrigin:
    """What the boundary says of a request.

    Attributes:
        origin: `overseas`; `zone` for a workload's own call.
        flow: the exchange's id, a UUIDv7.
        record: index of the decision record in the trace log.
        tenant: the customer, or empty where none is known.
        market: the market that the customer is registered for, or empty.
        country: the country that the evidence agrees on, or empty.
        route: the ingress.
        policies: layer to SHA-256 digest (32 bytes) of the policies that allowed it.
    """

    origin: str
    flow: str
    record: int
    tenant: str
    market: str
    country: str
    route: str
    policies: Mapping[str, bytes]

    def write(self) -> str:
        """Spell the tag as the value of `Zone-Origin`."""
        texts = {
            "tenant": self.tenant,
            "market": self.market,
            "country": self.country,
            "route": self.route,
        }
        params: dict[str, int | str | bytes | bool | Token] = {"flow": self.flow, "record": self.record}
        params.update((name, text) for name, text in texts.items() if text)
        params.update(sorted(self.policies.items()))
        return write_member(Item(Token(self.origin), params))


class Seen(Protocol):
    """Remembers tags until they expire, so that none is taken twice."""

    def add(self, nonce: str, expires_s: int, now_s: int) -> bool:
        """Remember a tag; `False` if it was there already, or can't be remembered."""
        ...


class SeenTags:
    """Remembers tags in this process' memory, a bounded number of them.

    Servers of several processes need one that they share, or a route that keeps a flow on one of them.

    Args:
        most: how many unexpired tags are remembered; one more is refused, because it could be the second.
    """

    def __init__(self, most: int = 1_000_000) -> None:
        self._most = most
        self._expiry: dict[str, int] = {}

    def add(self, nonce: str, expires_s: int, now_s: int) -> bool:
        """Remember a tag; `False` if it was there already, or there is no room for it."""
        if nonce in self._expiry:
            return False
        if len(self._expiry) >= self._most:
            self._expiry = {known: until for known, until in self._expiry.items() if until > now_s}
        if len(self._expiry) >= self._most:
            return False
        self._expiry[nonce] = expires_s
        return True


@dataclass(frozen=True, slots=True)
class TagSigner:
    """Signs tags.

    Attributes:
        key_id: what `keyid` names the key by.
        key: the private key.
        lifetime_s: seconds from the record to the tag's end.
    """

    key_id: str
    key: Ed25519PrivateKey
    lifetime_s: int = LIFETIME_S

    def sign(self, message: SignedMessage, origin: ZoneOrigin, created_s: int) -> list[tuple[str, str]]:
        """Sign a request's tag.

        Args:
            message: the request as it will be sent, without the fields that are made here.
            origin: what to say of it.
            created_s: time of the decision record, seconds since 1970 UTC.

        Returns:
            The header fields to add.
        """
        added = [(ORIGIN_FIELD, origin.write())]
        if message.body:
            added.append(("content-digest", content_digest(message.body)))
        whole = SignedMessage(
            message.method, message.authority, message.path, message.query,
            (*message.headers, *added), message.body,
        )  # fmt: skip
        covered = InnerList(
            _items(tuple(_must_cover(whole))),
            {
                "created": created_s,
                "expires": created_s + self.lifetime_s,
                "keyid": self.key_id,
                "alg": ALGORITHM,
                "nonce": origin.flow,
                "tag": PURPOSE,
            },
        )
        spelled = write_member(covered)
        signature = self.key.sign(signature_base(whole, covered, spelled))
        added.append(("signature-input", f"{LABEL}={spelled}"))
        added.append(("signature", f"{LABEL}={write_member(Item(signature))}"))
        return added


@functools.lru_cache(maxsize=16)
def _items(names: tuple[str, ...]) -> tuple[Item, ...]:
    """Name components for a list of what is covered; there are a few such lists."""
    return tuple(map(Item, names))


def _must_cover(message: SignedMessage) -> list[str]:
    """Name what a tag must cover: all that decides what the server does with the request."""
    names = [*DERIVED, ORIGIN_FIELD]
    if message.body:
        names.append("content-digest")
    if any(name.lower() == "content-type" for name, _ in message.headers):
        names.append("content-type")
    return names


def verify_tag(
    message: SignedMessage, keys: Mapping[str, Ed25519PublicKey], *, now_s: int, seen: Seen
) -> ZoneOrigin:
    """Check that the boundary let this very request in, just now, and that it comes for the first time.

    Args:
        message: the request as it arrived.
        keys: the boundary's public keys by key id; several while one is rotated.
        now_s: seconds since 1970 UTC.
        seen: remembers tags.

    Returns:
        What the boundary says of the request.

    Raises:
        TagError: it did not, or too long ago, or the request came before; do not serve it.
    """
    covered, signature = _read_signature(message)
    names = {item.value for item in covered.items}
    missing = [name for name in _must_cover(message) if name not in names]
    if missing:
        raise TagError("malformed", f"the tag's signature does not cover `{missing[0]}`")
    key = keys.get(str(covered.params.get("keyid")))
    if key is None or covered.params.get("alg") != ALGORITHM:
        raise TagError("foreign", "the tag was made with a key that is not the boundary's")
    try:
        key.verify(signature, signature_base(message, covered))
    except InvalidSignature:
        raise TagError("altered", "the request is not the one that was tagged") from None
    except FieldError as error:
        raise TagError("altered", str(error)) from None
    # Signed is only what the digest says of the body: the body itself is compared with it.
    digest = message.header("content-digest") or ""
    if (message.body or digest) and not hmac.compare_digest(digest, content_digest(message.body)):
        raise TagError("altered", "the body is not the one that was tagged")
    origin = read_origin(message.header(ORIGIN_FIELD) or "")
    _check_others(message, origin)
    _check_time(covered, origin, now_s, seen)
    return origin


def _read_signature(message: SignedMessage) -> tuple[InnerList, bytes]:
    given = [message.header(name) for name in (ORIGIN_FIELD, "signature-input", "signature")]
    if any(value is None for value in given):
        raise TagError("missing", "the request bears no tag, or more than one")
    try:
        inputs, signatures = read_dictionary(given[1] or ""), read_dictionary(given[2] or "")
    except FieldError as error:
        raise TagError("malformed", str(error)) from None
    covered, signature = inputs.get(LABEL), signatures.get(LABEL)
    if not isinstance(covered, InnerList) or covered.params.get("tag") != PURPOSE:
        raise TagError("missing", "the request bears no signature of the boundary")
    if not isinstance(signature, Item) or not isinstance(signature.value, bytes):
        raise TagError("malformed", "the signature is no byte sequence")
    return covered, signature.value


def _check_others(message: SignedMessage, origin: ZoneOrigin) -> None:
    """Let no other field of the boundary's name say something else than the tag does.

    Servers that read headers through CGI-like variables take `_` for `-`, and one of two for the other.
    """
    said: dict[str, list[str]] = {ORIGIN_FIELD: [], FLOW_FIELD: []}
    for name, value in message.headers:
        said.get(name.strip().lower().replace("_", "-"), []).append(value.strip(" \t"))
    if len(said[ORIGIN_FIELD]) != 1 or said[FLOW_FIELD] not in ([], [origin.flow]):
        raise TagError("altered", "another header says something else than the tag")


def _check_time(covered: InnerList, origin: ZoneOrigin, now_s: int, seen: Seen) -> None:
    created, expires = covered.params.get("created"), covered.params.get("expires")
    if type(created) is not int or type(expires) is not int or covered.params.get("nonce") != origin.flow:
        raise TagError("malformed", "the tag does not say when and for what it was made")
    if created > now_s + SKEW_S:
        raise TagError("early", "the tag was made in the future: one of the clocks is wrong")
    # No allowance at this end: whose clock is ahead refuses too early, which harms nobody but him.
    if expires <= now_s:
        raise TagError("expired", "the tag has expired")
    if not seen.add(origin.flow, expires, now_s):
        raise TagError("replayed", "the tag came before")


def read_origin(text: str) -> ZoneOrigin:
    """Read the value of `Zone-Origin`.

    Raises:
        TagError: it is not one.
    """
    try:
        item = read_item(text)
    except FieldError as error:
        raise TagError("malformed", str(error)) from None
    params = dict(item.params)
    flow, record = params.pop("flow", None), params.pop("record", None)
    texts = {name: params.pop(name, "") for name in ("tenant", "market", "country", "route")}
    policies = {name: value for name, value in params.items() if isinstance(value, bytes)}
    if (
        not isinstance(item.value, Token)
        or item.value.text not in _CLASSES
        or not isinstance(flow, str)
        or type(record) is not int
        or record < 0
        or len(policies) != len(params)
        or not all(isinstance(value, str) for value in texts.values())
    ):
        raise TagError("malformed", "the tag does not say what a tag says")
    return ZoneOrigin(
        item.value.text,
        flow,
        record,
        str(texts["tenant"]),
        str(texts["market"]),
        str(texts["country"]),
        str(texts["route"]),
        policies,
    )

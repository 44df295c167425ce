"""The signed tag is an HTTP message signature that an implementation which nobody here wrote accepts."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import HTTPMessageVerifier, HTTPSignatureKeyResolver
from http_message_signatures.algorithms import ED25519
from http_message_signatures.exceptions import HTTPMessageSignaturesException
from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.origin.signature import SignedMessage
from zoneproxy.origin.signed_tag import TagSigner, ZoneOrigin

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SIGNER = TagSigner("zone-1/tag+01020304", KEY, lifetime_s=3600)
COVERED = ('"@method"', '"@authority"', '"@path"', '"@query"', '"zone-origin"')
PATHS = st.from_regex(r"(/[a-z0-9_.~-]{1,8}){1,3}", fullmatch=True)
QUERIES = st.from_regex(r"([a-z]{1,4}=[a-z0-9]{1,4}(&[a-z]{1,4}=[a-z0-9]{1,4})?)?", fullmatch=True)


class Keys(HTTPSignatureKeyResolver):
    """Resolves the one key."""

    def resolve_public_key(self, key_id: str) -> Any:
        assert key_id == SIGNER.key_id
        return KEY.public_key()


def tagged(path: str, query: str, body: bytes) -> SimpleNamespace:
    """A tagged request in the shape that the foreign verifier reads."""
    headers = (("host", "model.zone:8000"), ("content-type", "application/json"))
    message = SignedMessage("POST", "model.zone:8000", path, query, headers, body)
    origin = ZoneOrigin("overseas", "0190f3c2", 7, "toyco-sg", "SG", "SG", "cable-1", {"operator": bytes(32)})
    added = SIGNER.sign(message, origin, int(time.time()))
    url = f"http://model.zone:8000{path}" + (f"?{query}" if query else "")
    return SimpleNamespace(method="POST", url=url, headers=dict((*headers, *added)), body=body)


def verify(request: SimpleNamespace) -> Any:
    verifier = HTTPMessageVerifier(signature_algorithm=ED25519, key_resolver=Keys())
    return verifier.verify(
        request,
        expect_tag="zone-origin",
        expect_label="zone",
        require_components=COVERED,
        body=request.body or None,
    )


@given(PATHS, QUERIES, st.binary(max_size=40))
def test_a_foreign_verifier_accepts_every_tag(path: str, query: str, body: bytes) -> None:
    """Z2: RFC 9421 and RFC 9530 are kept to the byte, whatever the request."""
    assert len(verify(tagged(path, query, body))) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("method", "PUT"),
        ("url", "http://model.zone:8000/v1/other"),
        ("url", "http://model.zone:8000/v1/chat?a=b"),
        ("url", "http://other.zone:8000/v1/chat"),
        ("body", b'{"model":"other"}'),
    ],
)
def test_a_foreign_verifier_refuses_another_request(name: str, value: str | bytes) -> None:
    """Z2: what our own check refuses, theirs refuses too."""
    request = tagged("/v1/chat", "", b"{}")
    setattr(request, name, value)
    with pytest.raises(HTTPMessageSignaturesException):
        verify(request)

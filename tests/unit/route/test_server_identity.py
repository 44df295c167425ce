"""Who a model server must prove to be: key, name and time, each by itself (Z7, Z22)."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from tests.support.tiny_ca import Pair, TinyCa, now
from zoneproxy.route.server_identity import ServerIdentity, identity_flaw

CA = TinyCa()
GOOD = CA.issue("llm", hosts=("LLM.zone.example", "127.0.30.10", "2001:db8::1"), server=True)
NOW_MS = int(now().timestamp()) * 1000
DAY_MS = 86_400_000


def pin(pair: Pair) -> bytes:
    spki = pair.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(spki).digest()


def wanted(name: str = "llm.zone.example", *more: bytes) -> ServerIdentity:
    return ServerIdentity(name, frozenset((pin(GOOD), *more)))


@pytest.mark.parametrize("name", ["llm.zone.example", "127.0.30.10", "2001:db8::1"])
def test_the_pinned_key_for_the_name_is_the_server(name: str) -> None:
    """Names are compared whole, in their canonical spelling; one pin of several is enough."""
    assert identity_flaw(wanted(name, bytes(32)), GOOD.der, NOW_MS) == ""


@pytest.mark.parametrize(
    ("identity", "der", "at_ms", "flaw"),
    [
        (wanted("zone.example"), GOOD.der, NOW_MS, "its certificate is not for `zone.example`"),
        (wanted(), CA.issue("llm", hosts=("llm.zone.example",)).der, NOW_MS, "its key is not a pinned one"),
        (wanted(), GOOD.der, NOW_MS + 31 * DAY_MS, "its certificate is not inside its time"),
        (wanted(), GOOD.der, NOW_MS - 2 * DAY_MS, "its certificate is not inside its time"),
        (wanted(), b"", NOW_MS, "it spoke no TLS"),
        (None, GOOD.der, NOW_MS, "it spoke TLS where none is configured"),
        (None, b"", NOW_MS, ""),
    ],
    ids=["name", "key", "too old", "too new", "no TLS", "TLS unasked", "none of both"],
)
def test_each_flaw_is_told(identity: ServerIdentity | None, der: bytes, at_ms: int, flaw: str) -> None:
    """Z22: one thing wrong is enough."""
    assert identity_flaw(identity, der, at_ms) == flaw


@pytest.mark.parametrize("host", ["*.zone.example", "llm.zone.example.", "xllm.zone.example"])
def test_no_name_stands_for_another(host: str) -> None:
    """Wildcards and other spellings are other names."""
    pair = CA.issue("llm.zone.example", hosts=(host,), key=GOOD.key)
    assert identity_flaw(wanted(), pair.der, NOW_MS) == "its certificate is not for `llm.zone.example`"
    bare = CA.issue("llm.zone.example", key=GOOD.key)
    assert identity_flaw(wanted(), bare.der, NOW_MS) == "its certificate is not for `llm.zone.example`"


@given(st.binary(min_size=1, max_size=300))
def test_what_can_not_be_read_proves_nothing(der: bytes) -> None:
    """Z22: no bytes of a server's make anything but a flaw."""
    assert identity_flaw(wanted(), der, NOW_MS) == "its certificate can't be read"

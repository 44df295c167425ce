"""`zoneproxy.origin.signature`: the text that RFC 9421 signs, checked with the RFC's own example."""

from __future__ import annotations

import pytest

from zoneproxy.origin.signature import SignedMessage, content_digest, signature_base
from zoneproxy.origin.structured import FieldError, InnerList, Item, read_dictionary

REQUEST = SignedMessage(
    "POST",
    "example.com",
    "/foo",
    "param=Value&Pet=dog",
    (
        ("host", "example.com"),
        ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
        ("content-type", "application/json"),
        ("content-length", "18"),
    ),
    b'{"hello": "world"}',
)


def test_the_base_of_the_rfc_is_built() -> None:
    """RFC 9421, appendix B.2.6: the text over which the example's Ed25519 signature is made."""
    covered = read_dictionary(
        'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length")'
        ';created=1618884473;keyid="test-key-ed25519"'
    )["sig-b26"]
    assert isinstance(covered, InnerList)
    assert signature_base(REQUEST, covered).decode() == (
        '"date": Tue, 20 Apr 2021 02:07:55 GMT\n'
        '"@method": POST\n'
        '"@path": /foo\n'
        '"@authority": example.com\n'
        '"content-type": application/json\n'
        '"content-length": 18\n'
        '"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length")'
        ';created=1618884473;keyid="test-key-ed25519"'
    )


def test_the_digest_is_that_of_the_rfc() -> None:
    """RFC 9530, appendix B: the digest of the example's body."""
    assert content_digest(REQUEST.body) == "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"


@pytest.mark.parametrize(
    ("authority", "plain"),
    [("Model.Zone:8000", "model.zone:8000"), ("model.zone:80", "model.zone"), ("[::1]:80", "[::1]")],
)
def test_an_authority_is_written_in_one_way(authority: str, plain: str) -> None:
    """RFC 9421, section 2.2.3: lower case, without the scheme's own port."""
    message = SignedMessage("GET", authority, "", "", ())
    base = signature_base(message, InnerList((Item("@authority"), Item("@path"), Item("@query"))))
    assert base.decode().split("\n")[:3] == [f'"@authority": {plain}', '"@path": /', '"@query": ?']


@pytest.mark.parametrize("names", [["x-absent"], ["date", "date"], ["@status"]])
def test_a_component_that_is_not_there_once_is_refused(names: list[str]) -> None:
    """What can't be read in exactly one way can't be signed."""
    with pytest.raises(FieldError):
        signature_base(REQUEST, InnerList(tuple(Item(name) for name in names)))


def test_a_repeated_header_is_not_covered() -> None:
    """Two values of one name could be read in two orders."""
    twice = SignedMessage("GET", "a", "/", "", (("date", "1"), ("date", "2")))
    with pytest.raises(FieldError):
        signature_base(twice, InnerList((Item("date"),)))


def test_a_component_with_parameters_is_refused() -> None:
    """`;sf`, `;bs` or `;req` would change what the name means."""
    with pytest.raises(FieldError):
        signature_base(REQUEST, InnerList((Item("date", {"sf": True}),)))

"""`bench.bench_doors`: connections that end with their request."""

from __future__ import annotations

import ssl
from pathlib import Path

from bench.bench_doors import Certificates, closing
from bench.load import chat


def test_a_request_says_that_its_connection_ends() -> None:
    """In its head, once; the body stays."""
    asked = chat("accept: nothing", credential="x")
    head, _, body = closing(asked).partition(b"\r\n\r\n")
    assert head.count(b"connection: close") == 1
    assert body == asked.partition(b"\r\n\r\n")[2]


def test_a_caller_speaks_the_newest_tls_and_shows_its_certificate_where_it_is_asked(tmp_path: Path) -> None:
    """Otherwise a cheaper handshake would be measured."""
    papers = Certificates(tmp_path / "papers")
    for context in (papers.caller(), papers.caller(mutual=True)):
        assert context.minimum_version is ssl.TLSVersion.TLSv1_3
        assert context.verify_mode is ssl.CERT_REQUIRED
    assert (tmp_path / "papers" / "door.pem.key").read_bytes() == (
        tmp_path / "papers" / "door.key"
    ).read_bytes()

"""A caller that is refused while it still sends can read why: the connection is left in stages (Z22)."""

from __future__ import annotations

import asyncio
import json
import ssl
from pathlib import Path

import pytest

from addons import ends, parting
from demo.echo_server import EchoServer
from tests.support.boundary_lab import Lab, lab
from tests.support.proven_lab import NAME, Customs
from tests.support.zone_world import CREDENTIAL

pytestmark = pytest.mark.live

LARGE = 4_000_000
PIECE = b" " * 65_536


def head(credential: str = CREDENTIAL, fields: str = f"content-length: {LARGE}\r\n") -> bytes:
    return (
        "POST /v1/chat/completions HTTP/1.1\r\nhost: zone\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {credential}\r\n{fields}\r\n"
    ).encode()


async def said(running: Lab, *pieces: bytes, tls: ssl.SSLContext | None = None) -> bytes:
    """Send everything, as most clients do before they read; return all that was answered."""
    reader, writer = await asyncio.open_connection(
        "127.0.10.1",
        running.port,
        local_addr=("127.0.10.9", 0),
        ssl=tls,
        server_hostname=NAME if tls else None,
    )
    try:
        async with asyncio.timeout(20):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()  # where the connection was reset, this raises
            return await reader.read()
    finally:
        writer.transport.abort()


def refusal(answer: bytes, status: int) -> str:
    """Return the code of the one refusal that was told."""
    first, _, body = answer.partition(b"\r\n\r\n")
    assert first.startswith(f"HTTP/1.1 {status} ".encode()), answer[:300]
    assert b"connection: close" in first
    return str(json.loads(body)["error"]["code"])


BODIES = {
    "too large": ((head(), *[PIECE] * 61), 413, "content-too-large"),
    "too large, of a stranger": ((head("x"), *[PIECE] * 61), 403, "origin-tenant-unknown"),
    "too large, in chunks, of a stranger": (
        (head("x", "transfer-encoding: chunked\r\n"), *[b"10000\r\n" + PIECE + b"\r\n"] * 30, b"0\r\n\r\n"),
        403,
        "origin-tenant-unknown",
    ),
    "one that waits, and does not": (
        (head("x", f"content-length: {LARGE}\r\nexpect: 100-continue\r\n"), *[PIECE] * 61),
        403,
        "origin-tenant-unknown",
    ),
    "one that breaks off": (
        (head(fields="transfer-encoding: chunked\r\n"), b"2\r\n{}\r\nno chunk", *[PIECE] * 61),
        400,
        "request-malformed",
    ),
    "an announced trailer": (
        (head(fields="transfer-encoding: chunked\r\ntrailer: x\r\n"), b"2\r\n{}\r\n0\r\nx: y\r\n\r\n"),
        400,
        "request-malformed",
    ),
}


@pytest.mark.parametrize(("pieces", "status", "code"), BODIES.values(), ids=BODIES.keys())
async def test_a_refusal_arrives_although_the_body_still_comes(
    pieces: tuple[bytes, ...], status: int, code: str, echo_server: EchoServer
) -> None:
    """Z22: nobody who sends on is reset; the refusal is ours, the one of the record, and only one."""
    async with lab(echo_server.port) as running:
        assert refusal(await said(running, *pieces), status) == code
        assert running.journal.verdicts() == [("decision", "deny", code)]
        assert echo_server.seen == []


async def test_a_refusal_arrives_through_tls(
    tmp_path: Path, echo_server: EchoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Z22: a door that ends TLS itself can't end one side alone; what comes is read all the same."""
    monkeypatch.setattr(parting, "PART_S", 0.5)
    customs = Customs.make(tmp_path)
    tls = customs.client(customs.ca.issue("toyco-sg"))
    async with lab(echo_server.port, alter=customs.alter) as running:
        answer = await said(running, head("x"), *[PIECE] * 61, tls=tls)
        assert refusal(answer, 403).startswith("origin-")


async def test_nobody_stays_who_does_not_leave(
    echo_server: EchoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A caller that neither sends on nor leaves is closed after a while."""
    monkeypatch.setattr(parting, "PART_S", 0.1)
    async with lab(echo_server.port) as running:
        assert refusal(await said(running, head()), 413) == "content-too-large"
        server = running.master.addons.get("proxyserver")
        async with asyncio.timeout(5):
            while server.connections:
                await asyncio.sleep(0.01)


async def test_nobody_sends_without_end(echo_server: EchoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sends more than is dropped is cut off at once."""
    monkeypatch.setattr(ends, "MOST_DROPPED_BYTES", 100_000)
    monkeypatch.setattr(parting, "PART_S", 30.0)
    async with lab(echo_server.port) as running:
        with pytest.raises(ConnectionError):
            await said(running, head(), *[PIECE] * 2000)

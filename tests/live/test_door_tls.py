"""TLS that a door ends itself: who proves what, and what is refused (Z1, Z22)."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from demo.echo_server import EchoServer, serving
from tests.support.boundary_lab import Lab, lab
from tests.support.proven_lab import NAME, OTHER, ROUTE, SPIFFE, Customs, call, facts, post
from tests.support.tiny_ca import Pair, TinyCa

pytestmark = pytest.mark.live


@pytest.fixture
def llm() -> Iterator[EchoServer]:
    with serving() as server:
        yield server


@pytest.fixture
def customs(tmp_path: Path) -> Customs:
    return Customs.make(tmp_path)


def good(customs: Customs) -> Pair:
    return customs.ca.issue("toyco-sg", uris=(SPIFFE,))


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def code(answer: bytes) -> str:
    error: str = json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"]
    return error


async def recorded(running: Lab, count: int = 1) -> None:
    """Wait until so many records are written."""
    async with asyncio.timeout(5):
        while len(running.journal.entries) < count:
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
async def test_a_proven_tenant_is_served(newest: ssl.TLSVersion, customs: Customs, llm: EchoServer) -> None:
    """Z1: a verified certificate of the credential's tenant is one more source that agrees."""
    alter = partial(customs.alter, min_version="1.2")
    async with lab(llm.port, alter=alter) as running:
        answer = await call(running, post(), context=customs.client(good(customs), newest=newest))
        assert status(answer) == 200, answer
        assert facts(running)["origin.agreeing"] == 4
        assert facts(running)["origin.sources"] == ["certificate", "credential", "door", "network"]
        assert facts(running)["client.certificate"] == "known"
        assert facts(running)["ingress.tls"] == "door"
        private = running.journal.entries[0][2]
        assert (private["client.authority"], private["client.certificate_id"]) == (NAME, SPIFFE)


Caller = Callable[[Customs], Pair | None]
HANDSHAKES: dict[str, Caller] = {
    "no certificate": lambda _: None,
    "a foreign authority": lambda _: TinyCa().issue("toyco-sg", uris=(SPIFFE,)),
    "an authority of the same name": lambda c: TinyCa(c.ca.common_name).issue("toyco-sg", uris=(SPIFFE,)),
    "an expired one": lambda c: c.ca.issue("toyco-sg", uris=(SPIFFE,), days=(-9, -1)),
    "one that is not valid yet": lambda c: c.ca.issue("toyco-sg", uris=(SPIFFE,), days=(1, 9)),
    "one for servers": lambda c: c.ca.issue("toyco-sg", uris=(SPIFFE,), server=True),
    "the door's own": lambda c: c.door,
}


@pytest.mark.parametrize("caller", HANDSHAKES.values(), ids=HANDSHAKES.keys())
async def test_who_proves_nothing_is_refused_in_the_handshake(
    caller: Caller, customs: Customs, llm: EchoServer
) -> None:
    """Z1, Z22: no HTTP is spoken with who can't prove himself; the attempt is recorded."""
    async with lab(llm.port, alter=customs.alter) as running:
        assert await call(running, post(), context=customs.client(caller(customs))) == b""
        await recorded(running)
        assert running.journal.verdicts() == [("decision", "deny", "origin-handshake")]
        assert llm.seen == []
        assert status(await call(running, post(), context=customs.client(good(customs)))) == 200


async def test_a_revoked_certificate_is_refused(customs: Customs, llm: EchoServer) -> None:
    """Z1: the revocation list counts, and an empty one refuses nobody."""
    lost, kept = good(customs), good(customs)
    customs.ca.revoked.append(lost.certificate.serial_number)
    crl = customs.folder / "clients.crl"
    crl.write_bytes(customs.ca.crl())
    async with lab(llm.port, alter=partial(customs.alter, crl=crl)) as running:
        assert await call(running, post(), context=customs.client(lost)) == b""
        await recorded(running)
        assert "revoked" in running.journal.entries[0][2]["detail"]
        assert status(await call(running, post(), context=customs.client(kept))) == 200
        assert len(llm.seen) == 1


async def test_a_newer_list_ends_old_connections_too(customs: Customs, llm: EchoServer) -> None:
    """Z1, Z21: whose certificate is revoked meanwhile is refused on his open connection."""
    caller, crl = good(customs), customs.folder / "clients.crl"
    crl.write_bytes(customs.ca.crl())
    async with lab(llm.port, alter=partial(customs.alter, crl=crl)) as running:
        reader, writer = await asyncio.open_connection(
            "127.0.10.1", running.port, ssl=customs.client(caller), server_hostname=NAME,
            local_addr=("127.0.10.9", 0),
        )  # fmt: skip
        keep = post().replace(b"connection: close\r\n", b"")
        writer.write(keep)
        head = await reader.readuntil(b"\r\n\r\n")
        assert status(head) == 200
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        await reader.readexactly(length)
        customs.ca.revoked.append(caller.certificate.serial_number)
        crl.write_bytes(customs.ca.crl())
        tls = running.core.listeners[ROUTE].tls
        assert tls is not None
        assert tls.refresh(running.core.clock.now_ms())
        writer.write(keep)
        assert status(await reader.readuntil(b"\r\n\r\n")) == 403
        assert running.journal.verdicts()[-1] == ("decision", "deny", "origin-unknown")
        assert facts(running)["client.certificate"] == "revoked"
        writer.transport.abort()


async def test_a_stolen_credential_does_not_pass(customs: Customs, llm: EchoServer) -> None:
    """Z1: certificate and credential of two tenants contradict each other, both ways."""
    async with lab(llm.port, alter=customs.alter) as running:
        answer = await call(running, post(credential=OTHER), context=customs.client(good(customs)))
        assert (status(answer), code(answer)) == (403, "origin-unknown")
        assert facts(running)["origin.objections"] == ["certificate"]
        nobody = customs.ca.issue("unregistered")
        answer = await call(running, post(), context=customs.client(nobody))
        assert (status(answer), code(answer)) == (403, "origin-unknown")
        assert facts(running)["client.certificate"] == "unknown"
        assert llm.seen == []


async def test_where_none_is_required_a_registered_one_still_is(customs: Customs, llm: EchoServer) -> None:
    """Z1: a tenant that registered certificates can't be impersonated without one; others call as before."""
    async with lab(llm.port, alter=partial(customs.alter, require=False)) as running:
        answer = await call(running, post(), context=customs.client(None))
        assert (status(answer), code(answer)) == (403, "origin-unknown")
        answer = await call(running, post(credential=OTHER), context=customs.client(None))
        assert status(answer) in (200, 403)
        assert facts(running)["origin.class"] == "overseas"


@pytest.mark.parametrize("host", ["other.zone.example", f"{NAME}.", f"x.{NAME}", "127.0.10.1", NAME.upper()])
async def test_the_host_is_the_name_of_the_handshake(host: str, customs: Customs, llm: EchoServer) -> None:
    """Z1: a `Host` that is not the name asked for in TLS makes the origin unknown."""
    async with lab(llm.port, alter=customs.alter) as running:
        answer = await call(running, post(host), context=customs.client(good(customs)))
        if host.lower().removesuffix(".") == NAME:
            assert status(answer) == 200
        else:
            assert (status(answer), code(answer)) == (403, "origin-unknown")
            assert facts(running)["origin.objections"] == ["authority"]
            assert llm.seen == []


async def test_a_foreign_name_is_refused_in_the_handshake(customs: Customs, llm: EchoServer) -> None:
    """A door with names serves those only."""
    async with lab(llm.port, alter=partial(customs.alter, names=("else.zone.example",))) as running:
        assert await call(running, post(), context=customs.client(good(customs))) == b""
        await recorded(running)
        assert running.journal.verdicts() == [("decision", "deny", "origin-handshake")]


@pytest.mark.parametrize(
    "data",
    [post(), b"\r\n\r\n", b"\x16\x03\x01\x00\x05hello", b"\x00" * 600],
    ids=["http", "lines", "half", "zeros"],
)
async def test_plaintext_is_refused_on_a_tls_port(data: bytes, customs: Customs, llm: EchoServer) -> None:
    """Z22: nothing but a handshake is taken; mitmproxy's own TLS ports would serve plain HTTP."""
    async with lab(llm.port, alter=customs.alter, header_timeout_s=0.5) as running:
        answer = await call(running, data)
        assert b"HTTP/1" not in answer
        await recorded(running)
        assert running.journal.verdicts() == [("decision", "deny", "origin-handshake")]
        assert llm.seen == []


async def test_a_handshake_is_refused_on_a_plaintext_port(customs: Customs, llm: EchoServer) -> None:
    """TLS on a door without it is no HTTP, and recorded as such."""
    async with lab(llm.port) as running:
        assert await call(running, post(), context=customs.client(None)) == b""
        await recorded(running)
        assert running.journal.verdicts() == [("decision", "deny", "request-malformed")]


async def test_a_silent_handshake_ends_in_time(customs: Customs, llm: EchoServer) -> None:
    """Z22: who begins no handshake is closed at the deadline, and holds nobody up."""
    async with lab(llm.port, alter=customs.alter, header_timeout_s=0.3) as running:
        idle = [await asyncio.open_connection("127.0.10.1", running.port) for _ in range(5)]
        assert status(await call(running, post(), context=customs.client(good(customs)))) == 200
        for reader, writer in idle:
            assert await asyncio.wait_for(reader.read(), 5) == b""
            writer.transport.abort()
        await recorded(running, 7)
        assert running.journal.verdicts().count(("decision", "deny", "origin-handshake")) == 5


async def test_no_session_is_taken_up_again(customs: Customs, llm: EchoServer) -> None:
    """No ticket is given: each TLS 1.3 connection is verified from the start."""
    context = customs.client(good(customs))
    async with lab(llm.port, alter=customs.alter) as running:
        _, writer = await asyncio.open_connection(
            "127.0.10.1", running.port, ssl=context, server_hostname=NAME, local_addr=("127.0.10.9", 0)
        )
        writer.write(post())
        await asyncio.sleep(0.1)
        session = writer.get_extra_info("ssl_object").session
        assert session is None or not session.has_ticket
        writer.transport.abort()


async def test_session_keys_are_not_logged(
    customs: Customs, llm: EchoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A set `SSLKEYLOGFILE` writes nothing, whoever set it."""
    keys = customs.folder / "keys.txt"

    def alter(core: Any) -> None:
        monkeypatch.setenv("SSLKEYLOGFILE", os.fspath(keys))
        customs.alter(core)

    async with lab(llm.port, alter=alter) as running:
        assert status(await call(running, post(), context=customs.client(good(customs)))) == 200
    assert not keys.exists()


async def test_a_long_answer_streams_through_tls(customs: Customs, llm: EchoServer) -> None:
    """A streamed answer comes whole, event by event, and ends the connection cleanly."""
    body = b'{"model": "zone-llm-01", "stream": true, "messages": [{"role": "user", "content": "hello"}]}'
    head = post().partition(b"content-length")[0]
    data = head + b"content-length: %d\r\nconnection: close\r\n\r\n" % len(body) + body
    async with lab(llm.port, alter=customs.alter) as running:
        answer = await call(running, data, context=customs.client(good(customs)))
        assert status(answer) == 200
        assert b"[DONE]" in answer
        assert answer.endswith(b"0\r\n\r\n")
        assert running.journal.verdicts()[-1][:2] == ("return", "allow")

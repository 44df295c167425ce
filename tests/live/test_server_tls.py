"""A model server proves itself before a byte of a request goes to it (Z1, Z7, Z22)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pytest

from demo.echo_server import EchoServer, serving
from tests.support.boundary_lab import lab
from tests.support.proven_lab import call, post
from tests.support.tiny_ca import Pair, TinyCa
from zoneproxy.adapters.tls.server import read_server_tls
from zoneproxy.assembly import Boundary as Core
from zoneproxy.route.server_identity import ServerIdentity
from zoneproxy.route.upstream import UpstreamTable

pytestmark = pytest.mark.live

NAME = "llm.zone.example"


@dataclass
class Terminator:
    """Ends TLS before the model server, and keeps what it was sent inside of it.

    Attributes:
        port: where it listens on 127.0.0.1.
        plain: every byte that a caller sent inside TLS.
        peers: the client certificates that it saw (DER), `None` for none.
        accepted: connections that came.
    """

    port: int = 0
    plain: bytearray = field(default_factory=bytearray)
    peers: list[bytes | None] = field(default_factory=list)
    accepted: int = 0


@contextlib.asynccontextmanager
async def terminating(
    pair: Pair, folder: Path, inner: int, client_ca: TinyCa | None = None
) -> AsyncIterator[Terminator]:
    """Serve TLS with this certificate in front of a model server's port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair.write(folder, "served"))
    if client_ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=client_ca.pem.decode())
    found = Terminator()

    async def copy(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, keep: bytearray | None
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                if keep is not None:
                    keep += data
                writer.write(data)
                await writer.drain()
        writer.close()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found.peers.append(writer.get_extra_info("ssl_object").getpeercert(binary_form=True))
        behind_reader, behind = await asyncio.open_connection("127.0.0.1", inner)
        await asyncio.gather(copy(reader, behind, found.plain), copy(behind_reader, writer, None))

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
        server.close_clients() if hasattr(server, "close_clients") else None


@pytest.fixture
def llm() -> Iterator[EchoServer]:
    with serving() as server:
        yield server


def proven(
    core: Core, *, ca: Path, pins: tuple[str, ...], name: str = NAME, client: tuple[Path, Path] | None = None
) -> None:
    """Demand of the model server that it proves itself."""
    identity = ServerIdentity(name, frozenset(bytes.fromhex(pin.partition(":")[2]) for pin in pins))
    upstreams = [replace(one, tls=identity) for one in core.rules.upstreams.upstreams]
    core.rules = replace(core.rules, upstreams=UpstreamTable(upstreams))
    core.servers = {"llm": read_server_tls(identity, ca, client, core.clock.now_ms())}


def written(ca: TinyCa, folder: Path, stem: str = "servers") -> Path:
    path = folder / f"{stem}.pem"
    path.write_bytes(ca.pem)
    return path


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


async def test_a_proven_server_is_asked(tmp_path: Path, llm: EchoServer) -> None:
    """The request goes inside TLS to the server that holds the pinned key, and its answer comes back."""
    ca = TinyCa()
    pair = ca.issue("llm", hosts=(NAME,), server=True)
    async with terminating(pair, tmp_path, llm.port) as server:
        alter = partial(proven, ca=written(ca, tmp_path), pins=(pair.pin,))
        async with lab(server.port, alter=alter) as running:
            answer = await call(running, post())
            assert status(answer) == 200, answer
            assert b"POST /v1/chat/completions" in server.plain
            assert server.peers == [None]
            assert running.journal.verdicts()[-1][1] == "allow"


async def test_the_boundary_proves_itself_too(tmp_path: Path, llm: EchoServer) -> None:
    """Where the server asks for a certificate, the boundary presents its own, to nobody else."""
    ca, clients = TinyCa(), TinyCa("tiny boundary authority")
    pair, own = ca.issue("llm", hosts=(NAME,), server=True), clients.issue("boundary")
    async with terminating(pair, tmp_path, llm.port, clients) as server:
        client = own.write(tmp_path, "boundary")
        alter = partial(proven, ca=written(ca, tmp_path), pins=(pair.pin,), client=client)
        async with lab(server.port, alter=alter) as running:
            assert status(await call(running, post())) == 200
            assert server.peers == [own.der]


async def test_one_connection_serves_several_requests(tmp_path: Path, llm: EchoServer) -> None:
    """A kept connection to a proven server is used again, and looked at again."""
    ca = TinyCa()
    pair = ca.issue("llm", hosts=(NAME, "127.0.0.1"), server=True)
    keep = post().replace(b"connection: close\r\n", b"")
    async with terminating(pair, tmp_path, llm.port) as server:
        alter = partial(proven, ca=written(ca, tmp_path), pins=(pair.pin,), name="127.0.0.1")
        async with lab(server.port, alter=alter) as running:
            answer = await call(running, keep + keep + post())
            assert answer.count(b"HTTP/1.1 200 ") == 3, answer
            assert len(server.peers) == 1


FLAWS: dict[str, tuple[Callable[[TinyCa], Pair], str]] = {
    "another key": (
        lambda ca: ca.issue("llm", hosts=(NAME,), server=True),
        "its key is not a pinned one",
    ),
    "a foreign authority": (
        lambda _: TinyCa("someone else").issue("llm", hosts=(NAME,), server=True),
        "its certificate is refused: a foreign authority issued it",
    ),
    "an authority of the same name": (
        lambda ca: TinyCa(ca.common_name).issue("llm", hosts=(NAME,), server=True),
        "its certificate is refused: a foreign authority issued it",
    ),
    "another name": (
        lambda ca: ca.issue("llm", hosts=("other.zone.example",), server=True),
        f"its certificate is not for `{NAME}`",
    ),
    "a wildcard": (
        lambda ca: ca.issue("llm", hosts=("*.zone.example",), server=True),
        f"its certificate is not for `{NAME}`",
    ),
    "a common name alone": (
        lambda ca: ca.issue(NAME, server=True),
        f"its certificate is not for `{NAME}`",
    ),
    "an expired one": (
        lambda ca: ca.issue("llm", hosts=(NAME,), server=True, days=(-9, -1)),
        "its certificate is refused: it has expired",
    ),
    "one that is not valid yet": (
        lambda ca: ca.issue("llm", hosts=(NAME,), server=True, days=(1, 9)),
        "its certificate is refused: it is not valid yet",
    ),
    "one for clients": (
        lambda ca: ca.issue("llm", hosts=(NAME,)),
        "its certificate is refused: it is not for servers",
    ),
}


@pytest.mark.parametrize(("make", "detail"), FLAWS.values(), ids=FLAWS.keys())
async def test_who_can_not_prove_himself_is_sent_nothing(
    make: Callable[[TinyCa], Pair], detail: str, tmp_path: Path, llm: EchoServer
) -> None:
    """Z22: 502 with its reason and a record; not one byte of the request left."""
    ca = TinyCa()
    pair = make(ca)
    pin = pair.pin if "key" not in detail else "sha256:" + "ab" * 32
    async with terminating(pair, tmp_path, llm.port) as server:
        async with lab(server.port, alter=partial(proven, ca=written(ca, tmp_path), pins=(pin,))) as running:
            answer = await call(running, post())
            assert status(answer) == 502, answer
            assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "upstream-untrusted"
            assert running.journal.verdicts()[1:] == [("return", "deny", "upstream-untrusted")]
            assert running.journal.entries[1][2]["detail"] == detail
            assert b"openssl" not in answer.lower()
        assert bytes(server.plain) == b""
        assert llm.seen == []


async def test_a_server_that_speaks_no_tls_is_sent_nothing(tmp_path: Path, llm: EchoServer) -> None:
    """Z22: there is no way back to plain HTTP."""
    ca = TinyCa()
    async with lab(
        llm.port, alter=partial(proven, ca=written(ca, tmp_path), pins=("sha256:" + "ab" * 32,))
    ) as running:
        answer = await call(running, post())
        assert status(answer) == 502
        assert running.journal.verdicts()[1:] == [("return", "deny", "upstream-untrusted")]
        assert llm.seen == []


async def test_a_server_without_tls_does_not_get_any(tmp_path: Path, llm: EchoServer) -> None:
    """A plain route to a TLS server fails; nothing is guessed."""
    pair = TinyCa().issue("llm", hosts=(NAME,), server=True)
    async with terminating(pair, tmp_path, llm.port) as server:
        async with lab(server.port) as running:
            assert status(await call(running, post())) == 502
        assert bytes(server.plain) == b""


async def test_the_machines_authorities_count_for_nothing(
    tmp_path: Path, llm: EchoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Z22: neither the machine's store nor a packaged one is trusted, whatever the environment says."""
    ca, public = TinyCa(), TinyCa("a public authority")
    pair = public.issue("llm", hosts=(NAME,), server=True)
    monkeypatch.setenv("SSL_CERT_FILE", os.fspath(written(public, tmp_path, "public")))
    monkeypatch.setattr("certifi.where", lambda: os.fspath(tmp_path / "public.pem"))
    async with terminating(pair, tmp_path, llm.port) as server:
        async with lab(
            server.port, alter=partial(proven, ca=written(ca, tmp_path), pins=(pair.pin,))
        ) as running:
            assert status(await call(running, post())) == 502
        assert bytes(server.plain) == b""


async def test_a_fault_in_the_making_of_a_handshake_sends_nothing(
    tmp_path: Path, llm: EchoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Z22: where no context can be made there is no connection, and nothing of mitmproxy's stands in."""
    ca = TinyCa()
    pair = ca.issue("llm", hosts=(NAME,), server=True)

    def broken(*_: object) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr("addons.server_tls.connect", broken)
    async with terminating(pair, tmp_path, llm.port) as server:
        async with lab(
            server.port, alter=partial(proven, ca=written(ca, tmp_path), pins=(pair.pin,))
        ) as running:
            assert status(await call(running, post())) in (0, 500, 502)
            assert running.journal.verdicts()[-1][0] == "return"
            assert running.journal.verdicts()[-1][1] == "deny"
        assert bytes(server.plain) == b""


async def test_a_handshake_that_verifies_nothing_is_caught_before_the_request(
    tmp_path: Path, llm: EchoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Z22: with verification in the handshake switched off, the second look still sends nothing."""
    ca = TinyCa()
    pair = ca.issue("llm", hosts=(NAME,), server=True)
    from OpenSSL import SSL  # noqa: PLC0415 - the fault is planted here only

    monkeypatch.setattr(SSL.Context, "set_verify", lambda *_: None)
    pins = ("sha256:" + "ab" * 32,)
    async with terminating(pair, tmp_path, llm.port) as server:
        async with lab(server.port, alter=partial(proven, ca=written(ca, tmp_path), pins=pins)) as running:
            answer = await call(running, post())
            assert status(answer) == 502
            assert running.journal.verdicts()[1:] == [("return", "deny", "upstream-untrusted")]
        assert len(server.peers) == 1
        assert bytes(server.plain) == b""

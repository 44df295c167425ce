"""Real fronts: nginx, HAProxy and Envoy, as `zoneproxy front` configures them, before a real boundary."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from demo.echo_server import EchoServer, serving
from tests.support.boundary_lab import Lab
from tests.support.front_lab import FRONT, TENANTS, FrontLab, configuration, fronted, needed, prepared
from tests.support.proven_lab import NAME, OTHER, facts
from tests.support.tiny_ca import TinyCa
from tests.support.zone_world import CHAT, CREDENTIAL

pytestmark = pytest.mark.live

PRODUCTS = ("envoy", "haproxy", "nginx")
TELLING = ("envoy", "haproxy")
CHAT_PATH = "/v1/chat/completions"
JSON = {"content-type": "application/json"}


@pytest.fixture
def llm() -> Iterator[EchoServer]:
    with serving() as server:
        yield server


def streamed(text: str) -> bytes:
    message = {"model": "stepped", "stream": True, "messages": [{"role": "user", "content": text}]}
    return json.dumps(message).encode()


async def post(client: httpx2.AsyncClient, content: bytes = CHAT) -> httpx2.Response:
    return await client.post(CHAT_PATH, content=content, headers=JSON)


def private(running: Lab) -> dict[str, object]:
    return dict([more for kind, _, more in running.journal.entries if kind == "decision"][-1])


@pytest.mark.parametrize("sessions", ["", "realtime: {}\n"], ids=["no sessions", "sessions"])
@pytest.mark.parametrize("passes", [False, True], ids=["ends TLS", "passes TLS on"])
@pytest.mark.parametrize("product", PRODUCTS)
def test_the_product_takes_it(product: str, passes: bool, sessions: str, tmp_path: Path) -> None:  # noqa: FBT001
    """`nginx -t`, `haproxy -c` and `envoy --mode validate` find nothing to say, not even a warning."""
    ca = TinyCa()
    ca.issue("door", hosts=(NAME,), server=True).write(tmp_path, "door")
    (tmp_path / "door.key").rename(tmp_path / "door.pem.key")
    (tmp_path / "clients.pem").write_bytes(ca.pem)
    text = configuration(product, 18443, 19443, tmp_path, passes=passes, more=sessions)
    path, _ = prepared(product, text, tmp_path)
    program = needed(product)
    check = {
        "haproxy": [program, "-c", "-f", str(path)],
        "nginx": [program, "-t", "-q", "-c", str(path), "-g", f"pid {tmp_path}/nginx.pid;"],
        "envoy": [program, "--mode", "validate", "-c", str(path), "--disable-hot-restart", "-l", "warn"],
    }[product]
    done = subprocess.run(check, capture_output=True, text=True, timeout=60, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "warn" not in said.lower()


@pytest.mark.parametrize("product", PRODUCTS)
async def test_the_boundary_hears_who_calls(product: str, llm: EchoServer, tmp_path: Path) -> None:
    """Z1: over TLS 1.3, HTTP/2 and a client certificate the record has the customer's own address."""
    async with fronted(product, llm.port, tmp_path) as front:
        async with front.client() as client:
            answer = await post(client)
            again = await post(client)
        assert (answer.status_code, answer.http_version) == (200, "HTTP/2"), answer.text
        assert again.status_code == 200
        assert private(front.boundary)["client.ip"] == TENANTS[CREDENTIAL]
        assert front.boundary.journal.verdicts().count(("decision", "allow", "")) == 2
        if product in TELLING:
            assert private(front.boundary)["client.authority"] == NAME
            assert facts(front.boundary)["ingress.tls"] == "front"
        if product == "haproxy":
            assert facts(front.boundary)["client.certificate"] == "known"


@pytest.mark.parametrize("product", PRODUCTS)
async def test_a_stream_arrives_event_by_event(product: str, llm: EchoServer, tmp_path: Path) -> None:
    """No front holds an event back: each arrives before the model makes the next."""
    words = [f"{first}{second}word" for first in "abcde" for second in "abcd"]
    async with (
        fronted(product, llm.port, tmp_path, model="stepped") as front,
        front.client() as client,
        asyncio.timeout(10),
    ):
        llm.step()
        asked = streamed(" ".join(words))
        async with client.stream("POST", CHAT_PATH, content=asked, headers=JSON) as answer:
            assert answer.status_code == 200
            chunks, seen = answer.aiter_raw(), b""
            for word in words:
                while word.encode() not in seen:
                    seen += await anext(chunks)
                llm.step()
            rest = b"".join([chunk async for chunk in chunks])
        assert (seen + rest).endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize("product", PRODUCTS)
async def test_two_customers_share_no_connection(product: str, llm: EchoServer, tmp_path: Path) -> None:
    """Z7: whatever comes after whom, each connection to the door carries one customer's requests."""
    async with fronted(product, llm.port, tmp_path) as front:
        async with front.client() as one, front.client(OTHER) as other, front.client(OTHER) as third:
            for client, code in ((one, 200), (other, 403), (third, 403), (other, 403), (one, 200)):
                assert (await post(client)).status_code == code  # the pilot sells to the first one only
            done = await asyncio.gather(*(post(client) for client in (one, other, third) * 2))
        assert {answer.status_code for answer in done} == {200, 403}
        async with front.client(http2=False) as old:  # a pool that outlives its customer would be taken now
            assert (await post(old)).status_code == 200
        assert front.wire.callers()
        assert all(len(names) == 1 for names in front.wire.callers())
        if product in TELLING:  # they keep connections: five requests one after the other needed three
            assert len(front.wire.callers()) < 12


@pytest.mark.parametrize("product", PRODUCTS)
async def test_nobody_passes_without_a_certificate(product: str, llm: EchoServer, tmp_path: Path) -> None:
    """Z1: no certificate, or one of another authority: the front says nothing, the boundary hears nothing."""
    async with fronted(product, llm.port, tmp_path) as front:
        for pair in (None, TinyCa("a stranger").issue("toyco-sg")):
            got = await raw(front, front.context(pair), _request())
            assert b" 200 " not in got.partition(b"\r\n")[0]
            assert b"choices" not in got
        assert front.wire.heard == []
        assert front.boundary.journal.entries == []


@pytest.mark.parametrize("product", PRODUCTS)
async def test_another_name_is_not_served(product: str, llm: EchoServer, tmp_path: Path) -> None:
    """A name that is not registered, in the handshake or in the request, reaches no door."""
    async with fronted(product, llm.port, tmp_path) as front:
        context = front.context(front.customs.ca.issue("toyco-sg"))
        assert await raw(front, context, _request(), sni="127.0.10.1") == b""
        got = await raw(front, context, _request(host="other.zone.example"))
        assert not got.startswith(b"HTTP/1.1 200")
        assert front.wire.heard == []


@pytest.mark.parametrize("product", PRODUCTS)
async def test_forgeries_are_stripped_and_the_answer_is_quiet(
    product: str, llm: EchoServer, tmp_path: Path
) -> None:
    """Z2: addresses that a customer claims go nowhere; a false tag does, and is recorded by the boundary."""
    async with fronted(product, llm.port, tmp_path) as front:
        claims = {"x-forwarded-for": "127.0.20.9", "forwarded": "for=127.0.20.9", "zone-origin": "overseas"}
        async with front.client(more=claims) as client:
            answer = await post(client)
        sent = bytes(front.wire.heard[0]).lower()
        assert b"127.0.20.9" not in sent
        assert b"\r\nzone-origin: overseas\r\n" in sent
        assert b"\r\nx-forwarded" not in sent
        assert b"\r\nx-envoy" not in sent
        told = {name: value for name, value in answer.headers.items() if name in {"server", "via"}}
        assert told in ({}, {"server": "nginx"})


@pytest.mark.parametrize("product", PRODUCTS)
async def test_what_costs_too_much_is_refused(product: str, llm: EchoServer, tmp_path: Path) -> None:
    """A body over the zone's limit is 413; too many requests of one address are 429; neither is cached."""
    async with fronted(product, llm.port, tmp_path) as front:
        async with front.client() as client:
            large = await post(client, b'{"x": "' + b"a" * 40_000 + b'"}')
        assert large.status_code == 413
        assert large.headers.get("cache-control") == "no-store", (large.headers, large.text)
        assert large.json()["error"]["code"] == "front-413"
        assert llm.seen == []
        async with front.client(OTHER) as flood:
            answers = await asyncio.gather(*(flood.get("/v1/models") for _ in range(260)))
            codes = [answer.status_code for answer in answers]
        assert codes.count(429) >= 20
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert refused.headers["cache-control"] == "no-store"
        assert refused.json()["error"]["code"] == "front-429"
        async with front.client() as client:
            assert (await post(client)).status_code == 200


@pytest.mark.parametrize("product", PRODUCTS)
async def test_a_door_that_is_gone_is_told_plainly(product: str, llm: EchoServer, tmp_path: Path) -> None:
    """A front with nothing behind it answers at once, with an error that no cache keeps."""
    async with fronted(product, llm.port, tmp_path, gone=True) as front, front.client() as client:
        answer = await post(client)
    assert answer.status_code in {502, 503}
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["error"]["code"] == f"front-{answer.status_code}"


@pytest.mark.parametrize("product", PRODUCTS)
async def test_tls_is_passed_on_untouched(product: str, llm: EchoServer, tmp_path: Path) -> None:
    """Where the door ends TLS itself, it sees the certificate, and the caller's address all the same."""
    async with fronted(product, llm.port, tmp_path, passes=True) as front:
        async with front.client(http2=False) as client:
            answer = await post(client)
        assert answer.status_code == 200, answer.text
        assert private(front.boundary)["client.ip"] == TENANTS[CREDENTIAL]
        assert facts(front.boundary)["ingress.tls"] == "door"
        assert facts(front.boundary)["client.certificate"] == "known"


def _request(host: str = NAME) -> bytes:
    head = f"POST {CHAT_PATH} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {CREDENTIAL}\r\n"
    head += f"content-type: application/json\r\ncontent-length: {len(CHAT)}\r\nconnection: close\r\n\r\n"
    return head.encode() + CHAT


async def raw(front: FrontLab, context: ssl.SSLContext, data: bytes, *, sni: str = NAME) -> bytes:
    """Send bytes to the front and return what comes, until it closes; no handshake, no answer."""
    context.check_hostname = False
    got = b""
    with contextlib.suppress(OSError, ssl.SSLError, EOFError):
        async with asyncio.timeout(8):
            reader, writer = await asyncio.open_connection(
                FRONT, front.port, ssl=context, server_hostname=sni, local_addr=("127.0.10.77", 0)
            )
            try:
                writer.write(data)
                while chunk := await reader.read(65_536):
                    got += chunk
            finally:
                writer.transport.abort()
    return got

"""Sessions behind real fronts: nginx, HAProxy and Envoy let that upgrade pass, and no other (Z4, Z7, Z22)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, ResponseReceived, StreamReset
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes
from openai import AsyncOpenAI
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from tests.support.front_lab import FRONT, TENANTS, FrontLab, fronted
from tests.support.proven_lab import NAME, OTHER, facts
from tests.support.realtime_lab import ended, handshake
from tests.support.realtime_server import RealtimeServer, realtime_server
from tests.support.realtime_talk import ends, hear, say, settled
from tests.support.realtime_world import PATH, item, open_policies
from tests.support.zone_world import CREDENTIAL
from zoneproxy.assembly import Boundary as Core
from zoneproxy.config.front_plan import refusal
from zoneproxy.passage.rules import SessionLimits

pytestmark = pytest.mark.live

PRODUCTS = ("envoy", "haproxy", "nginx")
HEARING = ("haproxy", "envoy")
SILENCE_S = 8.5
# Every bound of the front's but those of sessions is shorter than this silence.
QUIET = (
    "limits: {max_connections: 200, max_connections_per_peer: 50, header_timeout_s: 1.0, idle_timeout_s: 2.0,"
    " body_timeout_s: 1.0, answer_timeout_s: 1.0, hook_deadline_s: 0.1, exchange_timeout_s: 2.0}\n"
    f"realtime: {{idle_timeout_s: {SILENCE_S}, session_timeout_s: 30.0, ping_s: 3600.0}}\n"
)
OPEN = "realtime: {}\n"


@dataclass
class Sessions:
    """A front with sessions behind it.

    Attributes:
        front: itself.
        server: the model server.
    """

    front: FrontLab
    server: RealtimeServer

    def context(self, *protocols: str) -> ssl.SSLContext:
        context = self.front.context(self.front.customs.ca.issue("toyco-sg"), *protocols)
        context.check_hostname = False
        return context

    def caller(self, credential: str = CREDENTIAL) -> connect:
        """Open a session as a customer does, over TLS with its certificate."""
        return connect(
            f"wss://{NAME}{PATH}?model=zone-llm-01",
            host=FRONT,
            port=self.front.port,
            ssl=self.context(),
            server_hostname=NAME,
            additional_headers={"authorization": f"Bearer {credential}"},
            local_addr=(TENANTS[credential], 0),
            compression=None,
            open_timeout=20,
            close_timeout=20,
            ping_interval=None,
        )

    async def raw(self, data: bytes) -> bytes:
        """Send bytes, and return what comes until the front closes, falls silent or switches protocols."""
        got = b""
        reader, writer = await asyncio.open_connection(
            FRONT,
            self.front.port,
            ssl=self.context("http/1.1"),
            server_hostname=NAME,
            local_addr=(TENANTS[CREDENTIAL], 0),
        )
        with contextlib.suppress(TimeoutError, OSError):
            async with asyncio.timeout(10):
                writer.write(data)
                while not _whole(got) and (chunk := await reader.read(65_536)):
                    got += chunk
        writer.transport.abort()
        return got

    @property
    def asked(self) -> bytes:
        """What the boundary heard of the front, in lower case."""
        return b"".join(bytes(one) for one in self.front.wire.heard).lower()


def _whole(got: bytes) -> bool:
    head, end, body = got.partition(b"\r\n\r\n")
    if not end:
        return False
    lines = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
    return head.startswith(b"HTTP/1.1 101") or len(body) >= int(lines.get(b"content-length", b"1000000"))


@contextlib.asynccontextmanager
async def opened(
    product: str,
    folder: Path,
    *,
    zone: str = OPEN,
    sessions: SessionLimits | None = SessionLimits(),  # noqa: B008 - frozen
    **more: Any,
) -> AsyncIterator[Sessions]:
    """Run a front, a boundary and a model server; the front knows of `zone`, the boundary of `sessions`."""

    def altered(core: Core) -> None:
        core.rules = replace(core.rules, policies=open_policies(), sessions=sessions)

    async with (
        realtime_server() as server,
        fronted(product, server.port, folder, zone=zone, altered=altered, **more) as front,
    ):
        yield Sessions(front, server)


async def converse(session: ClientConnection) -> str:
    """Ask for an answer and return it."""
    await say(session, "conversation.item.create", item=item("Say hello"))
    await say(session, "response.create")
    heard = await hear(session, "response.done")
    return "".join(event.get("delta", "") for event in heard)


@pytest.mark.parametrize("product", PRODUCTS)
async def test_the_official_sdk_holds_a_conversation(product: str, tmp_path: Path) -> None:
    """Z1, Z4, Z6, Z13: over TLS and mTLS, by OpenAI's SDK; the record has the customer's own address."""
    async with opened(product, tmp_path) as zone:
        client = AsyncOpenAI(api_key=CREDENTIAL, base_url=f"https://{NAME}:{zone.front.port}/v1")
        options: Any = {
            "host": FRONT,
            "port": zone.front.port,
            "ssl": zone.context(),
            "server_hostname": NAME,
            "local_addr": (TENANTS[CREDENTIAL], 0),
        }
        async with (
            asyncio.timeout(30),
            client.realtime.connect(model="zone-llm-01", websocket_connection_options=options) as session,
        ):
            await session.session.update(session={"type": "realtime", "output_modalities": ["text"]})
            await session.conversation.item.create(item=item("Say hello"))  # type: ignore[arg-type]
            await session.response.create()
            text = ""
            async for event in session:
                text += event.delta if event.type == "response.output_text.delta" else ""
                if event.type == "response.done":
                    break
        await settled(zone.front.boundary)
        assert text == "Hello from the zone "
        running = zone.front.boundary
        assert len(ends(running)) == 8
        own = running.journal.entries[0]
        assert dict(own[2])["client.ip"] == TENANTS[CREDENTIAL]
        if product in HEARING:
            assert facts(running)["ingress.tls"] == "front"
        if product == "haproxy":
            assert facts(running)["client.certificate"] == "known"
    assert zone.server.closed == [1000]


@pytest.mark.parametrize("product", PRODUCTS)
async def test_a_session_passes_where_the_door_ends_tls(product: str, tmp_path: Path) -> None:
    """Z1: the front passes bytes on, and the door sees the caller's certificate."""
    async with opened(product, tmp_path, passes=True) as zone:
        async with zone.caller() as session:
            assert await converse(session) == "Hello from the zone "
        await settled(zone.front.boundary)
        assert facts(zone.front.boundary)["client.certificate"] == "known"


UPGRADES: dict[str, dict[str, str | None]] = {
    "another path": {"target": "/v1/models"},
    "a path below": {"target": f"{PATH}/calls?model=zone-llm-01"},
    "a path that is mended": {"target": "/v1/./realtime?model=zone-llm-01"},
    "a path that is escaped": {"target": "/v1/%72ealtime?model=zone-llm-01"},
    "a path with two slashes": {"target": "/v1//realtime?model=zone-llm-01"},
    "another path behind keep-alive": {"target": "/v1/models", "connection": "keep-alive, Upgrade"},
    "another protocol": {"upgrade": "h2c"},
    "another protocol behind keep-alive": {"upgrade": "h2c", "connection": "keep-alive, Upgrade"},
    "two protocols": {"upgrade": "websocket, h2c"},
    "a protocol that names the target": {
        "upgrade": f"websocket 1 GET HTTP/1.1 {PATH}",
        "target": "/v1/models",
    },
}


@pytest.mark.parametrize("product", PRODUCTS)
async def test_every_other_upgrade_is_refused(product: str, tmp_path: Path) -> None:
    """Z22: another path, another protocol, and both behind `keep-alive`: nothing of it comes to the door."""
    async with opened(product, tmp_path) as zone:
        for name, fields in UPGRADES.items():
            got = await zone.raw(handshake(**{"host": NAME, **fields}))
            assert got.startswith(b"HTTP/1.1 403 "), (name, got)
            # Envoy knows `h2c` and leaves that out: what is left is a plain request, which the door refuses.
            is_front = b'"code":"front-403"' in got.replace(b": ", b":")
            assert is_front or (product == "envoy" and "another protocol" in name), (name, got)
        got = await zone.raw(handshake(host=NAME).replace(b"GET ", b"POST ", 1))
        assert not got.startswith(b"HTTP/1.1 101"), got
        assert b"upgrade" not in zone.asked
        # The one that opens a session may stand behind `keep-alive` too: browsers write it so.
        got = await zone.raw(handshake(host=NAME, connection="keep-alive, Upgrade", upgrade="WebSocket"))
        assert got.startswith(b"HTTP/1.1 101 "), got
        assert zone.asked.count(b"\r\nupgrade: websocket\r\n") == 1
        assert zone.asked.count(b"upgrade: ") == 1


@pytest.mark.parametrize("product", PRODUCTS)
async def test_a_handshake_that_is_refused_opens_no_tunnel(product: str, tmp_path: Path) -> None:
    """Z2, Z22: what comes behind a handshake that the boundary refuses is a request like any other."""
    async with opened(product, tmp_path) as zone:
        false = handshake(host=NAME, sec_websocket_version="12")
        behind = f"GET /v1/models HTTP/1.1\r\nhost: {NAME}\r\nx-forwarded-for: 127.0.20.9\r\n\r\n".encode()
        got = await zone.raw(false + behind)
        assert got.startswith(b"HTTP/1.1 400 "), got
        assert b"request-malformed" in got
        await settled(zone.front.boundary)
        assert b"127.0.20.9" not in zone.asked
        assert ends(zone.front.boundary)[0] == ("decision", "deny", "request-malformed")
    assert zone.server.paths == []


@pytest.mark.parametrize("product", PRODUCTS)
async def test_two_upgrades_are_not_two_at_the_door(product: str, tmp_path: Path) -> None:
    """Z22: whichever of two fields a front believes, the boundary hears of WebSocket or of nothing."""
    async with opened(product, tmp_path) as zone:
        for first, second in (("websocket", "h2c"), ("h2c", "websocket")):
            twice = f"upgrade: {first}\r\nupgrade: {second}\r\n".encode()
            got = await zone.raw(handshake(host=NAME).replace(b"upgrade: websocket\r\n", twice))
            assert got[:13] in (b"HTTP/1.1 403 ", b"HTTP/1.1 101 "), got
        assert b"h2c" not in zone.asked


@pytest.mark.parametrize("product", PRODUCTS)
async def test_where_no_session_is_opened_nothing_is_passed(product: str, tmp_path: Path) -> None:
    """Z22: without `realtime` in zone.yaml the front refuses the very handshake that is passed with it."""
    async with opened(product, tmp_path, zone="") as zone:
        for connection in ("Upgrade", "keep-alive, Upgrade"):
            got = await zone.raw(handshake(host=NAME, connection=connection))
            assert got.startswith(b"HTTP/1.1 403 "), got
        with pytest.raises(InvalidStatus):
            async with zone.caller():
                pass
        assert b"upgrade" not in zone.asked
        assert zone.server.paths == []
        assert zone.front.boundary.journal.entries == []


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("how", ["fields", "extended CONNECT"])
async def test_no_session_begins_over_http2(how: str, product: str, tmp_path: Path) -> None:
    """Z22: neither fields of an upgrade nor RFC 8441, which is not announced either."""
    async with opened(product, tmp_path) as zone:
        assert await over_http2(zone, how) != 200
        assert b"upgrade" not in zone.asked
        assert zone.server.paths == []


async def over_http2(zone: Sessions, how: str) -> int:
    """Ask for a session over HTTP/2; return the status, or 0 where the front breaks it off."""
    own = H2Connection(H2Configuration(validate_outbound_headers=False, normalize_outbound_headers=False))
    reader, writer = await asyncio.open_connection(
        FRONT,
        zone.front.port,
        ssl=zone.context("h2"),
        server_hostname=NAME,
        local_addr=(TENANTS[CREDENTIAL], 0),
    )
    plain = [
        (":method", "GET"),
        (":scheme", "https"),
        (":path", f"{PATH}?model=zone-llm-01"),
        (":authority", NAME),
    ]
    more = [("connection", "Upgrade"), ("upgrade", "websocket")]
    if how != "fields":
        plain, more = [(":method", "CONNECT"), (":protocol", "websocket"), *plain[1:]], []
    keys = [("authorization", f"Bearer {CREDENTIAL}"), ("sec-websocket-version", "13")]
    keys += [] if how != "fields" else [("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")]
    try:
        async with asyncio.timeout(10):
            own.initiate_connection()
            own.send_headers(1, plain + more + keys)
            writer.write(own.data_to_send())
            while data := await reader.read(65_536):
                for event in own.receive_data(data):
                    assert not own.remote_settings.get(SettingCodes.ENABLE_CONNECT_PROTOCOL)
                    match event:
                        case ResponseReceived(headers=headers):
                            return int(dict(headers)[b":status"])
                        case StreamReset() | ConnectionTerminated():
                            return 0
                writer.write(own.data_to_send())
    except (OSError, ProtocolError, TimeoutError):
        pass
    finally:
        writer.transport.abort()
    return 0


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("passes", [False, True], ids=["ends TLS", "passes TLS on"])
async def test_a_silent_session_ends_by_the_zones_own_bound(
    product: str,
    passes: bool,  # noqa: FBT001 - a column of the table
    tmp_path: Path,
) -> None:
    """Z13, Z22: silent for longer than anything else may be, it is the boundary that ends it, and says so."""
    limits = SessionLimits(idle_timeout_s=SILENCE_S, session_timeout_s=30.0, ping_s=3600.0)
    async with opened(product, tmp_path, zone=QUIET, sessions=limits, passes=passes) as zone:
        async with zone.caller() as session:
            await hear(session, "session.created")
            assert await ended(session) == (1001, "limit-session")
        await settled(zone.front.boundary)
        assert ends(zone.front.boundary)[-1][0] == "return"


@pytest.mark.parametrize("product", PRODUCTS)
async def test_two_customers_share_no_connection(product: str, tmp_path: Path) -> None:
    """Z7: a session has its connection to the door for itself, whoever else is there."""
    async with opened(product, tmp_path) as zone:
        async with zone.caller() as one, zone.caller() as another:
            done = await asyncio.gather(converse(one), converse(another))
            assert set(done) == {"Hello from the zone "}
            with pytest.raises(InvalidStatus):  # the pilot sells to the first customer only
                async with zone.caller(OTHER):
                    pass
            assert await converse(one) == "Hello from the zone "
        assert all(len(names) == 1 for names in zone.front.wire.callers())
        assert len([names for names in zone.front.wire.callers() if CREDENTIAL in names]) == 2


@pytest.mark.parametrize("product", PRODUCTS)
async def test_what_breaks_off_ends_both_sides(product: str, tmp_path: Path) -> None:
    """Z13: a caller who vanishes takes his session along, with its record; the front keeps none open."""
    async with opened(product, tmp_path) as zone:
        async with zone.caller() as session:
            await hear(session, "session.created")
            sock = session.transport.get_extra_info("socket")
            sock.setsockopt(1, 13, struct.pack("ii", 1, 0))
            session.transport.abort()
        await settled(zone.front.boundary)
        assert ends(zone.front.boundary)[-1][0] == "return"
        async with asyncio.timeout(20):
            while not zone.server.closed:
                await asyncio.sleep(0.01)


def test_the_refusal_is_what_sdks_read() -> None:
    """Its words are the front's own, in the form of all its refusals."""
    assert json.loads(refusal(403))["error"]["type"] == "invalid_request_error"

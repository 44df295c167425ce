"""The outward door in tests: a customer's exchange under way, a destination abroad, a resolver that lies."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from demo.echo_server import EchoServer
from tests.support.boundary_lab import Lab
from tests.support.tiny_ca import Pair, TinyCa
from tests.support.zone_world import CREDENTIAL
from zoneproxy.adapters.clock import SystemClock
from zoneproxy.adapters.tls.authority import Leafs, make_authority
from zoneproxy.adapters.tls.server import read_server_tls
from zoneproxy.assembly import Boundary as Core
from zoneproxy.assembly.outward import OutwardWay
from zoneproxy.origin.carried import outward_headers
from zoneproxy.origin.signature import SignedMessage
from zoneproxy.origin.signed_tag import TagSigner, ZoneOrigin
from zoneproxy.replay.rewalk import Recorded, Rewalk, Walk
from zoneproxy.route.lane import DestinationTable, RegisteredDestination
from zoneproxy.route.server_identity import ServerIdentity
from zoneproxy.terms.errors import ResolveError
from zoneproxy.terms.phase import Side

WORKLOAD = "127.0.30.9"
ABROAD = "127.0.10.77"
NAME = "tools.example"
TIMEOUT_S = 20


SIGNER = TagSigner("zone.test/tag+01020304", Ed25519PrivateKey.from_private_bytes(bytes(32)))


class Flow(str):
    """An exchange's id, with the tag that its model server got.

    Attributes:
        tag: its header fields.
    """

    __slots__ = ("tag",)
    tag: Mapping[str, str]


def tagged(core: Core) -> None:
    """Have a zone sign tags: no workload may call outward without."""
    core.rules = replace(core.rules, tags=SIGNER)


def made(flow: str, signer: TagSigner = SIGNER) -> Flow:
    """Sign a tag for an exchange that was given none, or another."""
    message = SignedMessage("POST", "model.zone:8000", "/v1/chat/completions", "", ())
    fields = signer.sign(
        message, ZoneOrigin("overseas", str(flow), 1, "toyco-sg", "SG", "SG", "cable-sg-1", {}), 1
    )
    named = Flow(flow)
    named.tag = outward_headers(fields)
    return named


def tag_of(flow: str) -> dict[str, str]:
    """Return what a call carries for an exchange; of one that is only an id, that id."""
    return dict(flow.tag) if isinstance(flow, Flow) else {"zone-flow": flow} if flow else {}


def lines_of(flow: str) -> str:
    """Write what a call carries for an exchange as header lines."""
    return "".join(f"{name}: {value}\r\n" for name, value in tag_of(flow).items())


class Serving:
    """A customer's exchange that is under way: its model has said one word and waits.

    Args:
        running: the boundary.
        model: its model server.
        steps: words to say; those who wait already take theirs first.
    """

    def __init__(self, running: Lab, model: EchoServer, *, steps: int = 1) -> None:
        self.running, self.model, self.steps = running, model, steps

    async def __aenter__(self) -> Flow:
        body = json.dumps(
            {"model": "stepped", "stream": True, "messages": [{"role": "user", "content": "one " * 9}]}
        ).encode()
        self.reader, self.writer = await asyncio.open_connection(
            "127.0.10.1", self.running.port, local_addr=("127.0.10.9", 0)
        )
        self.writer.write(
            f"POST /v1/chat/completions HTTP/1.1\r\nhost: z\r\nauthorization: Bearer {CREDENTIAL}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode()
            + body
        )
        self.model.step(self.steps)
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), TIMEOUT_S)
        flow = Flow(
            next(
                line.partition(": ")[2] for line in head.decode().splitlines() if line.startswith("zone-flow")
            )
        )
        seen = next(one for one in self.model.seen if one.headers["zone-flow"] == flow)
        flow.tag = outward_headers(seen.headers) if "signature" in seen.headers else {}
        return flow

    async def __aexit__(self, *_: object) -> None:
        self.model.step(40)
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()


@dataclass
class TableResolver:
    """Answers from a table, and keeps who was asked for.

    Attributes:
        table: addresses by name; several lists are given one after the other, the last for ever.
        asked: the names, in order.
    """

    table: Mapping[str, Sequence[Sequence[str]]]
    asked: list[str] = field(default_factory=list)

    async def resolve(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        if host not in self.table:
            raise ResolveError("no such name")
        answers = self.table[host]
        return answers[min(self.asked.count(host), len(answers)) - 1]


@dataclass
class Abroad:
    """A destination overseas: it ends TLS, and answers from a script.

    Attributes:
        pair: its certificate.
        port: where it listens on `ABROAD`.
        plain: every byte that came inside TLS.
        accepted: how many connections came.
        answer: what it says to each request, as a whole message.
    """

    pair: Pair
    port: int = 0
    plain: bytearray = field(default_factory=bytearray)
    accepted: int = 0
    answer: bytes = (
        b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 15\r\n\r\n{"told": "all"}'
    )

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.plain += head
                lengths = [
                    line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")
                ]
                if lengths:
                    self.plain += await reader.readexactly(int(lengths[0].partition(b":")[2]))
                writer.write(self.answer)
                await writer.drain()
        writer.close()


@dataclass
class Outside:
    """The world beyond the outward door.

    Attributes:
        folder: where files are.
        ca: the authority of destinations.
        server: the destination `NAME`.
        resolver: says where it is.
        authority: the zone's outward authority, PEM.
    """

    folder: Path
    ca: TinyCa
    server: Abroad
    resolver: TableResolver
    authority: bytes = b""

    @property
    def place(self) -> str:
        return f"{NAME}:{self.server.port}"

    def alter(
        self,
        core: Core,
        *,
        pin: str = "",
        tls: bool = True,
        tunnels: bool = True,
        more: Sequence[RegisteredDestination] = (),
    ) -> None:
        """Register the destination, and open tunnels to it."""
        identity = ServerIdentity(NAME, frozenset({bytes.fromhex((pin or self.server.pair.pin)[7:])}))
        ca = self.folder / "abroad-ca.pem"
        ca.write_bytes(self.ca.pem)
        now_ms = SystemClock().now_ms()
        made = make_authority(
            self.folder / "outward.pem", self.folder / "outward.key", zone="test", hosts={NAME}, days=30,
            now_ms=now_ms,
        )  # fmt: skip
        self.authority = (self.folder / "outward.pem").read_bytes()
        entry = RegisteredDestination(NAME, self.server.port, Side.OVERSEAS, identity if tls else None)
        core.rules = replace(core.rules, destinations=DestinationTable([entry, *more]), tags=SIGNER)
        core.outward = OutwardWay(
            {(NAME, self.server.port): read_server_tls(identity, ca, None, now_ms)} if tls else {},
            Leafs(made, {NAME}, hours=1, most=4) if tunnels else None,
            self.resolver,
        )

    def trust(self, alpn: Sequence[str] = ("http/1.1",)) -> ssl.SSLContext:
        """Make a workload's end: it trusts the zone's outward authority and nobody else."""
        context = ssl.create_default_context(cadata=self.authority.decode())
        context.set_alpn_protocols(list(alpn))
        return context


@contextlib.asynccontextmanager
async def outside(folder: Path, pair: Callable[[TinyCa], Pair] | None = None) -> AsyncIterator[Outside]:
    """Serve a destination overseas in TLS."""
    ca = TinyCa("tiny authority abroad")
    made = pair(ca) if pair is not None else ca.issue("tools", hosts=(NAME,), server=True)
    abroad = Abroad(made)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*made.write(folder, "abroad"))
    server = await asyncio.start_server(abroad.serve, ABROAD, 0, ssl=context)
    abroad.port = server.sockets[0].getsockname()[1]
    try:
        yield Outside(folder, ca, abroad, TableResolver({NAME: [[ABROAD]]}))
    finally:
        server.close()


class Workload:
    """One connection of a zone workload to the outward door.

    Args:
        lab: the boundary.
        peer: where it calls from.
    """

    def __init__(self, lab: Lab, *, peer: str = WORKLOAD, host: str = "127.0.30.1") -> None:
        self._lab, self._peer, self._host = lab, peer, host

    async def __aenter__(self) -> Self:
        self.reader, self.writer = await asyncio.open_connection(
            self._host, self._lab.port, local_addr=(self._peer, 0)
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.transport.abort()
        await asyncio.sleep(0)

    async def say(self, data: bytes) -> tuple[int, bytes]:
        """Send bytes, and return the status and body of the answer; 0 where there is none."""
        self.writer.write(data)
        return await self.answer()

    async def answer(self) -> tuple[int, bytes]:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                head = await self.reader.readuntil(b"\r\n\r\n")
                lengths = [one for one in head.lower().split(b"\r\n") if one.startswith(b"content-length:")]
                size = int(lengths[0].partition(b":")[2]) if lengths else 0
                return int(head.split(b" ", 2)[1]), await self.reader.readexactly(size)
        except (OSError, EOFError):
            return 0, b""

    async def connect(self, place: str, flow: str = "", *, behind: bytes = b"", host: str = "") -> int:
        """Ask for a tunnel; return the status."""
        head = f"CONNECT {place} HTTP/1.1\r\nhost: {host or place}\r\n{lines_of(flow)}\r\n"
        self.refusal = await self.say(head.encode() + behind)
        return self.refusal[0]

    async def secure(self, context: ssl.SSLContext, name: str | None = NAME) -> None:
        """Begin TLS inside the tunnel."""
        async with asyncio.timeout(TIMEOUT_S):
            await self.writer.start_tls(context, server_hostname=name)

    async def get(
        self, flow: str, *, host: str = NAME, path: str = "/weather", more: str = ""
    ) -> tuple[int, bytes]:
        """Ask inside of the tunnel, or in the clear with a whole target."""
        head = f"GET {path} HTTP/1.1\r\nhost: {host}\r\n{lines_of(flow)}{more}\r\n"
        return await self.say(head.encode())

    async def gone(self) -> bool:
        """Tell whether the boundary has closed the connection, whatever it said before."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                while await self.reader.read(65_536):
                    pass
        except TimeoutError:
            return False
        except OSError:
            pass
        return True


def code_of(answer: tuple[int, bytes]) -> str:
    """Return the reason code of a refusal."""
    try:
        return str(json.loads(answer[1])["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return f"none: {answer!r}"


def outward_records(lab: Lab) -> list[tuple[str, str, str, Mapping[str, Any]]]:
    """Return kind, verdict, reason and facts of the records of workloads' calls, in order."""
    flows = {body["flow"] for _, body, _ in lab.journal.entries if body.get("kind") == "outward"}
    return [
        (kind, body["verdict"], body["reason"], body["facts"])
        for kind, body, _ in lab.journal.entries
        if body.get("flow") in flows
    ]


def last(running: Lab) -> tuple[str, str, str]:
    """Return the last record of a workload's call: kind, verdict, reason."""
    return outward_records(running)[-1][:3]


async def opened(world: Outside, workload: Workload, flow: str, alpn: Sequence[str] = ("http/1.1",)) -> None:
    """Open a tunnel to the destination and begin TLS inside of it."""
    assert await workload.connect(world.place, flow) == 200, workload.refusal
    await workload.secure(world.trust(alpn))


def insist_on_replay(running: Lab) -> None:
    """Every decision and end is derived again."""
    policies = {policy.digest: policy for policy in running.core.rules.policies}
    entries = [
        Recorded(at, kind, body, private)
        for at, (kind, body, private) in enumerate(running.journal.entries)
        if kind in ("decision", "return")
    ]
    steps = list(Rewalk(policies.__getitem__).walk(entries))
    # That a server can't be reached is nobody's rule, and can't be derived.
    assert {step.walk for step in steps} <= {Walk.AGREES, Walk.FAULT}, steps
    assert steps

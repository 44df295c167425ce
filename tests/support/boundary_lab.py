"""A boundary around the real core on loopback, with a log in memory that tests can look into."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mitmproxy import options
from mitmproxy.utils import asyncio_utils

from addons.boundary import Boundary
from addons.master import ZoneMaster
from addons.options import fix
from tests.support import zone_world
from tests.support.ports import free_port
from zoneproxy.adapters.clock import SystemClock, SystemEntropy
from zoneproxy.assembly import Boundary as Core
from zoneproxy.assembly import Listener
from zoneproxy.route.upstream import Upstream, UpstreamTable
from zoneproxy.terms.errors import TraceError
from zoneproxy.terms.ports import Receipt
from zoneproxy.trace.entry import draft


@dataclass
class MemoryJournal:
    """Keeps records in memory; checks them as the log does.

    Attributes:
        entries: `(kind, body, private)` of each record, in order.
        fail_after: fail from this many records on; `None` never.
        delay_s: how long a record takes.
    """

    entries: list[tuple[str, Mapping[str, Any], Mapping[str, Any]]] = field(default_factory=list)
    fail_after: int | None = None
    delay_s: float = 0.0
    writable: bool = True

    async def append(self, kind: str, body: Mapping[str, Any], private: Mapping[str, Any]) -> Receipt:
        draft(kind, body, private, bytes(32))
        # As a log's: a caller that leaves does not take its record along.
        return await asyncio.shield(asyncio.ensure_future(self._write(kind, body, private)))

    async def _write(self, kind: str, body: Mapping[str, Any], private: Mapping[str, Any]) -> Receipt:
        await asyncio.sleep(self.delay_s)
        if self.fail_after is not None and len(self.entries) >= self.fail_after:
            self.writable = False
            raise TraceError("planted")
        self.entries.append((kind, body, private))
        return Receipt(len(self.entries) - 1, bytes(32), 0)

    def verdicts(self) -> list[tuple[str, str, str]]:
        """Return kind, verdict and reason of each record."""
        return [(kind, body["verdict"], body["reason"]) for kind, body, _ in self.entries]


@dataclass
class LabLimits:
    max_body_bytes: int = 65_536
    max_answer_bytes: int = 200_000
    max_header_bytes: int = 16_384
    header_timeout_s: float = 2.0
    idle_timeout_s: float = 5.0
    hook_deadline_s: float = 5.0
    answer_timeout_s: float = 20.0
    body_timeout_s: float = 5.0
    exchange_timeout_s: float = 60.0
    max_connections: int = 1000
    max_connections_per_peer: int = 500
    drain_timeout_s: float = 1.0
    drain_idle_s: float = 0.5


@dataclass
class Lab:
    """A running boundary.

    Attributes:
        port: port of every door: 127.0.10.1 (SG), 127.0.20.1 (inland), 127.0.30.1 (outward).
    """

    master: ZoneMaster
    boundary: Boundary
    core: Core
    journal: MemoryJournal
    port: int

    async def raw(
        self, data: bytes, *, host: str = "127.0.10.1", timeout_s: float = 5.0, peer: str = "127.0.10.9"
    ) -> bytes:
        """Send bytes to a door and return all that comes until it closes or falls silent."""
        reader, writer = await asyncio.open_connection(host, self.port, local_addr=(peer, 0))
        got = b""
        try:
            writer.write(data)
            await writer.drain()
            async with asyncio.timeout(timeout_s):
                while chunk := await reader.read(65_536):
                    got += chunk
        except (TimeoutError, ConnectionError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        return got


@contextlib.asynccontextmanager
async def lab(
    upstream_port: int,
    *planted: Any,
    journal: MemoryJournal | None = None,
    model: str = "zone-llm-02",
    alter: Callable[[Core], None] | None = None,
    **limits: Any,
) -> AsyncIterator[Lab]:
    """Run a boundary on loopback.

    Args:
        upstream_port: where the model server listens on 127.0.0.1.
        planted: foreign addons, which come before ours.
        journal: takes the records.
        model: name of the second registered model, beside `zone-llm-01`.
        alter: changes what was assembled, before a door opens.
        limits: fields of `LabLimits`.
    """
    os.environ.pop("SSLKEYLOGFILE", None)
    kept = journal or MemoryJournal()
    rules = replace(
        zone_world.rules(),
        policies=zone_world.pilot(model),
        upstreams=UpstreamTable(
            [
                Upstream(
                    "llm",
                    "127.0.0.1",
                    upstream_port,
                    models=("zone-llm-01", model),
                    paths=("/v1/files", "/v1/models"),
                    separation="physical",
                )
            ]
        ),
    )
    lab_limits = LabLimits(**limits)
    port = free_port()
    hosts = {"cable-sg-1": "127.0.10.1", "inland-1": "127.0.20.1", "zone-out-1": "127.0.30.1"}
    core = Core(
        rules=replace(rules, limits=replace(rules.limits, max_body_bytes=lab_limits.max_body_bytes)),
        limits=lab_limits,  # type: ignore[arg-type]
        listeners={route: Listener(zone_world.DOORS[route], host, port) for route, host in hosts.items()},
        journal=kept,
        clock=SystemClock(),
        entropy=SystemEntropy(),
        open=True,
    )
    if alter is not None:
        alter(core)
    boundary = Boundary(core)
    zone = ZoneMaster(options.Options(), boundary)
    for addon in planted:
        zone.addons.add(addon)
        zone.addons.chain.insert(0, zone.addons.chain.pop())
    fix(zone.options, core)
    task = asyncio_utils.create_task(zone.run(), name="lab", keep_ref=True)
    server = zone.addons.get("proxyserver")
    async with asyncio.timeout(10):
        while not (list(server.servers) and all(one.is_running for one in server.servers)):
            await asyncio.sleep(0.005)
    try:
        yield Lab(zone, boundary, core, kept, port)
    finally:
        await server.servers.update([])
        # Every connection has an end, on both sides, once its client has gone.
        async with asyncio.timeout(5):
            while server.connections:
                await asyncio.sleep(0.005)
        zone.shutdown()
        await asyncio.wait([task], timeout=5)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others, timeout=1)

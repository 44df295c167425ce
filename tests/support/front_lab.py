"""A real front before a boundary on loopback, with a wire between them that remembers who called on it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.boundary_lab import Lab, lab
from tests.support.ports import free_port
from tests.support.proven_lab import NAME, OTHER, ROUTE, Customs
from tests.support.tiny_ca import Pair
from tests.support.zone_world import CREDENTIAL
from zoneproxy.assembly import Boundary as Core
from zoneproxy.cli.front import PRODUCTS
from zoneproxy.cli.init import TEMPLATE
from zoneproxy.config import parse
from zoneproxy.config.front_plan import plan
from zoneproxy.origin.tenants import Tenant, TenantRegistry, digest_of

FRONT = "127.0.40.1"
TENANTS = {CREDENTIAL: "127.0.10.77", OTHER: "127.0.10.78"}
_READY_S = 10
ENVOY = Path(sys.executable).with_name("envoy")


def needed(product: str) -> str:
    """Return the product's program.

    Skips the test where it is not installed, which fails in CI.
    """
    found = str(ENVOY) if product == "envoy" and ENVOY.exists() else shutil.which(product, path=_path())
    if found is None:
        pytest.skip(f"{product} is not installed")
    return found


def _path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def zone_yaml(
    door: int, front: int, folder: Path, *, fronts: bool = True, passes: bool = False, more: str = ""
) -> str:
    """Write the configuration of a zone whose first door stands behind a front; `more` are further parts."""
    text = TEMPLATE.format(zone="zone-1", origin="zone.example/log", port=door, sg="a" * 64, my="b" * 64)
    own = ', fronts: ["127.0.0.1/32"], proxy_protocol: v2' if fronts else ""
    own += f", tls: {{certificate: {folder}/door.pem, key: {folder}/door.pem.key}}" if passes else ""
    text = text.replace(
        f'country: SG, listen: "127.0.10.1:{door}"', f'country: SG, listen: "127.0.10.1:{door}"{own}'
    )
    entry = f'    - {{route: {ROUTE}, listen: ["{FRONT}:{front}"]'
    if not passes:
        entry += f", names: [{NAME}], certificate: {folder}/door.pem, key: {folder}/door.pem.key"
        entry += f", client_ca: {folder}/clients.pem"
    if "limits:" not in more:
        more += "limits: {max_connections: 200, max_connections_per_peer: 50, max_body_bytes: 32768}\n"
    return f"{text}\n{more}front:\n  request_burst: 20\n  requests_per_second: 20\n  doors:\n{entry}}}\n"


def configuration(
    product: str, door: int, front: int, folder: Path, *, passes: bool = False, more: str = ""
) -> str:
    """Make a front's configuration, as `zoneproxy front` does."""
    text = zone_yaml(door, front, folder, fronts=product != "nginx", passes=passes, more=more)
    return PRODUCTS[product](plan(parse(text.encode(), "zone.yaml")))


def prepared(product: str, text: str, folder: Path) -> tuple[Path, list[str]]:
    """Write a configuration down, and return it with the command that runs it in the foreground."""
    if product == "nginx":
        text = text.replace("/var/log/nginx/access.log", f"{folder}/access.log")
    path = folder / ("front.yaml" if product == "envoy" else "front.conf")
    path.write_text(text, "utf-8")
    program = needed(product)
    command = {
        "haproxy": [program, "-db", "-f", str(path)],
        "nginx": [program, "-c", str(path), "-g", f"daemon off; pid {folder}/nginx.pid;"],
        "envoy": [program, "-c", str(path), "--disable-hot-restart", "--concurrency", "1", "-l", "warn"],
    }
    return path, command[product]


@dataclass
class Wire:
    """Passes bytes on between front and door, and remembers what went in on each connection."""

    heard: list[bytearray] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def callers(self) -> list[set[str]]:
        """Return the credentials that were sent on each connection that carried any."""
        found = [set(re.findall(rb"(?i)authorization: Bearer (\S+)\r", bytes(data))) for data in self.heard]
        return [{one.decode() for one in names} for names in found if names]

    @contextlib.asynccontextmanager
    async def between(self, port: int, to: int) -> AsyncIterator[None]:
        """Listen on 127.0.10.1, and go on from the same address that the front came from."""

        async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            if task is not None:
                self._tasks.add(task)
            heard = bytearray()
            self.heard.append(heard)
            peer = writer.get_extra_info("peername")[0]
            ends = [writer]
            try:
                with contextlib.suppress(OSError, asyncio.CancelledError):
                    there, back = await asyncio.open_connection("127.0.10.1", to, local_addr=(peer, 0))
                    ends.append(back)
                    async with asyncio.TaskGroup() as pumps:
                        pumps.create_task(_pump(reader, back, heard))
                        pumps.create_task(_pump(there, writer, bytearray()))
            finally:
                for end in ends:
                    end.transport.abort()

        server = await asyncio.start_server(carry, "127.0.10.1", port)
        try:
            yield
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter, kept: bytearray) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(65_536):
            kept += data
            sink.write(data)
            await sink.drain()
    sink.close()


@dataclass
class FrontLab:
    """A front that serves.

    Attributes:
        boundary: behind it.
        wire: between the two.
        customs: issues certificates.
        port: where the front listens, on `FRONT`.
    """

    boundary: Lab
    wire: Wire
    customs: Customs
    port: int

    def context(self, certificate: Pair | None, *protocols: str) -> ssl.SSLContext:
        context = self.customs.client(certificate)
        if protocols:
            context.set_alpn_protocols(list(protocols))
        return context

    def client(
        self, credential: str = CREDENTIAL, *, http2: bool = True, more: Mapping[str, str] | None = None
    ) -> httpx2.AsyncClient:
        """Make a customer's client: TLS, its certificate, its own address."""
        pair = self.customs.ca.issue("toyco-sg" if credential == CREDENTIAL else "other-sg")
        transport = httpx2.AsyncHTTPTransport(
            verify=self.context(pair), http2=http2, local_address=TENANTS[credential]
        )
        headers = {"host": NAME, "authorization": f"Bearer {credential}", **(more or {})}
        return httpx2.AsyncClient(
            transport=_Named(transport), base_url=f"https://{FRONT}:{self.port}", headers=headers, timeout=10
        )


class _Named(httpx2.AsyncBaseTransport):
    """Asks for the door's name in the handshake."""

    def __init__(self, inner: httpx2.AsyncHTTPTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.extensions = {**request.extensions, "sni_hostname": NAME}
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


@contextlib.asynccontextmanager
async def fronted(
    product: str,
    upstream_port: int,
    folder: Path,
    *,
    passes: bool = False,
    gone: bool = False,
    zone: str = "",
    altered: Callable[[Core], None] | None = None,
    **more: Any,
) -> AsyncIterator[FrontLab]:
    """Run a front and a boundary behind it.

    Args:
        product: `haproxy`, `nginx` or `envoy`.
        upstream_port: where the model server listens on 127.0.0.1.
        folder: an empty folder for files.
        passes: the door ends TLS itself.
        gone: nobody listens behind the front.
        zone: further parts of the `zone.yaml` that the front is made from.
        altered: changes what was assembled, after all else.
        more: arguments of `lab`.
    """
    needed(product)
    customs = Customs.make(folder)
    (folder / "door.key").rename(folder / "door.pem.key")
    wire, ports = Wire(), (free_port("127.0.10.1"), free_port(FRONT))

    def alter(core: Core) -> None:
        fronts = () if product == "nginx" else ("127.0.0.1/32",)
        customs.alter(core, fronts=fronts, tls=passes, key=folder / "door.pem.key")
        names = ("dn:CN=toyco-sg",) if product == "haproxy" or passes else ()
        core.rules = replace(core.rules, tenants=_tenants(names))
        if altered is not None:
            altered(core)

    text = configuration(product, ports[0], ports[1], folder, passes=passes, more=zone)
    _, command = prepared(product, text, folder)
    async with (
        lab(upstream_port, alter=alter, **more) as running,
        contextlib.nullcontext() if gone else wire.between(ports[0], running.port),
        _served(command, ports[1], folder),
    ):
        wire.heard.clear()
        yield FrontLab(running, wire, customs, ports[1])


def _tenants(identities: tuple[str, ...]) -> TenantRegistry:
    return TenantRegistry(
        [
            Tenant("toyco-sg", "SG", "overseas", (digest_of(CREDENTIAL),), certificates=identities),
            Tenant("other-sg", "SG", "overseas", (digest_of(OTHER),)),
        ]
    )


@contextlib.asynccontextmanager
async def _served(command: list[str], port: int, folder: Path) -> AsyncIterator[None]:
    with (folder / "front.log").open("wb") as told:
        process = await asyncio.create_subprocess_exec(*command, stdout=told, stderr=told)
        try:
            async with asyncio.timeout(_READY_S):
                while not await _listens(port):
                    if process.returncode is not None:
                        raise AssertionError((folder / "front.log").read_text("utf-8"))
                    await asyncio.sleep(0.02)
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                async with asyncio.timeout(3):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(FRONT, port, local_addr=("127.0.10.200", 0))
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True

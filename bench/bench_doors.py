"""What a new connection costs: in the clear, in TLS at the door, with a client certificate, behind a front.

Every request comes on a connection of its own; what it costs more than one on a connection that is kept is
what the connection costs. CPU is that of the boundary's whole process tree, and of the front's where there
is one; the caller's is not counted. TLS is 1.3 with keys on P-256, nothing is resumed.

- `doors.kept.us`: a request on a kept connection; `doors.plain.us`: on a new one in the clear.
- `doors.tls.us`, `doors.mutual.us`: on a new connection in TLS that the door ends; with a client certificate
  that it verifies.
- `doors.tls`: what the TLS connection adds to a kept one, against what it adds at the peer, a bare
  `mitmdump` that ends TLS and checks nothing.
- `doors.haproxy.us`, `doors.nginx.us`: front and boundary together, the front ends TLS, as
  `zoneproxy front` configures it; the front's part is
  `doors.haproxy.front.us`, `doors.nginx.front.us`. Left out where the product is not installed; nginx calls
  from the caller's address, which only root may do.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.bench_boundary import bare_proxy
from bench.caller import is_whole
from bench.load import LoadError, Target, chat, drive, words
from bench.processes import cpu_seconds
from bench.results import LONG, SCRATCH, in_turns, keep
from demo.programs import StartError, running
from tests.support.ports import free_port
from tests.support.tiny_ca import TinyCa
from tests.support.zone_process import ZoneFolder, cli, make_zone

REQUESTS = 1_000 if LONG else 240
CALLERS = 8
NAME = "zone.example"
FRONT = "127.0.40.1"
_DOOR = "127.0.10.1"
_SOURCE = "127.0.10.9"
_BODY_BYTES = 1024
_WORDS_ASKED = 80
_CALLER = "caller"
_CHUNK = 65_536
_MICRO = 1e6
_START_S = 20.0
_LISTEN = 'country: SG, listen: "127.0.10.1:{port}"'


@dataclass(frozen=True, slots=True)
class Way:
    """A way to the model server.

    Attributes:
        pids: the process trees whose CPU is counted, the front's last.
        target: where callers connect.
        requests: what they ask.
        tls: how they do, or `None` in the clear.
    """

    pids: tuple[int, ...]
    target: Target
    requests: Sequence[bytes]
    tls: ssl.SSLContext | None = None


class Certificates:
    """An authority's files, for doors, fronts and callers.

    Args:
        folder: where they stand.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder, self._authority = folder, TinyCa()
        self._authority.issue(NAME, hosts=(NAME,), server=True).write(folder, "door")
        # HAProxy looks for a key of this name beside the certificate.
        shutil.copy(folder / "door.key", folder / "door.pem.key")
        self.authority = folder / "authority.pem"
        self.authority.write_bytes(self._authority.pem)
        self._caller = self._authority.issue(_CALLER).write(folder, "caller")

    def caller(self, *, mutual: bool = False) -> ssl.SSLContext:
        """Make a caller's end of TLS, with its certificate or without."""
        context = ssl.create_default_context(cafile=str(self.authority))
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        if mutual:
            context.load_cert_chain(*self._caller)
        return context


def anybody() -> ssl.SSLContext:
    """Make a caller's end that believes any server: the peer makes its certificate itself."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def arrive(target: Target, requests: Sequence[bytes], tls: ssl.SSLContext | None) -> None:
    """Send each request on a connection of its own, a few at a time.

    Raises:
        LoadError: an answer's status is not 200, or it is not whole.
    """
    left = iter(requests)

    async def call() -> None:
        for request in left:
            await _once(target, request, tls)

    async def crowd() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(CALLERS):
                group.create_task(call())

    asyncio.run(crowd())


async def _once(target: Target, request: bytes, tls: ssl.SSLContext | None) -> None:
    name = NAME if tls is not None else None
    reader, writer = await asyncio.open_connection(
        target.host, target.port, local_addr=(target.source, 0), ssl=tls, server_hostname=name
    )
    try:
        writer.write(request)
        got = b""
        while not is_whole(got) and (data := await reader.read(_CHUNK)):
            got += data
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    if not is_whole(got) or got.split(b" ", 2)[1] != b"200":
        raise LoadError(f"on a new connection: {got[-500:].decode(errors='replace')!r}")


def closing(request: bytes) -> bytes:
    """Return a request that says that its connection ends with it."""
    return request.replace(b"\r\naccept:", b"\r\nconnection: close\r\naccept:", 1)


def cpu_of(way: Way, *, front: list[float] | None = None, kept: bool = False) -> Callable[[], float]:
    """Return a measurement: microseconds of CPU for each request.

    Args:
        way: whose.
        front: takes the part of the last process tree, round by round.
        kept: on connections that are kept, instead of one for each request.
    """

    def measure() -> float:
        before = [cpu_seconds(pid) for pid in way.pids]
        if kept:
            drive(way.target, way.requests)
        else:
            arrive(way.target, list(map(closing, way.requests)), way.tls)
        used = [
            (cpu_seconds(pid) - was) * _MICRO / len(way.requests)
            for pid, was in zip(way.pids, before, strict=True)
        ]
        if front is not None:
            front.append(used[-1])
        return sum(used)

    return measure


def asked(zone: ZoneFolder) -> list[bytes]:
    """Return the requests of a zone's tenant."""
    credential = zone.credentials["toyco-sg"]
    return [
        chat(words(_WORDS_ASKED, seed), credential=credential, size_bytes=_BODY_BYTES)
        for seed in range(REQUESTS)
    ]


@contextlib.contextmanager
def door(
    folder: Path, upstream_port: int, more: str = "", part: str = "", *, certified: bool = False
) -> Iterator[tuple[ZoneFolder, Way]]:
    """Run a zone whose first door demands something more.

    Args:
        folder: where it is made.
        upstream_port: of the model server.
        more: what is added to the door's route.
        part: what is added to the configuration.
        certified: the tenant registered the caller's certificate.
    """
    zone = make_zone(folder, upstream_port)
    listen = _LISTEN.format(port=zone.port)
    zone.edit("zone.yaml", listen, listen + more)
    if certified:
        tenant = "id: toyco-sg\n"
        zone.edit("zone.yaml", tenant, f'{tenant}    certificates: ["dn:CN={_CALLER}"]\n')
    with zone.config.open("a", encoding="utf-8") as config:
        config.write(part)
    with zone.serving() as program:
        yield zone, Way((program.process.pid,), Target(_DOOR, zone.port, _SOURCE), asked(zone))


@contextlib.contextmanager
def fronted(product: str, folder: Path, upstream_port: int, papers: Certificates) -> Iterator[Way]:
    """Run a zone behind a front that ends TLS.

    Args:
        product: `haproxy` or `nginx`.
        folder: where both are made.
        upstream_port: of the model server.
        papers: the front's certificate, and who made it.

    Raises:
        StartError: the front does not start.
    """
    port = free_port(FRONT)
    files = f"certificate: {papers.folder}/door.pem, key: {papers.folder}/door.pem.key"
    entry = f'{{route: cable-sg-1, listen: ["{FRONT}:{port}"], names: [{NAME}], {files}}}'
    rates = "requests_per_second: 100000, request_burst: 100000, connections_per_second: 100000"
    told = ', fronts: ["127.0.0.1/32"], proxy_protocol: v2' if product == "haproxy" else ""
    part = f"\nfront: {{doors: [{entry}], {rates}}}\n"
    with door(folder, upstream_port, told, part) as (zone, way):
        made = cli("front", product, str(zone.config))
        if made.returncode:
            raise StartError(made.stderr)
        file = folder / f"{product}.conf"
        file.write_text(made.stdout.replace("/var/log/nginx/access.log", f"{folder}/access.log"), "utf-8")
        program = program_of(product) or product
        command = {
            "haproxy": [program, "-db", "-f", str(file)],
            "nginx": [program, "-c", str(file), "-g", f"daemon off; pid {folder}/nginx.pid;"],
        }[product]
        with _listening(command, port, folder / f"{product}.log") as pid:
            target = Target(FRONT, port, _SOURCE)
            yield replace(way, pids=(*way.pids, pid), target=target, tls=papers.caller())


@contextlib.contextmanager
def _listening(command: list[str], port: int, log: Path) -> Iterator[int]:
    with log.open("wb") as told:
        process = subprocess.Popen(command, stdout=told, stderr=told)
        try:
            late = time.monotonic() + _START_S
            while not _listens(port):
                if process.poll() is not None or time.monotonic() > late:
                    raise StartError(log.read_text("utf-8", "replace")[-2000:])
                time.sleep(0.05)
            yield process.pid
        finally:
            process.terminate()
            process.wait(10)


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((FRONT, port), 1):
        return True
    return False


def program_of(product: str) -> str | None:
    """Find a product's program; `None` where it can't be run here."""
    if product == "nginx" and os.geteuid() != 0:
        return None
    return shutil.which(product, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def main() -> None:
    """Measure, print and keep."""
    SCRATCH.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=SCRATCH)))
        model = [sys.executable, "-m", "bench.model_server"]
        upstream_port = int(stack.enter_context(running(model)).url.rpartition(":")[2])
        papers = Certificates(folder / "papers")
        own = f", tls: {{certificate: {papers.folder}/door.pem, key: {papers.folder}/door.key"
        verified = f"{own}, client_ca: {papers.authority}}}"
        _, plain = stack.enter_context(door(folder / "plain", upstream_port))
        _, secure = stack.enter_context(door(folder / "tls", upstream_port, f"{own}}}"))
        _, mutual = stack.enter_context(door(folder / "mutual", upstream_port, verified, certified=True))
        pid, port = stack.enter_context(bare_proxy(folder / "bare", upstream_port))
        bare = Way((pid,), Target("127.0.0.1", port, _SOURCE), plain.requests)
        works = {
            "kept": cpu_of(plain, kept=True),
            "plain": cpu_of(plain),
            "tls": cpu_of(replace(secure, tls=papers.caller())),
            "mutual": cpu_of(replace(mutual, tls=papers.caller(mutual=True))),
            "bare.kept": cpu_of(bare, kept=True),
            "bare.tls": cpu_of(replace(bare, tls=anybody())),
        }
        parts: dict[str, list[float]] = {}
        for product in filter(program_of, ("haproxy", "nginx")):
            way = stack.enter_context(fronted(product, folder / product, upstream_port, papers))
            works[product] = cpu_of(way, front=parts.setdefault(product, []))
        for work in works.values():
            work()
        seen = dict(zip(works, in_turns(*works.values()), strict=True))
    figures = {f"doors.{name}.us": statistics.median(rounds) for name, rounds in seen.items()}
    figures |= {f"doors.{name}.front.us": statistics.median(rounds[1:]) for name, rounds in parts.items()}
    rounds = zip(seen["tls"], seen["kept"], seen["bare.tls"], seen["bare.kept"], strict=True)
    more = [(tls - kept) / (bare_tls - bare_kept) for tls, kept, bare_tls, bare_kept in rounds]
    keep({"doors.tls": statistics.median(more)}, figures)


if __name__ == "__main__":
    main()

"""What the zone listens at, and whom it calls: the addresses are this host's, the servers are there."""

from __future__ import annotations

import contextlib
import errno
import socket
import ssl
from collections.abc import Iterator

from cryptography.hazmat.primitives.serialization import Encoding

from zoneproxy.adapters.files.trouble import why
from zoneproxy.adapters.tls.server import ServerTls
from zoneproxy.assembly.doctor.findings import Finding, advice, fault, ok
from zoneproxy.assembly.logs import Opening
from zoneproxy.assembly.proofs import read_listeners, read_servers
from zoneproxy.config import Config, ModelServer, Route
from zoneproxy.route.destination import Destination, read_destination
from zoneproxy.route.server_identity import identity_flaw
from zoneproxy.terms.errors import ConfigError

TIMEOUT_S = 3.0


def check_doors(opening: Opening, *, running: bool) -> Iterator[Finding]:
    """Each door's address is this host's, what it demands can be read, and it listens while the zone runs."""
    config = opening.config
    try:
        read_listeners(config, opening.folder, opening.clock.now_ms())
    except ConfigError as error:
        yield fault("door-files", error.message, error.hint)
    for route in config.routes:
        yield from _of_door(route, read_destination(route.listen), running=running)
    yield from _of_fronts(config)


def _of_door(route: Route, at: Destination, *, running: bool) -> Iterator[Finding]:
    family = socket.AF_INET6 if ":" in at.host else socket.AF_INET
    with contextlib.closing(socket.socket(family, socket.SOCK_STREAM)) as probe:
        try:
            probe.bind((at.host, 0))
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                yield fault(
                    "door-address", f"the route `{route.id}` listens at {at.host}, which is not this host's",
                    "give the interface that address, or mend `listen` in zone.yaml",
                )  # fmt: skip
                return
    if not running:
        yield ok("door-address", f"the route `{route.id}` has an address of this host")
    elif _connects(at.host, at.port):
        yield ok("door", f"the route `{route.id}` listens at {route.listen}")
    else:
        yield fault(
            "door",
            f"nothing listens at {route.listen}, although the zone runs",
            "look into the zone's own log",
        )


def _of_fronts(config: Config) -> Iterator[Finding]:
    for route in config.routes:
        if route.side == "zone":
            continue
        if (
            not route.fronts
            and route.tls is None
            and not read_destination(route.listen).host.startswith("127.")
        ):
            yield advice(
                "door-plain", f"the route `{route.id}` takes plain HTTP from whoever reaches it",
                "end TLS at the door (`tls`), or put a front before it and name it (`fronts`)",
            )  # fmt: skip
        if route.fronts and route.proxy_protocol is None:
            yield advice(
                "front-silent", f"the fronts of `{route.id}` do not tell who calls",
                "set `proxy_protocol: v2` here and in the front",
            )  # fmt: skip


def check_servers(opening: Opening) -> Iterator[Finding]:
    """Each model server takes a connection, and proves itself where it must."""
    config = opening.config
    try:
        proofs = read_servers(config, opening.folder, opening.clock.now_ms())
    except ConfigError as error:
        yield fault("server-files", error.message, error.hint)
        return
    for server in config.servers:
        yield _of_server(server, proofs.get(server.id), opening.clock.now_ms())


def _of_server(server: ModelServer, proof: ServerTls | None, now_ms: int) -> Finding:
    at = read_destination(server.address)
    try:
        with socket.create_connection((at.host, at.port), TIMEOUT_S) as peer:
            if proof is None:
                return ok("server", f"the model server `{server.id}` takes connections at {server.address}")
            with _context(proof).wrap_socket(peer, server_hostname=proof.identity.name) as shown:
                flaw = identity_flaw(proof.identity, shown.getpeercert(binary_form=True) or b"", now_ms)
    except ssl.SSLError as error:
        flaw = str(error.reason or error).lower()
    except OSError as error:
        return advice(
            "server",
            f"the model server `{server.id}` is not reached at {server.address}: {why(error)}",
            "start it, or mend its address",
        )
    if not flaw:
        return ok("server", f"the model server `{server.id}` proves itself at {server.address}")
    return fault(
        "server-proof",
        f"the model server `{server.id}` does not prove itself: {flaw}",
        "compare its certificate with `tls` in zone.yaml",
    )


def _context(proof: ServerTls) -> ssl.SSLContext:
    """Trust the server's own authority and no other; the name and the pin are looked at afterwards."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(
        cadata="".join(one.public_bytes(Encoding.PEM).decode() for one in proof.authorities)
    )
    return context


def _connects(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), TIMEOUT_S):
            return True
    except OSError:
        return False

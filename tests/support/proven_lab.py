"""A boundary on loopback whose overseas door demands TLS, a front, or both."""

from __future__ import annotations

import asyncio
import ssl
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.support.boundary_lab import Lab
from tests.support.tiny_ca import Pair, TinyCa
from tests.support.zone_world import CHAT, CREDENTIAL
from zoneproxy.adapters.tls.door import DoorFiles, DoorTls
from zoneproxy.assembly import Boundary as Core
from zoneproxy.origin.proxy_protocol import SIGNATURE
from zoneproxy.origin.tenants import Tenant, TenantRegistry, digest_of
from zoneproxy.terms.networks import read_prefix

ROUTE = "cable-sg-1"
NAME = "door.zone.example"
SPIFFE = "spiffe://zone.example/tenant/toyco-sg"
OTHER = "zp-test-credential-of-other-sg"
CALLER = "127.0.10.77"
FRONT = "127.0.40.1"


def post(host: str = NAME, credential: str = CREDENTIAL, more: str = "") -> bytes:
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {credential}\r\n"
        f"content-type: application/json\r\n{more}content-length: {len(CHAT)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + CHAT


def tenants(*identities: str) -> TenantRegistry:
    """Two tenants of one market; the first registered these certificates."""
    return TenantRegistry(
        [
            Tenant("toyco-sg", "SG", "overseas", (digest_of(CREDENTIAL),), certificates=identities),
            Tenant("other-sg", "SG", "overseas", (digest_of(OTHER),)),
        ]
    )


@dataclass
class Customs:
    """What a test's door is made of.

    Attributes:
        folder: where its files are.
        ca: issues client certificates.
        door: the door's own certificate.
    """

    folder: Path
    ca: TinyCa
    door: Pair
    door_ca: TinyCa

    @classmethod
    def make(cls, folder: Path) -> Customs:
        ca, door_ca = TinyCa(), TinyCa("tiny door authority")
        door = door_ca.issue("door", hosts=(NAME, "127.0.10.1"), server=True)
        door.write(folder, "door")
        (folder / "clients.pem").write_bytes(ca.pem)
        return cls(folder, ca, door, door_ca)

    def files(self, **changes: Any) -> DoorFiles:
        base = DoorFiles(
            self.folder / "door.pem", self.folder / "door.key", client_ca=self.folder / "clients.pem"
        )
        return replace(base, **changes)

    def alter(self, core: Core, *, fronts: tuple[str, ...] = (), tls: bool = True, **files: Any) -> None:
        """Make the overseas door demand TLS, fronts or both, and register the tenants."""
        listener = replace(
            core.listeners[ROUTE],
            fronts=tuple(map(read_prefix, fronts)),
            tls=DoorTls(self.files(**files), core.clock.now_ms()) if tls else None,
        )
        core.listeners = {**core.listeners, ROUTE: listener}
        core.rules = replace(core.rules, tenants=tenants(SPIFFE))

    def client(self, pair: Pair | None, *, newest: ssl.TLSVersion | None = None) -> ssl.SSLContext:
        """Make a caller's end: it trusts the door, and presents a certificate or none."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=self.door_ca.pem.decode())
        if newest is not None:
            context.maximum_version = newest
        if pair is not None:
            context.load_cert_chain(*pair.write(self.folder, "caller"))
        return context


async def call(
    lab: Lab,
    data: bytes,
    *,
    context: ssl.SSLContext | None = None,
    sni: str = NAME,
    preface: bytes = b"",
    peer: str = "127.0.10.9",
) -> bytes:
    """Connect, send a preface in the clear, then the data, in TLS with a context; return all that comes back.

    Whatever breaks the connection off gives what came until then.
    """
    got = b""
    reader, plain = await asyncio.open_connection("127.0.10.1", lab.port, local_addr=(peer, 0))
    try:
        async with asyncio.timeout(8):
            plain.write(preface)
            if context is not None:
                await plain.start_tls(context, server_hostname=sni)
            plain.write(data)
            await plain.drain()
            while chunk := await reader.read(65_536):
                got += chunk
    except (OSError, EOFError):
        pass
    finally:
        plain.transport.abort()  # a handshake that failed is never told as closed: nothing to wait for
        await asyncio.sleep(0)
    return got


def proxy_header(
    source: str = CALLER, *, command: int = 0x21, tlvs: bytes = b"", family: int = 0x11, port: int = 55555
) -> bytes:
    """Write a header of version 2 over TCP and IPv4."""
    places = bytes(map(int, source.split("."))) + bytes((127, 0, 10, 1)) + struct.pack(">HH", port, 8443)
    body = places + tlvs
    return SIGNATURE + bytes((command, family)) + struct.pack(">H", len(body)) + body


def tlv(kind: int, value: bytes) -> bytes:
    return struct.pack(">BH", kind, len(value)) + value


def front_tls(certificate: bytes = b"", common_name: str = "", *, verify: int = 0) -> bytes:
    """Write what a front says of the TLS that it ended."""
    inner = tlv(0x22, common_name.encode()) if common_name else b""
    inner += tlv(0x28, certificate) if certificate else b""
    return tlv(0x20, struct.pack(">BI", 0x07 if inner else 0x01, verify) + inner)


def facts(lab: Lab) -> Mapping[str, Any]:
    """Return the public facts of the last decision."""
    found: Mapping[str, Any] = [b for kind, b, _ in lab.journal.entries if kind == "decision"][-1]["facts"]
    return found

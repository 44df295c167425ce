"""A zone as its operator runs it, with everything proven: front, TLS, data files, log and replay."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from demo.echo_server import EchoServer, serving
from tests.support.proven_lab import FRONT, NAME, SPIFFE, Customs, proxy_header
from tests.support.tiny_ca import TinyCa
from tests.support.tiny_mmdb import write_mmdb
from tests.support.zone_process import cli, make_zone
from tests.unit.origin.test_delegated import GOOD

pytestmark = pytest.mark.live
COUNTRIES = {"198.51.100.0/24": {"country": "SG"}, "203.0.113.0/24": {"country": "CN"}}


@contextmanager
def terminating(context: ssl.SSLContext, inner: int) -> Iterator[int]:
    """End TLS in front of a model server, one connection after the other."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(300)  # a zone takes its time to start on a busy machine

    def serve() -> None:
        while True:
            try:
                plain, _ = listening.accept()
            except OSError:
                return
            with (
                context.wrap_socket(plain, server_side=True) as outer,
                socket.create_connection(("127.0.0.1", inner)) as behind,
            ):
                got = b""
                while b"\r\n\r\n" not in got or not got.endswith(b"}"):
                    got += outer.recv(65_536)
                behind.sendall(got.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n", 1))
                while data := behind.recv(65_536):
                    outer.sendall(data)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)


@pytest.fixture
def llm() -> Iterator[EchoServer]:
    with serving() as server:
        yield server


def ask(port: int, context: ssl.SSLContext, caller: str, credential: str) -> bytes:
    """Call through a front that passes TLS on."""
    body = b'{"model": "zone-llm-02", "messages": [{"role": "user", "content": "hello"}]}'
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: {NAME}\r\nauthorization: Bearer {credential}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    got = b""
    with socket.create_connection(("127.0.10.1", port), 30, source_address=(FRONT, 0)) as plain:
        plain.sendall(proxy_header(caller))
        with context.wrap_socket(plain, server_hostname=NAME) as secured:
            secured.sendall(head.encode() + body)
            while data := secured.recv(65_536):
                got += data
    return got


@pytest.mark.parametrize("workers", [1, 2])
def test_a_proven_zone_serves_and_is_replayed(workers: int, tmp_path: Path, llm: EchoServer) -> None:
    """Z1, Z3, Z15: what is configured is demanded, recorded, and derived again by a regulator."""
    servers = TinyCa("tiny server authority")
    pair = servers.issue("llm", hosts=("llm.zone.example",), server=True)
    inner = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    (tmp_path / "llm").mkdir()
    inner.load_cert_chain(*pair.write(tmp_path / "llm", "llm"))
    with terminating(inner, llm.port) as port:
        zone = make_zone(tmp_path / "zone", port)
        customs = Customs.make(zone.path)
        (zone.path / "clients.crl").write_bytes(customs.ca.crl())
        (zone.path / "servers.pem").write_bytes(servers.pem)
        (zone.path / "country.mmdb").write_bytes(write_mmdb(COUNTRIES))
        (zone.path / "delegated-apnic").write_text(GOOD)
        zone.edit(
            "zone.yaml",
            f'country: SG, listen: "127.0.10.1:{zone.port}"',
            f'country: SG, listen: "127.0.10.1:{zone.port}", fronts: [127.0.40.0/24], proxy_protocol: v2,\n'
            "     tls: {certificate: door.pem, key: door.key, client_ca: clients.pem, crl: clients.crl,\n"
            f"           names: [{NAME}]}}",
        )
        zone.edit(
            "zone.yaml",
            "paths: [/v1/files, /v1/models]",
            "paths: [/v1/files, /v1/models],\n     tls: {ca: servers.pem, name: llm.zone.example, "
            f'spki_pin: "{pair.pin}"}}',
        )
        zone.edit("zone.yaml", "  - id: toyco-sg\n", f'  - id: toyco-sg\n    certificates: ["{SPIFFE}"]\n')
        zone.edit(
            "zone.yaml",
            "tenants: ",
            "address_data: {home: [CN], country_mmdb: country.mmdb,\n"
            "               delegated: [delegated-apnic]}\n\ntenants: ",
        )
        with zone.config.open("a") as file:
            file.write(f"\nworkers: {{count: {workers}}}\n")
        context = customs.client(customs.ca.issue("toyco-sg", uris=(SPIFFE,)))
        with zone.serving():
            credential = zone.credentials["toyco-sg"]
            good = ask(zone.port, context, "198.51.100.9", credential)
            assert good.startswith(b"HTTP/1.1 200 "), good
            inland = ask(zone.port, context, "203.0.113.9", credential)
            assert inland.startswith(b"HTTP/1.1 403 "), inland
            assert b"origin-unknown" in inland
        assert len(llm.seen) == 1
    replayed = cli("replay", str(zone.log), "--opening-key", str(zone.path / "keys/opening.key"))
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr

"""Three real hosts with the boundary as their only link: what does not pass it does not pass at all (Z7)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from demo.programs import ROOT, running
from tests.support.three_hosts import HOSTS, Hosts, missing, three_hosts
from tests.support.zone_process import ZoneFolder, make_zone

pytestmark = pytest.mark.live

# Sees every frame that comes or goes on a host's only link, and prints the addresses of those of IP.
WATCH = """
import json, socket, struct, sys
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.ntohs(3))
print("ready", flush=True)
pairs = set()
sock.settimeout(0.2)
import threading
done = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), done.set()), daemon=True).start()
while True:
    try:
        frame, (device, *_) = sock.recvfrom(65535)
    except TimeoutError:
        if done.is_set():
            break
        continue
    if device != "lo" and frame[12:14] == b"\\x08\\x00":
        pairs.add((socket.inet_ntoa(frame[26:30]), socket.inet_ntoa(frame[30:34])))
print(json.dumps(sorted(pairs)))
"""

CALL = """
import socket, sys
host, port = sys.argv[1], int(sys.argv[2])
data = sys.argv[3].encode().decode("unicode_escape").encode("latin-1")
try:
    sock = socket.create_connection((host, port), timeout=0.4)
except OSError as error:
    print("no connection:", type(error).__name__)
    raise SystemExit
sock.settimeout(10)
sock.sendall(data)
got = b""
while part := sock.recv(65536):
    got += part
print(got.decode("latin-1"))
"""


@pytest.fixture(scope="module")
def hosts() -> Iterator[Hosts]:
    if lacking := missing():
        pytest.skip(f"three hosts can't be made here: {lacking}")
    with three_hosts() as made:
        yield made


@contextmanager
def program(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """Run a program until the block ends; it has said that it is ready."""
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline().startswith("ready")
        yield process
    finally:
        if not process.stdin.closed:
            process.stdin.close()
        process.wait(20)
        process.stdout.close()


@contextmanager
def watching(hosts: Hosts, host: str) -> Iterator[list[tuple[str, str]]]:
    """Collect source and destination of all that passes a host's link while the block runs."""
    seen: list[tuple[str, str]] = []
    with program(hosts.command(host, sys.executable, "-c", WATCH)) as process:
        yield seen
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        seen += [(source, to) for source, to in json.loads(process.stdout.readline())]


@contextmanager
def zone(hosts: Hosts, path: Path) -> Iterator[ZoneFolder]:
    """Run model servers on the zone's host, a server on the domestic one, and the boundary between all."""
    made = make_zone(path, 8000)
    text = made.config.read_text("utf-8")
    for ours, host in (("127.0.10", "overseas"), ("127.0.20", "domestic"), ("127.0.30", "zone")):
        text = text.replace(f'"{ours}.1:{made.port}"', f'"{hosts.door(host)}:{made.port}"')
        text = text.replace(f"{ours}.0/24", f"{HOSTS[host]}.0/24")
    text = text.replace("127.0.0.1:8000", f"{hosts.address('zone')}:8000")
    made.config.write_text(text, "utf-8")
    serve = [sys.executable, "-m", "demo.echo_server", "--host"]
    with (
        running(hosts.command("zone", *serve, hosts.address("zone"), "--port", "8000")),
        running(hosts.command("domestic", *serve, hosts.address("domestic"), "--port", "8000")),
        running(
            hosts.command("boundary", sys.executable, "-m", "zoneproxy", "run", "--config", str(made.config))
        ),
    ):
        yield made


@pytest.fixture(scope="module")
def separated(hosts: Hosts, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ZoneFolder]:
    with zone(hosts, tmp_path_factory.mktemp("three") / "zone") as made:
        yield made


def chat(made: ZoneFolder, host: str) -> str:
    body = json.dumps({"model": "zone-llm-02", "messages": [{"role": "user", "content": "hello"}]})
    return (
        f"POST /v1/chat/completions HTTP/1.1\\r\\nhost: {host}\\r\\n"
        f"authorization: Bearer {made.credentials['toyco-sg']}\\r\\ncontent-type: application/json\\r\\n"
        f"connection: close\\r\\ncontent-length: {len(body)}\\r\\n\\r\\n{body}"
    )


def test_the_boundary_does_not_forward_packets(hosts: Hosts) -> None:
    """Z7: forwarding is off in the boundary's kernel, for every link and both families."""
    program = (
        "import pathlib, json; files = pathlib.Path('/proc/sys/net').glob('ipv[46]/conf/*/forwarding');"
        "print(json.dumps({str(file): file.read_text().strip() for file in files}))"
    )
    found = json.loads(hosts.python("boundary", program))
    assert found
    assert set(found.values()) == {"0"}


def test_a_request_from_overseas_is_served_by_way_of_the_boundary(
    hosts: Hosts, separated: ZoneFolder
) -> None:
    """Z4, Z5, Z6: it is served, and neither link saw a packet of the other's host."""
    with watching(hosts, "overseas") as overseas, watching(hosts, "zone") as inside:
        door = hosts.door("overseas")
        got = hosts.python("overseas", CALL, door, str(separated.port), chat(separated, door))
    assert got.startswith("HTTP/1.1 200 "), got
    assert "hello" in got
    assert {frozenset(pair) for pair in overseas} == {frozenset((hosts.address("overseas"), door))}
    assert {frozenset(pair) for pair in inside} == {frozenset((hosts.address("zone"), hosts.door("zone")))}


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("other", HOSTS)
def test_no_host_reaches_another(host: str, other: str, hosts: Hosts, separated: ZoneFolder) -> None:
    """Z7: a packet for another host ends at the boundary's link, though the route leads there."""
    if host == other:
        got = hosts.python(host, CALL, hosts.address(host), "9", "x")
        assert "ConnectionRefused" in got  # the host itself is up: it is the way that is missing
        return
    with watching(hosts, other) as seen, watching(hosts, host) as tried:
        got = hosts.python(host, CALL, hosts.address(other), "8000", "GET / HTTP/1.0\\r\\n\\r\\n")
        assert got.startswith("no connection"), got
    assert (hosts.address(host), hosts.address(other)) in tried  # it was sent
    assert not [pair for pair in seen if hosts.address(host) in pair]  # and never arrived


def test_another_sides_door_is_no_way_round(hosts: Hosts, separated: ZoneFolder) -> None:
    """Z7: a caller that comes by another link than its door's is refused: the door alone proves nothing."""
    door = hosts.door("overseas")
    got = hosts.python("domestic", CALL, door, str(separated.port), chat(separated, door))
    assert not got.startswith("HTTP/1.1 200 "), got
    inland = hosts.door("domestic")
    refused = hosts.python("domestic", CALL, inland, str(separated.port), chat(separated, inland))
    assert refused.startswith("HTTP/1.1 403 "), refused


def test_the_outward_door_leads_to_no_domestic_host(hosts: Hosts, separated: ZoneFolder) -> None:
    """Z5, Z7: a workload that asks the boundary for a domestic host is refused, and nothing is sent."""
    host = f"{hosts.address('domestic')}:8000"
    head = f"GET http://{host}/v1/models HTTP/1.1\\r\\nhost: {host}\\r\\n"
    request = head + "connection: close\\r\\n\\r\\n"
    with watching(hosts, "domestic") as seen:
        got = hosts.python("zone", CALL, hosts.door("zone"), str(separated.port), request)
    assert got.startswith("HTTP/1.1 403 "), got
    assert seen == []

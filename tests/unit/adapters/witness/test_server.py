"""`zoneproxy.adapters.witness.server` and the desk behind it: tlog-witness over real connections."""

from __future__ import annotations

import hashlib
import http.client
import json
import logging
import socket
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.logs import ORIGIN, joint_signer
from tests.support.witness_lab import LabWitness, new_witness, serving
from zoneproxy.adapters.witness.folder import MEMORY_FILE, add_log, make_witness
from zoneproxy.adapters.witness.server import ServerLimits
from zoneproxy.adapters.witness.store import WitnessStore
from zoneproxy.terms.errors import TraceError
from zoneproxy.trace.checkpoint import Checkpoint, sign_checkpoint
from zoneproxy.trace.evidence import check_evidence, parse_evidence
from zoneproxy.trace.merkle import leaf_hash, prove_consistency, tree_root
from zoneproxy.trace.note import Note, parse_note, parse_vkey, verify_note
from zoneproxy.trace.submission import MAX_REQUEST_BYTES, encode_submission, parse_answer

LEAVES = [leaf_hash(bytes([number])) for number in range(80)]
MONITOR = f"/{hashlib.sha256(ORIGIN.encode()).hexdigest()}/checkpoint"


def read(height: int, index: int) -> bytes:
    return tree_root(LEAVES[index << height : (index + 1) << height])


def body(old: int, size: int, root: bytes | None = None) -> bytes:
    checkpoint = Checkpoint(ORIGIN, size, root or tree_root(LEAVES[:size]))
    proof = prove_consistency(old, size, read) if 0 < old <= size else []
    return encode_submission(old, proof, sign_checkpoint(checkpoint, [joint_signer()]).data)


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[LabWitness]:
    new_witness(tmp_path / "witness")
    with serving(tmp_path / "witness") as made:
        yield made


def connect(witness: LabWitness) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urllib.parse.urlsplit(witness.url).netloc, timeout=10)


def ask(
    witness: LabWitness, data: bytes | None, path: str = "/add-checkpoint", method: str = "POST"
) -> tuple[int, str, bytes]:
    connection = connect(witness)
    connection.request(method, urllib.parse.urlsplit(witness.url).path + path, data)
    response = connection.getresponse()
    made = response.status, response.headers["Content-Type"], response.read()
    connection.close()
    return made


def test_a_checkpoint_is_cosigned_and_shown(witness: LabWitness) -> None:
    """Two lines that verify, at the witness's time; the monitoring address shows what was signed (Z14)."""
    assert ask(witness, None, MONITOR, "GET")[0] == 404
    status, _, data = ask(witness, body(0, 5))
    assert status == 200
    text = Checkpoint(ORIGIN, 5, tree_root(LEAVES[:5])).text
    lines = parse_answer(data, text)
    assert verify_note(Note(text, lines), witness.keys) == witness.keys
    assert {int.from_bytes(line.blob[:8], "big") for line in lines} == {witness.clock.now // 1000}
    status, kind, shown = ask(witness, None, MONITOR, "GET")
    assert (status, kind) == (200, "text/plain; charset=utf-8")
    assert len(verify_note(parse_note(shown), [*witness.keys, *joint_signer().verifiers])) == 4
    assert data in shown
    assert ask(witness, None, MONITOR, "HEAD")[0::2] == (200, b"")
    assert ask(witness, body(0, 9)) == (409, "text/x.tlog.size", b"5\n")
    assert ask(witness, body(5, 9))[0] == 200
    assert ask(witness, body(9, 9))[0] == 200


def test_the_nine_requests_over_http(tmp_path: Path, shared: Path) -> None:
    """The sequence that nobody here wrote, with its statuses, bodies and types."""
    vector = json.loads((shared / "vectors/witness_add_checkpoint.json").read_text())
    make_witness(tmp_path / "w", "example.com/witness")
    add_log(tmp_path / "w", [parse_vkey(vector["log_vkey"])])
    with serving(tmp_path / "w") as witness:
        for number, request in enumerate(vector["requests"]):
            status, kind, data = ask(witness, request["body"].encode())
            assert status in ({400, 403} if number == 1 else {request["status_spec_2026"]}), number
            if status == 200:
                assert "— example.com/witness" in data.decode()
            if status == 409:
                assert (kind, f'== "{data.decode()[:-1]}\\n"') == ("text/x.tlog.size", request["body_assert"])


def test_one_connection_serves_many_requests(witness: LabWitness) -> None:
    """A connection stays open, after refusals too."""
    connection = connect(witness)
    for data, status in ((body(0, 1), 200), (b"nonsense", 400), (body(0, 2), 409), (body(1, 2), 200)):
        connection.request("POST", "/add-checkpoint", data)
        response = connection.getresponse()
        response.read()
        assert response.status == status
        sock = connection.sock
    assert sock is connection.sock is not None
    connection.close()


def test_other_addresses_and_methods(tmp_path: Path) -> None:
    """What is not there is 404, what is asked wrongly 405, below the prefix and beside it."""
    new_witness(tmp_path / "w")
    with serving(tmp_path / "w", prefix="/w/1") as witness:
        assert ask(witness, body(0, 1))[0] == 200
        assert ask(witness, None, MONITOR, "GET")[0] == 200
        assert ask(witness, b"", MONITOR, "POST")[0] == 405
        assert ask(witness, None, "/add-checkpoint", "GET")[0] == 405
        for path in ("/", "/x", MONITOR.upper(), "/%61dd-checkpoint", "/checkpoint"):
            assert ask(witness, None, path, "GET")[0] == 404
        connection = connect(witness)
        connection.request("POST", "/add-checkpoint", body(0, 1))
        assert connection.getresponse().status == 404
        connection.close()


def raw(witness: LabWitness, data: bytes) -> bytes:
    parts = urllib.parse.urlsplit(witness.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as sock:
        sock.sendall(data)
        made = b""
        while part := sock.recv(65536):
            made += part
    return made


def test_requests_are_bounded(tmp_path: Path) -> None:
    """Too long a body or head, no request at all, and one that never ends: refused or closed (Z22)."""
    new_witness(tmp_path / "w")
    limits = ServerLimits(connections=2, head_bytes=4096, request_s=0.3, idle_s=0.3)
    with serving(tmp_path / "w", limits=limits) as witness:
        head = b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\n"
        endless = head + b"Content-Length: %d\r\n\r\n" % (1 << 30) + bytes(MAX_REQUEST_BYTES + 1)
        assert b" 413 " in raw(witness, endless)
        assert b" 431 " not in raw(witness, head + b"X: " + b"x" * 5000 + b"\r\n\r\n")
        assert b" 400 " in raw(witness, b"nonsense\r\n\r\n")
        assert raw(witness, head + b"Content-Length: 9\r\n\r\nold") == b""
        assert raw(witness, head) == b""
        assert raw(witness, b"") == b""
        parts = urllib.parse.urlsplit(witness.url)
        kept = [socket.create_connection((parts.hostname, parts.port), timeout=10) for _ in range(3)]
        assert any(sock.recv(1) == b"" for sock in kept)
        for sock in kept:
            sock.close()
        chunked = b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        data = body(0, 1)
        assert b" 200 " in raw(witness, head + chunked + b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data))


def test_the_clock_went_back(witness: LabWitness) -> None:
    """While its clock is behind its last signature it signs nothing, and goes on when it is right (Z14)."""
    assert ask(witness, body(0, 1))[0] == 200
    witness.clock.now -= 5_000
    assert ask(witness, body(1, 2))[0] == 503
    assert ask(witness, body(0, 2)) == (409, "text/x.tlog.size", b"1\n")
    witness.clock.now += 5_000
    assert ask(witness, body(1, 2))[0] == 200


def test_two_histories_become_evidence(witness: LabWitness) -> None:
    """Another root of a size that was cosigned is refused, and kept as a proof, once (Z14)."""
    assert ask(witness, body(0, 5))[0] == 200
    for old in (5, 0, 5):
        assert ask(witness, body(old, 5, b"x" * 32))[0] == (422 if old else 409)
    assert ask(witness, body(5, 9, b"y" * 32))[0] == 422
    store = WitnessStore(witness.folder / MEMORY_FILE)
    pieces = [parse_evidence(data) for data in store.evidence()]
    store.close()
    assert [check_evidence(piece, joint_signer().verifiers).proven for piece in pieces] == [True, False]
    assert ask(witness, body(5, 6))[0] == 200


def test_a_memory_that_fails_stops_the_witness(
    witness: LabWitness, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """When the head can't be stored nothing is signed, and the server ends (Z22)."""

    def fail(self: WitnessStore) -> None:
        raise TraceError("planted")

    monkeypatch.setattr(WitnessStore, "step", fail)
    with caplog.at_level(logging.ERROR):
        status, _, data = ask(witness, body(0, 5))
    assert (status, caplog.messages) == (503, ["planted"])
    assert b"\xe2\x80\x94" not in data


def test_a_subtree_is_signed(witness: LabWitness) -> None:
    """A part of a tree that was cosigned is signed by the ML-DSA-44 key, without a time."""
    note = ask(witness, body(0, 8))[2]
    text = Checkpoint(ORIGIN, 8, tree_root(LEAVES[:8])).text
    whole = f"{text}\n".encode() + note
    proof = [tree_root(LEAVES[:4])]
    data = encode_submission(0, [tree_root(LEAVES[4:8]), *proof], whole).split(b"\n", 1)[1]
    status, _, line = ask(witness, b"subtree 4 8\n" + data, "/sign-subtree")
    assert status == 200
    (signature,) = parse_answer(line, text)
    assert (signature.key_id, signature.blob[:8]) == (witness.keys[1].key_id, bytes(8))
    assert ask(witness, b"subtree 4 8\n", "/sign-subtree")[0] == 400

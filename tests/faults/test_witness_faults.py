"""A witness under many hands and sudden death: it never signs two histories, and never forgets a signature.

Sixty-four logs' feeders race for one head; a process is killed between check, commit and answer; a disk fails
at its flush. Afterwards each cosignature that anybody holds continues the one before.
"""

from __future__ import annotations

import http.client
import shutil
import subprocess
import sys
import threading
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.logs import ORIGIN, FixedClock, joint_signer
from tests.support.witness_lab import LabWitness, new_witness, serving
from zoneproxy.adapters.witness.folder import MEMORY_FILE
from zoneproxy.adapters.witness.store import WitnessStore
from zoneproxy.trace.checkpoint import Checkpoint, sign_checkpoint
from zoneproxy.trace.merkle import leaf_hash, prove_consistency, tree_root
from zoneproxy.trace.note import Note, verify_note
from zoneproxy.trace.submission import encode_submission, parse_answer

ROOT = Path(__file__).resolve().parents[2]
FEEDERS = 64
LATER = FixedClock(4_000_000_000_000)  # after the system's own, by which the killed process signed
LEAVES = [leaf_hash(bytes([number])) for number in range(200)]

PROGRAM = """
import os, signal, sys
from zoneproxy.adapters.witness import desk as witness_desk
from zoneproxy.adapters.witness import server as witness_server
from zoneproxy.adapters.witness.store import WitnessStore
from zoneproxy.cli.main import main

def dying(owner, name, after):
    whole = getattr(owner, name)
    def call(*args, **kwargs):
        made = whole(*args, **kwargs) if after else None
        os.kill(os.getpid(), signal.SIGKILL)
        return made
    setattr(owner, name, call)

WHERE = {
    "after the check": lambda: dying(witness_desk.WitnessDesk, "_cosign", False),
    "after the signature": lambda: dying(WitnessStore, "store", False),
    "before the commit": lambda: dying(WitnessStore, "store", True),
    "before the answer": lambda: dying(witness_server, "_written", False),
}
WHERE[sys.argv[1]]()
sys.exit(main(["witness", "serve", sys.argv[2], "--listen", "127.0.0.1:0"]))
"""


def read(height: int, index: int) -> bytes:
    return tree_root(LEAVES[index << height : (index + 1) << height])


def body(old: int, size: int) -> bytes:
    proof = prove_consistency(old, size, read) if old else []
    checkpoint = Checkpoint(ORIGIN, size, tree_root(LEAVES[:size]))
    return encode_submission(old, proof, sign_checkpoint(checkpoint, [joint_signer()]).data)


def ask(url: str, data: bytes) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=30)
    try:
        connection.request("POST", "/add-checkpoint", data)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[LabWitness]:
    new_witness(tmp_path / "witness")
    with serving(tmp_path / "witness") as made:
        yield made


def test_sixty_four_feeders_never_roll_it_back(witness: LabWitness) -> None:
    """All ask at once for sizes of their own: what is cosigned is one chain (Z14)."""
    steps: list[tuple[int, int]] = []
    strange: list[object] = []
    gate = threading.Barrier(FEEDERS)

    def feed(number: int) -> None:
        gate.wait()
        old = 0
        for size in range(number + 1, len(LEAVES), 71):
            for _ in range(3):
                if old > size:
                    break
                status, data = ask(witness.url, body(old, size))
                if status == 200:
                    text = Checkpoint(ORIGIN, size, tree_root(LEAVES[:size])).text
                    verify_note(Note(text, parse_answer(data, text)), witness.keys)
                    steps.append((old, size))
                    break
                if status != 409:
                    strange.append((status, data))
                old = int(data)

    threads = [threading.Thread(target=feed, args=(number,)) for number in range(FEEDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert strange == []
    grown = sorted(step for step in steps if step[0] != step[1])
    assert len(grown) > 3
    # No size is left twice, and each step begins where the one before it ended.
    assert [old for old, _ in grown] == [0, *(size for _, size in grown[:-1])]
    store = WitnessStore(witness.folder / MEMORY_FILE)
    head = store.head(ORIGIN)
    store.close()
    assert head is not None
    assert (head.size, head.root) == (grown[-1][1], tree_root(LEAVES[: head.size]))


@pytest.mark.parametrize(
    ("where", "size"),
    [
        ("after the check", 3),
        ("after the signature", 3),
        ("before the commit", 3),
        ("before the answer", 7),
    ],
)
def test_killed_between_check_and_answer(where: str, size: int, tmp_path: Path) -> None:
    """Nobody holds a signature that the next start does not know of, and it goes on from there (Z14)."""
    folder = tmp_path / "witness"
    new_witness(folder)
    with serving(folder) as witness:
        assert ask(witness.url, body(0, 3))[0] == 200
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, where, folder],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        url = process.stdout.readline().removeprefix("ready ").strip()
        with pytest.raises((OSError, http.client.HTTPException)):
            ask(url, body(3, 7))
        assert process.wait(30) == -9
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    with serving(folder, clock=LATER) as witness:
        assert ask(witness.url, body(0, 9)) == (409, f"{size}\n".encode())
        assert ask(witness.url, body(size, 9))[0] == 200


def test_a_disk_that_fails_at_its_flush(tmp_path: Path) -> None:
    """A flush that fails is no cosignature: the witness says so, stops, and knows the old head (Z22)."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not there: install Debian's strace")
    folder = tmp_path / "witness"
    new_witness(folder)
    with serving(folder) as witness:
        assert ask(witness.url, body(0, 3))[0] == 200
    served = "import sys; from zoneproxy.cli.main import main; sys.exit(main(sys.argv[1:]))"
    process = subprocess.Popen(
        [
            strace, "-f", "-qq", "-o", tmp_path / "strace.txt", "-P", folder / f"{MEMORY_FILE}-wal",
            "-e", "trace=fdatasync,fsync", "-e", "inject=fdatasync,fsync:error=EIO",
            sys.executable, "-c", served, "witness", "serve", folder, "--listen", "127.0.0.1:0",
        ],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        url = process.stdout.readline().removeprefix("ready ").strip()
        status, data = ask(url, body(3, 7))
        assert (status, "\u2014" in data.decode()) == (503, False)
        _, said = process.communicate(timeout=30)
        assert process.returncode == 2
        assert "could not be written" in said
    finally:
        process.kill()
        process.wait()
    with serving(folder, clock=LATER) as witness:
        status, data = ask(witness.url, body(0, 9))
        assert (status, int(data)) in {(409, 3), (409, 7)}  # the page cache may hold what no flush confirmed
        assert ask(witness.url, body(int(data), 9))[0] == 200

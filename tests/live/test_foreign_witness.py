"""Witnesses and feeders that share no code with this project: `aics-witness` both ways, and Go's packages.

Our log is cosigned by their witness; their feeder is served by our witness; Go's own note package verifies
the checkpoint with every cosignature on it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.logs import ORIGIN, FixedClock, decision, joint_signer, signer, write_log
from tests.support.ports import free_port
from tests.support.witness_lab import new_log, new_witness, open_log, rules, serving
from zoneproxy.adapters.clock import SystemClock
from zoneproxy.adapters.reading.logfolder import open_log as read_log
from zoneproxy.adapters.witness.panel import WitnessRules
from zoneproxy.replay.audit import audit
from zoneproxy.terms.errors import TraceError
from zoneproxy.trace.trust import parse_trust

pytestmark = pytest.mark.live

ROOT = Path(__file__).resolve().parents[2]
FOREIGN = ROOT / ".venv-foreign" / "bin"
GO_MOD = Path("/usr/share/gocode/src/golang.org/x/mod/sumdb")
DENIAL = {"verdict": "deny", "by": "law", "reason": "origin-unknown"}


@pytest.fixture(scope="module", autouse=True)
def _foreign() -> None:
    if not (FOREIGN / "aics-witness").exists():
        pytest.skip("aics-witness is not there: install it into .venv-foreign")


@pytest.fixture(scope="module")
def gover(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Go verifier, built from `tests/live/gover` without any network."""
    if not (FOREIGN / "go").exists() or not GO_MOD.is_dir():
        pytest.skip("Go or its sumdb sources are not there: see tests/live/test_foreign_verifiers.py")
    made = tmp_path_factory.mktemp("gover") / "gover"
    settings = {
        "GOPROXY": "off", "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local", "CGO_ENABLED": "0",
        "GOCACHE": os.environ.get("GOCACHE", str(ROOT / "var" / "gocache")),
        "GOPATH": str(made.parent / "gopath"),
    }  # fmt: skip
    done = subprocess.run(
        [FOREIGN / "go", "build", "-o", made, "."],
        cwd=ROOT / "tests" / "live" / "gover",
        env=os.environ | settings, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return made


@contextlib.contextmanager
def aics_witness(folder: Path) -> Iterator[tuple[str, str]]:
    """Run their witness, which knows our log; yield its address and verifier key."""
    folder.mkdir(exist_ok=True)
    port = free_port()
    config = folder / "witness.json"
    if not config.exists():
        for words in (
            ["init", "--name", "aics.example/w1", "--listen", f"127.0.0.1:{port}"],
            ["add-log", "--origin", ORIGIN, "--vkey", signer().verifiers[0].vkey],
        ):
            done = subprocess.run(
                [FOREIGN / "aics-witness", words[0], "--config", config, *words[1:]],
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            if words[0] == "init":
                (folder / "vkey").write_text(done.stdout.strip().splitlines()[-1])
    process = subprocess.Popen(
        [FOREIGN / "aics-witness", "serve", "--config", config, "--listen", f"127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}", (folder / "vkey").read_text()
    finally:
        process.terminate()
        process.wait(10)


def asking(url: str, vkey: str) -> WitnessRules:
    return WitnessRules(
        parse_trust(f"witness aics {vkey} {url}\nquorum aics\n".encode()),
        interval_s=3600, heartbeat_s=3600, timeout_s=10, insist_at_start=True,
    )  # fmt: skip


async def test_their_witness_cosigns_our_log(tmp_path: Path) -> None:
    """From its first checkpoint on, over a restart of the log, with both of our signatures on it (Z14)."""
    root = new_log(tmp_path / "log")
    with aics_witness(tmp_path / "aics") as (url, vkey):
        asked = asking(url, vkey)
        for turn in range(2):
            log = open_log(root, asked, clock=SystemClock())
            for number in range(150):
                await log.append("decision", decision(number + 200 * turn, **DENIAL), {})
            await log.publish()
            assert await log.witness()
            await log.close()
        report = audit(read_log(root), trust=asked.trust)
        assert (report.exit_code, report.brackets.proven, report.unsigned) == (0, 2, 0)
        assert report.brackets.bracketed > 250


async def test_their_witness_stops_a_snapshot(tmp_path: Path) -> None:
    """What it shows of our log, with our signature, stops a copy that was put back (Z14)."""
    root = new_log(tmp_path / "log")
    with aics_witness(tmp_path / "aics") as (url, vkey):
        await open_log(root, asking(url, vkey), clock=SystemClock()).close()
        shutil.copytree(root, tmp_path / "snapshot")
        await open_log(root, asking(url, vkey), clock=SystemClock()).close()
        with pytest.raises(TraceError, match="rolled back"):
            open_log(tmp_path / "snapshot", asking(url, vkey), clock=SystemClock())


def test_our_witness_serves_their_feeder(tmp_path: Path) -> None:
    """Their client, which knows one of its keys, feeds our witness a log that grows, then an older one."""
    sizes = {"1": [], "2": [40], "3": [40, 120], "4": [40, 120, 9]}
    for name, exchanges in sizes.items():
        write_log(tmp_path / "logs" / name, exchanges, joint_signer())
    new_witness(tmp_path / "w")
    with serving(tmp_path / "w", clock=FixedClock(SystemClock().now_ms())) as witness:
        words: list[str | Path] = [FOREIGN / "python", ROOT / "tests/live/aics/feed.py", witness.url]
        words.append(witness.keys[0].vkey)
        done = subprocess.run([*words, tmp_path / "logs"], capture_output=True, text=True, check=True)
        assert done.stdout.splitlines() == ["ok 1 1", "ok 81 1", "ok 321 1", "ok 339 1"], done.stdout
        write_log(tmp_path / "older" / "5", [40, 3], joint_signer())
        done = subprocess.run([*words, tmp_path / "older"], capture_output=True, text=True, check=True)
        assert done.stdout.startswith("refused WitnessAhead")


async def test_go_verifies_our_cosignatures(tmp_path: Path, gover: Path) -> None:
    """Both log signatures, and the 0x04 and 0x06 cosignatures of our witness, by Go's packages (Z14)."""
    root = new_log(tmp_path / "log")
    new_witness(tmp_path / "w")
    with serving(tmp_path / "w") as witness:
        log = open_log(root, rules(witness))
        await log.append("decision", decision(1, **DENIAL), {})
        await log.close()
    keys = tmp_path / "all.vkey"
    keys.write_text("".join(f"{key.vkey}\n" for key in (*joint_signer().verifiers, *witness.keys)))

    def accepts() -> bool:
        done = subprocess.run([gover, root, keys], capture_output=True, text=True, check=False)
        return done.returncode == 0

    assert accepts()
    whole = (root / "checkpoint").read_bytes()
    (root / "checkpoint").chmod(0o644)
    lines = whole.splitlines(keepends=True)
    assert len(lines) == 8
    for number in (6, 7):
        (root / "checkpoint").write_bytes(b"".join(line for at, line in enumerate(lines) if at != number))
        assert not accepts()
        broken = bytearray(lines[number])
        broken[60] ^= 1
        (root / "checkpoint").write_bytes(b"".join([*lines[:number], bytes(broken), *lines[number + 1 :]]))
        assert not accepts()

"""What the demo plays on: model servers, a host on the domestic side, and the boundary between them.

The boundary is made and started as an operator would: `zoneproxy init`, an edit of its `zone.yaml`
(where the model servers are), `zoneproxy run`. Every side is a loopback address of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from demo import model_server
from demo.programs import ROOT, Program, running
from zoneproxy.adapters.state.bindings import SqliteBindings
from zoneproxy.config.bindings import Bindings
from zoneproxy.route.binding import DAY_MS
from zoneproxy.terms.objects import Binding, ObjectName

FOLDER = ROOT / "var" / "demo"
LOG = FOLDER / "log"
CONFIG = FOLDER / "zone.yaml"
ZONEPROXY = str(Path(sys.executable).with_name("zoneproxy"))
_MARKER = FOLDER / ".made-by-the-demo"

TENANT = "toyco-sg"
REAL_MODEL = "zone-llm-01"
SCRIPTED_MODEL = "zone-llm-02"

REAL_HOST, SCRIPTED_HOST, INLAND_HOST = "127.0.30.11", "127.0.30.12", "127.0.20.40"
DOOR_HOSTS = {
    "singapore": "127.0.10.1",
    "kuala-lumpur": "127.0.11.1",
    "domestic": "127.0.20.1",
    "outward": "127.0.30.1",
}
SINGAPORE_SOURCE, DOMESTIC_SOURCE = "127.0.10.7", "127.0.20.7"
_PAUSE_SECONDS = "0.03"


class StageError(Exception):
    """The stage can't be set; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What a scene may use.

    Attributes:
        doors: URL of each door: `singapore`, `domestic`, `outward`.
        credential: the Singapore tenant's.
        inland_url: a page on the domestic side.
        model: what answers for `REAL_MODEL`, in words.
    """

    doors: dict[str, str]
    credential: str
    inland_url: str
    model: str

    def scripted_requests(self) -> int:
        """How many requests the scripted model server has received."""
        return _lines(FOLDER / "scripted.jsonl")

    def inland_requests(self) -> int:
        """How many requests the host on the domestic side has received."""
        return _lines(FOLDER / "inland.jsonl")


def _lines(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines()) if path.is_file() else 0


def zoneproxy(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one `zoneproxy` command to its end, from the project's folder."""
    return subprocess.run([ZONEPROXY, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def clear() -> None:
    """Remove what an earlier demo left; nothing else.

    Raises:
        StageError: the folder is not the demo's own.
    """
    if FOLDER.exists() and not _MARKER.is_file():
        raise StageError(f"`{FOLDER}` was not made by the demo: move it away first")
    shutil.rmtree(FOLDER, ignore_errors=True)


@contextlib.contextmanager
def set_stage(say: Callable[[str], None]) -> Iterator[Stage]:
    """Start everything, and end it with the `with` block; the boundary ends first and seals its log.

    Args:
        say: is told what is being started, a line at a time.

    Raises:
        StageError: the boundary's folder can't be made.
        StartError: a program did not get ready.
    """
    clear()
    port = _common_port()
    credential = _init(port)
    doors = {door: f"http://{host}:{port}" for door, host in DOOR_HOSTS.items()}
    outward = f"{DOOR_HOSTS['outward']}:{port}"
    with contextlib.ExitStack() as programs:
        scripted = programs.enter_context(
            _echo(SCRIPTED_HOST, "scripted", "--outward", outward, "--outward-from", SCRIPTED_HOST)
        )
        inland = programs.enter_context(_echo(INLAND_HOST, "inland"))
        if package := model_server.missing():
            say(f"the package `{package}` can't be had here: a small echo server plays the model")
            model, real = "an echo server", programs.enter_context(_echo(REAL_HOST, "real"))
        else:
            say("loading the model")
            model, real = "Gemma 3 270M, served by llama.cpp", programs.enter_context(_real())
        _configure(real.url, scripted.url)
        _bind_file("file-gguf")
        programs.enter_context(running([ZONEPROXY, "run", "--config", str(CONFIG)]))
        yield Stage(doors, credential, f"{inland.url}/report", model)


def _common_port() -> int:
    """Find a port that every door can have, so that two demos, or a zone that runs, don't collide."""
    with contextlib.ExitStack() as probes:
        port = 0
        for host in DOOR_HOSTS.values():
            probe = probes.enter_context(socket.create_server((host, port)))
            port = probe.getsockname()[1]
    return port


def _init(port: int) -> str:
    """Make a fresh boundary; return the Singapore tenant's credential, which is shown only now."""
    done = zoneproxy("init", str(FOLDER), "--port", str(port))
    if done.returncode != 0:
        raise StageError(f"`zoneproxy init` failed: {(done.stderr or done.stdout).strip()}")
    _MARKER.touch()
    return next(line.split()[-1] for line in done.stdout.splitlines() if TENANT in line)


def _configure(real: str, scripted: str) -> None:
    """Edit the fresh `zone.yaml`: where the model servers are, and a host that workloads must not reach."""
    config = yaml.safe_load(CONFIG.read_text("utf-8"))
    config["servers"] = [
        _server("real", real, REAL_MODEL, []),
        _server("scripted", scripted, SCRIPTED_MODEL, ["/v1/files", "/v1/models"]),
    ]
    config["outward"] = [{"host": INLAND_HOST, "side": "domestic"}]
    CONFIG.write_text(yaml.safe_dump(config, sort_keys=False), "utf-8")


def _bind_file(file_id: str) -> None:
    """Let a file of the scripted server be the Singapore tenant's own: what is nobody's is not looked for."""
    store = SqliteBindings(FOLDER / Bindings().store)
    store.prepare()
    now_ms = time.time_ns() // 1_000_000
    name = ObjectName("file", file_id)
    made = Binding(name, TENANT, "cable-sg-1", "overseas", "scripted", "", now_ms, now_ms + DAY_MS)
    asyncio.run(store.claim([made]))
    store.close()


def _server(name: str, url: str, model: str, paths: list[str]) -> dict[str, Any]:
    address = url.removeprefix("http://")
    return {"id": name, "address": address, "models": [model], "paths": paths, "separation": "physical"}


def _echo(host: str, name: str, *more: str) -> contextlib.AbstractContextManager[Program]:
    seen = str(FOLDER / f"{name}.jsonl")
    command = [sys.executable, "-m", "demo.echo_server", "--host", host, "--seen", seen]
    return running([*command, "--pause", _PAUSE_SECONDS, *more])


def _real() -> contextlib.AbstractContextManager[Program]:
    return running([sys.executable, "-m", "demo.model_server", "--host", REAL_HOST, "--name", REAL_MODEL])

"""What the demo plays on: model servers, a host on the domestic side, and the boundary between them.

The boundary is made and started as an operator would: `zoneproxy init`, an edit of its `zone.yaml`
(where the model servers are), `zoneproxy run`. Every side is a loopback address of its own.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from demo import model_server
from demo.programs import ROOT, running

FOLDER = ROOT / "var" / "demo"
LOG = FOLDER / "log"
CONFIG = FOLDER / "zone.yaml"
ZONEPROXY = str(Path(sys.executable).with_name("zoneproxy"))
_MARKER = FOLDER / ".made-by-the-demo"

REAL_MODEL = "zone-llm-01"
SCRIPTED_MODEL = "zone-llm-02"

REAL_HOST, SCRIPTED_HOST, INLAND_HOST = "127.0.30.11", "127.0.30.12", "127.0.20.40"
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

"""`docs/log-format.md`: the verifier that stands there runs, and refuses what is not the log (Z18)."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.logs import ORIGIN, joint_signer, write_log

PAGE = Path(__file__).resolve().parents[2] / "docs" / "log-format.md"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's program, in a file of its own."""
    (text,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert "zoneproxy" not in text
    made = tmp_path_factory.mktemp("page") / "verifier.py"
    made.write_text(text, encoding="utf-8")
    return made


def judge(program: Path, log: Path) -> subprocess.CompletedProcess[str]:
    vkey = next(log.glob("*.vkey")).read_text(encoding="utf-8").splitlines()[0]
    return subprocess.run(
        [sys.executable, "-I", program, log, vkey], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("exchanges", [[1], [100, 60], [127, 1, 300]])
def test_it_accepts_a_log(program: Path, tmp_path: Path, exchanges: list[int]) -> None:
    """Partial, full and several bundles, signed by both keys."""
    made = judge(program, write_log(tmp_path / "log", exchanges, joint_signer()))
    assert (made.returncode, made.stderr) == (0, "")
    assert made.stdout == f"{ORIGIN}: {2 * sum(exchanges) + 1} entries hold\n"


@pytest.mark.parametrize("place", ["tile/entries/000", "tile/entries/001.p/65", "checkpoint"])
def test_it_refuses_a_changed_log(program: Path, tmp_path: Path, place: str) -> None:
    """One byte of an entry, or of what was signed."""
    log = write_log(tmp_path / "log", [160], joint_signer())
    data = bytearray((log / place).read_bytes())
    at = data.index(b"\n") + 1 if place == "checkpoint" else len(data) // 2
    data[at] ^= 1
    (log / place).unlink()
    (log / place).write_bytes(data)
    assert judge(program, log).returncode == 1

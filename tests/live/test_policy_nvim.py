"""A real editor, without a screen, writes a policy with the language server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.zone_world import ROOT

pytestmark = pytest.mark.live
NVIM = shutil.which("nvim")


@pytest.mark.skipif(NVIM is None, reason="neovim is not installed: apt-get install neovim")
def test_neovim_underlines_completes_explains_and_takes_back(tmp_path: Path) -> None:
    """A mistake is marked with its remedy, facts of the phase are offered, and the mark goes."""
    pytest.importorskip("pygls", reason="the language server's package is not installed")
    text = (ROOT / "policies/shantou-pilot.operator.yaml").read_text("utf-8")
    (tmp_path / "p.yaml").write_text(text.replace("{request.path: {prefix", "{request.pth: {prefix"), "utf-8")
    server = str(Path(sys.executable).with_name("zoneproxy"))
    done = subprocess.run(
        [str(NVIM), "--headless", "-u", "NONE", "p.yaml", "-c", f"luafile {ROOT}/tests/live/nvim/drive.lua"],
        cwd=tmp_path,
        env={
            **os.environ,
            "ZONEPROXY_LSP": server,
            "HOME": str(tmp_path),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    told = done.stderr + done.stdout
    assert "unknown fact `request.pth`" in told, told
    assert "did you mean `request.path`?" in told
    assert "offered true false" in told, "facts of a later phase are not offered"
    assert "mended true" in told
    assert "hover path without its query" in told

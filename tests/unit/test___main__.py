"""`python -m zoneproxy` is the command line."""

from __future__ import annotations

import subprocess
import sys

from zoneproxy import __version__


def test_the_package_runs_as_a_program() -> None:
    """It speaks as `zoneproxy` does."""
    said = subprocess.run(
        [sys.executable, "-m", "zoneproxy", "--version"], capture_output=True, text=True, check=True
    )
    assert said.stdout == f"zoneproxy {__version__}\n"

"""The test run's own rule: nothing is skipped in CI."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SUITES = {
    "a test skips itself": "import pytest\ndef test_it(): pytest.skip('no tool')",
    "a fixture skips": (
        "import pytest\n@pytest.fixture\ndef tool(): pytest.skip('no tool')\ndef test_it(tool): pass"
    ),
    "a mark skips": "import pytest\n@pytest.mark.skipif(True, reason='no tool')\ndef test_it(): pass",
    "a file skips": "import pytest\npytest.skip('no tool', allow_module_level=True)",
}


def run(folder: Path, text: str, *, ci: str) -> subprocess.CompletedProcess[str]:
    rule = Path(__file__).resolve().parents[1] / "conftest.py"
    (folder / "conftest.py").write_text(rule.read_text("utf-8"), "utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n", "utf-8")
    (folder / "test_it.py").write_text(text, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    return subprocess.run(
        command, cwd=folder, env={**os.environ, "CI": ci}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("suite", SUITES)
def test_a_skip_fails_in_ci(tmp_path: Path, suite: str) -> None:
    """However a test is skipped, with CI=true the run fails and says why."""
    done = run(tmp_path, SUITES[suite], ci="true")
    assert done.returncode not in {0, 5}
    assert "nothing may be skipped in CI" in done.stdout
    assert "no tool" in done.stdout


def test_a_skip_elsewhere_and_an_expected_failure_in_ci_are_no_failure(tmp_path: Path) -> None:
    """The rule is for CI, and an expected failure is not a skip."""
    assert run(tmp_path, SUITES["a test skips itself"], ci="").returncode == 0
    expected = "import pytest\n@pytest.mark.xfail(reason='known')\ndef test_it(): assert False"
    assert run(tmp_path, expected, ci="true").returncode == 0

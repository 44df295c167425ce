"""`zoneproxy`: public names are there for who asks, and nothing is loaded for who does not."""

from __future__ import annotations

import subprocess
import sys

import pytest

import zoneproxy

LOADED = "import sys, zoneproxy; print(*sorted(m for m in sys.modules if m.split('.')[0] in {packages}))"


def run(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("name", sorted(set(zoneproxy.__all__) - {"__version__"}))
def test_every_public_name_is_there(name: str) -> None:
    """What the package promises can be imported."""
    assert getattr(zoneproxy, name).__name__ == name


def test_another_name_is_not_there() -> None:
    """A misspelt name is an error, not a surprise later."""
    with pytest.raises(AttributeError, match="verify_tags"):
        _ = zoneproxy.verify_tags


def test_the_package_alone_loads_nothing() -> None:
    """`import zoneproxy` is free: no room, no library."""
    packages = {"zoneproxy", "cryptography", "pydantic", "yaml", "structlog", "mitmproxy"}
    assert run(LOADED.format(packages=packages)) == "zoneproxy"


def test_a_model_server_loads_little() -> None:
    """Z2: the check of a tag needs `cryptography`, and neither the proxy nor the policy language."""
    program = "import zoneproxy; zoneproxy.verify_tag; zoneproxy.TagMiddleware; zoneproxy.read_tag_keys; "
    packages = {"pydantic", "yaml", "structlog", "mitmproxy"}
    assert run(program + LOADED.format(packages=packages)) == ""

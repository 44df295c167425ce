"""The policies that come with the program: in the installed wheel, or in the checkout."""

from __future__ import annotations

from pathlib import Path

from zoneproxy.adapters.files.settings import read_small
from zoneproxy.terms.errors import ConfigError

PACKAGE = Path(__file__).resolve().parent.parent


def shipped_policy(name: str) -> bytes:
    """Return a shipped policy's bytes.

    Args:
        name: its file name, for example `shantou-pilot.operator.yaml`.

    Raises:
        ConfigError: the installation lacks it.
    """
    for folder in (PACKAGE / "policies", PACKAGE.parent / "policies"):
        if (folder / name).is_file():
            return read_small(folder / name, "the shipped policy")
    raise ConfigError(f"the shipped policy `{name}` is missing", hint="install zoneproxy again")

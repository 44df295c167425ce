"""The parts of `zone.yaml` that say where records go and which rules are in force."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from zoneproxy.config.part import Part, Seconds, Text


class Log(Part):
    """The trace log."""

    directory: Text = Field(description="the log's directory, made by `zoneproxy init`")
    origin: Annotated[str, Field(pattern=r"^[!-*,-~]{1,255}$")] = Field(
        description="the log's name, a URL without scheme; it is the key's name too"
    )
    key: Text = Field(description="private key that signs checkpoints, mode 0600")
    publish_interval: Seconds = Field(1.0, description="seconds between checkpoints while the log grows")


class Policies(Part):
    """The two layers; a flow passes only if both allow."""

    regulator: Text = Field(description="file of the regulator's layer")
    operator: Text = Field(description="file of the operator's layer")

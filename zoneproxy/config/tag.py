"""The part of `zone.yaml` that says how requests are tagged on their way in."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from zoneproxy.config.part import Part, Text


class Tag(Part):
    """The signed tag that each request bears inside the zone."""

    key: Text = Field(description="private key that signs the tags, mode 0600")
    lifetime_s: Annotated[int, Field(ge=5, le=3600)] = Field(
        60, description="seconds from the decision to the tag's end; model servers must read it by then"
    )

"""The part of `zone.yaml` that names the data sets that owners registered."""

from __future__ import annotations

from pydantic import Field

from zoneproxy.config.part import Part, Text


class RegisteredData(Part):
    """One registered data set: its index, and the owner's key to it."""

    index: Text = Field(description="file that `zoneproxy data register` made, from the owner")
    key: Text = Field(
        description="file of the owner's key, 32 bytes, mode 0600; handed over apart from the index"
    )

"""The part of `zone.yaml` that says where records go."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from zoneproxy.config.part import Part, Seconds, Text


class Log(Part):
    """The trace log."""

    directory: Text = Field(description="the log's directory, made by `zoneproxy init`")
    origin: Annotated[str, Field(pattern=r"^[!-*,-~]{1,255}$")] = Field(
        description="the log's name, a URL without scheme; it is the key's name too. A shard adds its month"
    )
    key: Text = Field(
        description="folder of the private keys that sign checkpoints, mode 0700; of a log without shards "
        "the key itself, mode 0600"
    )
    shards: Literal["none", "monthly"] = Field(
        "monthly",
        description="`monthly`: a log and keys of their own each month, of which closed ones are destroyed; "
        "`none`: one log with one pair of keys",
    )
    close_within: Seconds = Field(
        3600.0, description="seconds that exchanges may go on in a shard whose month is over"
    )
    ticket_key: Text | None = Field(
        None, description="private key that signs the tickets of records, mode 0600; none are given without"
    )
    publish_interval: Seconds = Field(1.0, description="seconds between checkpoints while the log grows")

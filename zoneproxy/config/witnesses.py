"""The part of `zone.yaml` that says who cosigns the log, and what happens while they don't."""

from __future__ import annotations

from pydantic import Field

from zoneproxy.config.part import Part, Seconds, Text


class Witnesses(Part):
    """Who cosigns the log's checkpoints; without this part nobody is asked."""

    policy: Text = Field(
        description="trust file (C2SP tlog-policy): `witness <name> <vkey> <url>` lines and the quorum"
    )
    interval: Seconds = Field(10.0, description="seconds between rounds of cosigning while the log grows")
    heartbeat: Seconds = Field(60.0, description="seconds between rounds while nothing happens")
    epoch_interval: Seconds = Field(
        60.0,
        description="seconds between the cosigned checkpoints that the log keeps to show when entries were "
        "written (some 8 kB each); longer, up to an hour, while nothing is logged",
    )
    timeout: Seconds = Field(5.0, description="seconds for each request to a witness")
    alarm_after: Seconds = Field(60.0, description="seconds without a quorum until the alarm")
    max_unwitnessed: Seconds | None = Field(
        None,
        description="seconds without a quorum until the boundary shuts, to start again only when a quorum "
        "answers; the boundary goes on where this is not set",
    )
    insist_at_start: bool = Field(
        default=False, description="do not start without a quorum (always so where `max_unwitnessed` is set)"
    )

"""The part of `zone.yaml` that says how many processes serve, and how they are kept running."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from zoneproxy.config.part import Part, Seconds, Text

UserId = Annotated[int, Field(ge=0, le=2**32 - 2)]


class Workers(Part):
    """The processes that serve, and the sequencer that writes the log for them."""

    count: Annotated[int, Field(ge=1, le=64)] = Field(
        1, description="processes that serve; one writes the log itself, several share a sequencer"
    )
    socket: Text = Field(
        "run/logd.sock", description="the sequencer's Unix socket, in a folder that only its user writes"
    )
    logd: Literal["own", "external"] = Field(
        "own",
        description="`own`: `zoneproxy run` starts the sequencer; `external`: `zoneproxy logd` runs already",
    )
    logd_user_id: UserId | None = Field(
        None, description="the user that an external sequencer runs as; the workers' own where not given"
    )
    user_ids: list[UserId] = Field(
        default_factory=list,
        description="users whose processes the sequencer serves; its own where none are given",
    )
    group_id: UserId | None = Field(
        None, description="the group that may reach the socket, where workers run as other users"
    )
    answer_timeout_s: Seconds = Field(
        10.0, description="a worker shuts when a record is not acknowledged in this time"
    )
    ready_timeout_s: Seconds = Field(60.0, description="a process that is not ready in this time is ended")
    backoff_first_s: Seconds = Field(0.2, description="wait before a process that died is started again")
    backoff_most_s: Seconds = Field(10.0, description="the wait doubles up to this")
    crash_limit: Annotated[int, Field(ge=1, le=100)] = Field(
        5, description="a process that dies more often than this in `crash_window_s` stops the zone"
    )
    crash_window_s: Seconds = Field(60.0, description="the time in which deaths are counted")

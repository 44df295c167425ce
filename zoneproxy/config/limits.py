"""The parts of `zone.yaml` that bound what one caller can cost, and say how closely it is looked at."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from zoneproxy.config.part import MEBIBYTE, Bytes, Part, Seconds, Text


class Scan(Part):
    """How closely contents are looked at."""

    level: Annotated[int, Field(ge=1, le=4)] = Field(
        2, description="detector level: higher finds and errs more"
    )
    digest_key: Text = Field(description="file of the key of the findings' digests, 32 bytes, mode 0600")


class Limits(Part):
    """Bounds of what one caller can cost."""

    max_body_bytes: Bytes = Field(8 * MEBIBYTE, description="largest request body")
    max_answer_bytes: Bytes = Field(64 * MEBIBYTE, description="largest answer")
    max_event_bytes: Bytes = Field(MEBIBYTE // 4, description="largest server-sent event")
    max_header_bytes: Bytes = Field(65_536, description="largest request head")
    header_timeout_s: Seconds = Field(10.0, description="from a head's first byte to its last")
    idle_timeout_s: Seconds = Field(120.0, description="silence between requests of one connection")
    hook_deadline_s: Seconds = Field(30.0, description="for one step of the boundary's own work")
    answer_timeout_s: Seconds = Field(600.0, description="silence while a model server answers")
    drain_timeout_s: Seconds = Field(30.0, description="for exchanges under way when the zone stops")

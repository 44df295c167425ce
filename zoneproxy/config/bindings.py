"""The part of `zone.yaml` that says where the bindings of stored objects are kept, and how long they last."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from zoneproxy.config.part import Part, Text
from zoneproxy.route.binding import DAY_MS, Lifetimes

Days = Annotated[int, Field(ge=1, le=3660)]
Kind = Literal[
    "assistant", "audio", "batch", "completion", "container", "conversation", "file", "item", "message",
    "message_batch", "part", "prompt", "response", "run", "run_step", "skill", "thread", "upload",
    "vector_store", "vector_store_batch",
]  # fmt: skip


class Bindings(Part):
    """What was made in the zone is collected by who made it, on the route it was made on, in this time."""

    store: Text = Field(
        "state/bindings.sqlite", description="the store's file, on a local disk; all workers share it"
    )
    days: Days = Field(30, description="days in which what was made can be used")
    days_by_kind: dict[Kind, Days] = Field(
        default_factory=dict, description="other days for some kinds of objects"
    )

    def lifetimes(self) -> Lifetimes:
        """Build the lifetimes."""
        return Lifetimes(
            self.days * DAY_MS, {str(kind): days * DAY_MS for kind, days in self.days_by_kind.items()}
        )

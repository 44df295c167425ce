"""The part of `zone.yaml` that says who can open private parts of records, and how long they are kept."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from zoneproxy.config.part import Part, Text
from zoneproxy.policy.read import Source
from zoneproxy.trace.retention import DEFAULT_DAYS, OPERATIONAL, RECORD, RetentionPolicy
from zoneproxy.trace.schema import PRIVATE

Days = Annotated[int, Field(ge=1, le=36_525)]
ClassName = Literal["record", "operational"]


class Retention(Part):
    """How long what is kept, in days of UTC; what is over is erased by the running boundary."""

    record: Days = Field(DEFAULT_DAYS[RECORD], description="private parts of decisions and ends")
    operational: Days = Field(DEFAULT_DAYS[OPERATIONAL], description="private parts of all other records")
    entries: Days = Field(
        DEFAULT_DAYS[RECORD], description="the public entries; hash tiles are kept for ever"
    )
    classes: dict[str, ClassName] = Field(
        default_factory=dict, description="another class for the private part of a kind of record"
    )
    legal_hold: bool = Field(
        default=False, description="nothing is erased, neither by age nor by redaction, while this is true"
    )

    def policy(self) -> RetentionPolicy:
        """Return it as the trace room knows it."""
        days = {RECORD: self.record, OPERATIONAL: self.operational}
        return RetentionPolicy(days, dict(self.classes), self.entries)


class Privacy(Part):
    """Private parts of records: encrypted at rest, kept for a time."""

    key: Text = Field(
        "keys/opening.key", description="key that private parts are encrypted under, 32 bytes, mode 0600"
    )
    older_keys: list[Text] = Field(
        default_factory=list, description="keys that were in use before, to open what lies under them"
    )
    regulator: Text | None = Field(
        None, description="public key (X25519, PEM) of a regulator who may open everything as well"
    )
    retention: Retention = Field(
        default_factory=lambda: Retention(),  # noqa: PLW0108 - the class needs its defaults
        description="how long what is kept",
    )


def check_retention(source: Source, privacy: Privacy) -> None:
    """Say which classes can't be: of kinds that have no private part, or that outlive their entries."""
    retention = privacy.retention
    for kind in retention.classes:
        if kind not in PRIVATE:
            source.report(
                ("privacy", "retention", "classes", kind),
                "ZC0006",
                f"records of the kind `{kind}` have no private part",
                remedy=f"name one of {', '.join(sorted(PRIVATE))}",
            )
    for name in ("record", "operational"):
        if getattr(retention, name) > retention.entries:
            source.report(
                ("privacy", "retention", name),
                "ZC0006",
                f"private parts would be kept for {getattr(retention, name)} days, longer than their entries",
                remedy=f"write at most {retention.entries}, or a larger number of days for `entries`",
            )

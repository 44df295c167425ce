"""What every part of `zone.yaml` is made of: strict models and the field types that they share."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

MEBIBYTE = 1024 * 1024
RouteId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Text = Annotated[str, Field(min_length=1, max_length=512)]
SideName = Literal["overseas", "zone", "domestic"]
Seconds = Annotated[
    float, Field(gt=0, le=86_400), BeforeValidator(lambda v: float(v) if type(v) is int else v)
]
Bytes = Annotated[int, Field(ge=1024, le=1024 * MEBIBYTE)]


class Part(BaseModel):
    """A part of the configuration: closed and strict."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

"""The part of `zone.yaml` that bounds how many bytes leave in answers, by the tokens billed for them.

The bounds of an answer hold in every process. A tenant's window is divided: where several workers serve, each
gets an equal part, rounded down, so the zone never lets out more than is written here. A worker that starts
begins with an empty window.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from zoneproxy.config.part import MEBIBYTE, Part
from zoneproxy.meter.egress import EgressBudget

Amount = Annotated[int, Field(ge=0, le=2**40)]
PerToken = Annotated[int, Field(ge=1, le=MEBIBYTE)]


class Egress(Part):
    """What the tokens of an answer can account for, and what may leave beyond that."""

    bytes_per_token: PerToken = Field(64, description="new bytes that one completion token accounts for")
    models: dict[Annotated[str, Field(min_length=1, max_length=128)], PerToken] = Field(
        default_factory=dict, description="`bytes_per_token` of models that differ"
    )
    tokens_per_event: Annotated[int, Field(ge=1, le=4096)] = Field(
        16, description="tokens that one event of a stream may bear, as long as the server told no count"
    )
    envelope_bytes: Amount = Field(4096, description="what surrounds an answer, whatever it says")
    allowance_bytes: Amount = Field(65_536, description="of one answer, beyond what is accounted for")
    audio_bytes_per_token: PerToken = Field(4096, description="the same for speech")
    image_bytes: Amount = Field(8 * MEBIBYTE, description="for each picture that was asked for")
    vector_dimensions: Annotated[int, Field(ge=1, le=65_536)] = Field(
        8192, description="dimensions of the largest vector that a served model makes"
    )
    unbilled_bytes: Amount = Field(
        8 * MEBIBYTE, description="an answer that bills no tokens: lists, stored files"
    )
    window_bytes: Amount = Field(
        256 * MEBIBYTE, description="of one tenant in any window: what no billed token accounts for"
    )
    window_s: Annotated[int, Field(ge=1, le=31_622_400)] = Field(86_400, description="length of the window")

    def budget(self) -> EgressBudget:
        """Return it as the meter takes it."""
        return EgressBudget(
            bytes_per_token=self.bytes_per_token,
            tokens_per_event=self.tokens_per_event,
            envelope_bytes=self.envelope_bytes,
            allowance_bytes=self.allowance_bytes,
            audio_bytes_per_token=self.audio_bytes_per_token,
            image_bytes=self.image_bytes,
            vector_dimensions=self.vector_dimensions,
            unbilled_bytes=self.unbilled_bytes,
            window_bytes=self.window_bytes,
            window_ms=self.window_s * 1000,
            of_model=tuple(sorted(self.models.items())),
        )

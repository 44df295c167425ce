"""The part of `zone.yaml` that keeps fingerprints of what is returned, so that it is recognised inland."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from zoneproxy.config.part import MEBIBYTE, Part, Text


class Flowback(Part):
    """Fingerprints of returned results, in daily signed runs, and the key of canaries."""

    directory: Text = Field(description="folder of the runs; it must exist")
    key: Text = Field(description="file of the fingerprints' and canaries' key, 32 bytes, mode 0600")
    signing_key: Text = Field(description="private key that signs the runs, mode 0600")
    keep_days: Annotated[int, Field(ge=1, le=3660)] = Field(
        183, description="older runs are deleted when the next ones are built"
    )
    most_bytes_per_day: Annotated[int, Field(ge=8, le=2**40)] = Field(
        512 * MEBIBYTE, description="of one worker; about eight times as many characters are recognised"
    )

"""`zoneproxy.content.stream_step`: what a piece of a stream led to, made once and for all."""

from __future__ import annotations

from zoneproxy.content.stream_step import Making, StreamStep
from zoneproxy.terms.objects import ObjectName


def test_a_step_is_what_was_gathered() -> None:
    """Names are told once, in their order; the rest as it was counted."""
    one, two = ObjectName("file", "a"), ObjectName("file", "b")
    making = Making(text_bytes=3, names=[two, one, two], new_bytes=7, grown=1)
    step = making.made("ok", b"x", b"y")
    assert step == StreamStep(
        b"x", state="ok", terminal=b"y", text_bytes=3, names=(two, one), new_bytes=7, grown=1
    )

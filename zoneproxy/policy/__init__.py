"""Floor 1: what do the rules say? A small compiler from YAML to decisions.

    read      strict YAML with the place of every part
    model     the closed format; validate maps what does not fit it to places
    sections  what one part demands of another
    compile   conditions as trees; match turns them into closures
    bundle    a policy ready to decide with, and the facts it provides itself
    decide    the answer: three-valued, deny by default, a pure function of facts
    render    problems as text, JSON and SARIF

Bytes in, values out: nothing here opens a file, reads a clock or draws a random number.
"""

from __future__ import annotations

from zoneproxy.policy.bundle import (
    ENGINE,
    Policy,
    authorization_facts,
    check_layers,
    load,
    model_facts,
)
from zoneproxy.policy.decide import decide, partial, shadow
from zoneproxy.policy.render import render_all

__all__ = [
    "ENGINE",
    "Policy",
    "authorization_facts",
    "check_layers",
    "decide",
    "load",
    "model_facts",
    "partial",
    "render_all",
    "shadow",
]

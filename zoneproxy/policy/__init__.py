"""Floor 1: what do the rules say? A small compiler from YAML to decisions.

    read      strict YAML with the place of every part
    model     the closed format; validate maps what does not fit it to places
    sections  what one part demands of another
    compile   conditions as trees; match turns them into closures
    bundle    a policy ready to decide with; chains are the facts that it provides itself
    decide    the answer: three-valued, deny by default, a pure function of facts
    render    problems as text, JSON and SARIF; schema is the format for editors
    cases     tests of policies (casefile is their format, link joins them to policies); coverage and
              mutate say what the tests have seen and what they would miss
    prove     invariants for all facts there can be, over cells (strings cuts texts) and diagrams (bdd)
    diff      what a change newly allows and denies; explain says why, and what would turn it
    bundle_*  signed bundles: bundle_archive is their bytes, bundle_file their form, bundle_results what was
              proved and tested, bundle_flaws what can be wrong
    assist    what an editor shows, at the place where a cursor stands (place)
    catalogue lists of regulated data, dated and hashed

Bytes in, values out: nothing here opens a file, reads a clock or draws a random number.
"""

from __future__ import annotations

from zoneproxy.policy.bundle import (
    ENGINE,
    Policy,
    check_layers,
    load,
)
from zoneproxy.policy.chains import action_facts, authorization_facts, model_facts
from zoneproxy.policy.decide import decide, partial, shadow
from zoneproxy.policy.render import render_all

__all__ = [
    "ENGINE",
    "Policy",
    "action_facts",
    "authorization_facts",
    "check_layers",
    "decide",
    "load",
    "model_facts",
    "partial",
    "render_all",
    "shadow",
]

"""Zones whose rules order masks and canaries in sessions, and what their callers are told."""

from __future__ import annotations

import json
from dataclasses import replace

from tests.support.masking_policy import masking_texts
from tests.support.realtime_world import (
    CREATE,
    World,
    created,
    delta,
    open_altered,
    open_masking,
    open_rules,
    session_rules,
    told,
)
from tests.support.zone_world import NOW_MS, ROOT
from zoneproxy.content.canary import mark
from zoneproxy.passage.commands import Command
from zoneproxy.passage.session import Session
from zoneproxy.passage.session_words import CloseBoth, ToClient
from zoneproxy.policy.bundle import load
from zoneproxy.replay.rewalk import Recorded as Entry
from zoneproxy.replay.rewalk import Rewalk, Walk

RESIDENT_ID = "110101199003074610"
TOKEN = "[masked:cn_resident_id]"
SECRET = bytes(range(32))
OWN = mark(SECRET, "toyco-sg", NOW_MS // 86_400_000)
ABROAD = "https://eu.zone.example/v1"


def masking() -> World:
    return World(rules=replace(session_rules(), policies=open_masking()))


def planting(*, masks: bool = False) -> World:
    """A zone whose answers bear canaries; with `masks` what is found in them goes masked."""
    change = ("{retain: P3Y}", "{retain: P3Y, canary: tenant_day}")
    policies = open_altered(change)
    if masks:
        regulator, operator = masking_texts()
        old, new = ("{retain: P3Y, mask: findings}", "{retain: P3Y, mask: findings, canary: tenant_day}")
        policies = (
            load(regulator.replace(old, new).encode(), "r"),
            load(open_rules(operator).replace(old, new).encode(), "o"),
        )
    rules = session_rules()
    return World(rules=replace(rules, policies=policies, scan=replace(rules.scan, canary_key=SECRET)))


def agree(world: World) -> bool:
    """Walk every record again; tell whether all of them agree."""
    policies = {policy.digest: policy for policy in world.rules.policies}
    entries = []
    for index, write in enumerate(world.durable):
        body = json.loads(json.dumps(write.body, default=sorted))
        private = json.loads(json.dumps(dict(write.private), default=str))
        entries.append(Entry(index, write.kind, body, private))
    return all(step.walk is Walk.AGREES for step in Rewalk(policies.__getitem__).walk(entries))


def texts(commands: list[Command]) -> list[dict[str, object]]:
    return [json.loads(one.text) for one in commands if isinstance(one, ToClient)]


def refused(commands: list[Command]) -> str:
    """Return the reason by which a session was ended."""
    assert isinstance(commands[-1], CloseBoth)
    return commands[-1].reason


def answer(world: World, session: Session, pieces: list[str]) -> list[dict[str, object]]:
    """Ask for an answer in pieces, and return all that the caller is told."""
    heard: list[Command] = world.run(session, CREATE)[1:]
    whole = "".join(pieces)
    place = {"response_id": "r1", "item_id": "i", "content_index": 0}
    output = [{"id": "i", "type": "message", "content": [{"type": "output_text", "text": whole}]}]
    usage = {"input_tokens": 5, "output_tokens": 7}
    for event in (
        created(),
        *map(delta, pieces),
        told("response.output_text.done", text=whole, **place),
        told("response.done", response={"id": "r1", "status": "completed", "output": output, "usage": usage}),
    ):
        heard += world.run(session, event)
    return texts(heard)


def open_texts() -> tuple[str, str]:
    """Return both layers of rules that open sessions, as text."""
    regulator, operator = (
        (ROOT / "policies" / f"shantou-pilot.{layer}.yaml").read_text("utf-8")
        for layer in ("regulator", "operator")
    )
    return regulator, open_rules(operator)

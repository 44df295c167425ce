"""`zoneproxy.passage.session`: what a policy orders is done in sessions too, or it is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.realtime_world import (
    CREATE,
    World,
    created,
    delta,
    done,
    handshake,
    item,
    open_altered,
    said,
    session_rules,
)
from tests.support.session_orders import (
    ABROAD,
    RESIDENT_ID,
    agree,
    answer,
    open_texts,
    texts,
)
from tests.support.zone_world import Receipts
from tests.unit.passage import test_session_masks
from zoneproxy.origin.signed_tag import TagSigner
from zoneproxy.passage.commands import Command, Forward, Write
from zoneproxy.passage.events import BodyArrived, Recorded
from zoneproxy.passage.session_words import ToClient
from zoneproxy.policy.bundle import load
from zoneproxy.policy.model import Obligations


def tag_is_kept() -> None:
    """The handshake bears the tag; its session's messages go on the connection that it opened."""
    signer = TagSigner("zone-test/tag+01020304", Ed25519PrivateKey.from_private_bytes(bytes(32)))
    world = World(rules=replace(session_rules(), tags=signer))
    own = world.begin()
    own.receive(handshake())
    (write,) = own.receive(BodyArrived(b""))
    assert isinstance(write, Write)
    ordered = [layer["obligations"] for layer in write.body["phases"]["collect"]["layers"]]
    assert any(one.get("tag") == "overseas" for one in ordered)
    (forward,) = own.receive(Recorded(Receipts().next()))
    assert isinstance(forward, Forward)
    assert {"zone-origin", "signature", "signature-input"} <= {name for name, _ in forward.headers}


def log_is_kept() -> None:
    policies = open_altered(("{meter: tokens}", "{meter: tokens, log: full_headers}"))
    world = World(rules=replace(session_rules(), policies=policies))
    world.run(world.open(), said("session.update", session={}))
    for write in world.durable[:2]:
        assert write.body["oblig"]["log"] == "full_headers"
        assert "authorization: (not recorded)" in str(write.private["headers"])


def meter_is_kept() -> None:
    world = World()
    answer(world, world.open(), ["fine "])
    assert world.durable[1].body["oblig"]["meter"] == "tokens"
    assert world.durable[-1].body["tok"]["completion"] == 7


def mask_is_kept() -> None:
    test_session_masks.test_what_is_found_goes_in_masked()
    test_session_masks.test_what_is_found_in_an_answer_leaves_masked([f"it is {RESIDENT_ID} ok"])


def canary_is_kept() -> None:
    test_session_masks.test_each_answer_bears_the_tenants_canary_once()


def open_lane_is_kept() -> None:
    """It speaks of maintenance, of which no session is: no session is open at such a door."""
    world = World()
    assert world.open().exchange.kind == "serve"


def retain_is_kept() -> None:
    """It speaks of records: those of a session's messages are records like all others, of the same shape."""
    world = World()
    answer(world, world.open(), ["fine "])
    assert world.durable[-1].body["oblig"]["retain"] == "P3Y"
    assert agree(world)


DENYING = """
  - id: {id}
    phase: {phase}
    effect: deny
    when: {when}
    reason: {reason}
    obligations: {{local_deployment: "{place}", alarm: regulator}}
"""


def denying(phase: str, when: str) -> World:
    """A zone whose operator refuses something, tells where else to go, and alarms."""
    regulator, operator = open_texts()
    number = {"process": "PRO-599", "return": "RET-599"}[phase]
    rule = DENYING.format(
        id=number, phase=phase, when=when, reason="market_requires_local_deployment", place=ABROAD
    )
    operator = operator.replace("\nrules:\n", f"\nrules:{rule}", 1)
    assert number in operator
    policies = (load(regulator.encode(), "r"), load(operator.encode(), "o"))
    return World(rules=replace(session_rules(), policies=policies))


def denials() -> list[tuple[World, list[Command]]]:
    """A message that is refused, and an answer that is cut, by rules that order something."""
    inward = denying("process", "{request.path: /v1/realtime, data.mixing: {not: clean}}")
    outward = denying("return", "{response.mixing: {not: clean}}")
    session = outward.open()
    outward.run(session, CREATE)
    outward.run(session, created())
    return [
        (inward, inward.run(inward.open(), said("conversation.item.create", item=item(RESIDENT_ID)))),
        (outward, outward.run(session, delta(f"{RESIDENT_ID} "))),
    ]


def local_deployment_is_kept() -> None:
    for world, crossed in denials():
        told_it = texts(crossed)[-1]["error"]
        assert isinstance(told_it, dict)
        ordered = next(write.body for write in world.durable if write.body["verdict"] == "deny")
        assert ordered["oblig"]["local_deployment"] == told_it["local_deployment"] == ABROAD
        assert ABROAD in told_it["message"]


def alarm_is_kept() -> None:
    """The driver tells it of every record that is written, those of a session's messages too."""
    for world, _ in denials():
        denials_told = [write.body["oblig"] for write in world.durable if write.body["verdict"] == "deny"]
        assert [one.get("alarm") for one in denials_told] == ["regulator"]


KEPT: dict[str, Callable[[], None]] = {
    "tag": tag_is_kept,
    "log": log_is_kept,
    "meter": meter_is_kept,
    "mask": mask_is_kept,
    "canary": canary_is_kept,
    "open_lane": open_lane_is_kept,
    "retain": retain_is_kept,
    "local_deployment": local_deployment_is_kept,
    "alarm": alarm_is_kept,
}


@pytest.mark.parametrize("name", Obligations.model_fields)
def test_no_order_is_dropped_in_a_session(name: str) -> None:
    """Z22: whatever a policy can order is done in sessions; a new order fails here until it is."""
    KEPT[name]()


def test_an_ordinary_answer_is_passed_on_byte_for_byte() -> None:
    """Without an order nothing is written anew."""
    world = World()
    session = world.open()
    world.run(session, CREATE)
    world.run(session, created())
    event = delta("fine  day ")
    (one,) = world.run(session, event)
    assert isinstance(one, ToClient)
    assert one.text == event.text
    world.run(session, done())

"""`zoneproxy.passage.session`: masks and canaries stand in sessions as they do in plain exchanges."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.support.masking_policy import masking_texts
from tests.support.realtime_world import (
    CREATE,
    World,
    created,
    handshake,
    item,
    open_rules,
    said,
    session_rules,
    told,
)
from tests.support.session_orders import (
    OWN,
    RESIDENT_ID,
    SECRET,
    TOKEN,
    agree,
    answer,
    masking,
    planting,
    refused,
    texts,
)
from tests.support.zone_world import NOW_MS
from zoneproxy.content.canary import mark
from zoneproxy.passage.commands import Write
from zoneproxy.passage.events import BodyArrived
from zoneproxy.passage.session_words import ClientLeft, ToServer
from zoneproxy.policy.bundle import load

# ---- masks -------------------------------------------------------------------------------------------


def test_what_is_found_goes_in_masked() -> None:
    """Z11, Z15: whatever message bears it; the record says so, and replay agrees."""
    world = masking()
    session = world.open()
    for event in (
        said("conversation.item.create", item=item(f"I am {RESIDENT_ID} ok")),
        said("session.update", session={"type": "realtime", "instructions": f"He is {RESIDENT_ID} ok"}),
    ):
        (sent,) = world.run(session, event)
        assert isinstance(sent, ToServer)
        assert RESIDENT_ID not in sent.text
        assert TOKEN in sent.text
        assert world.durable[-2].body["masked"] == {"cn_resident_id": 1}
    (sent,) = world.run(session, said("response.create", response={"instructions": RESIDENT_ID}))
    assert isinstance(sent, ToServer)
    assert json.loads(sent.text)["event_id"].startswith("event_")
    assert TOKEN in sent.text
    assert agree(world)


@pytest.mark.parametrize("pieces", [[f"it is {RESIDENT_ID} ok"], [*f"it is {RESIDENT_ID} ok"]],
                         ids=["in one piece", "letter by letter"])  # fmt: skip
def test_what_is_found_in_an_answer_leaves_masked(pieces: list[str]) -> None:
    """Z11, Z13, Z15: in the pieces and in every repeat; the session goes on, and replay agrees."""
    world = masking()
    session = world.open()
    heard = answer(world, session, pieces)
    assert RESIDENT_ID not in json.dumps(heard)
    assert "".join(str(event.get("delta", "")) for event in heard) == f"it is {TOKEN} ok"
    assert heard[-2]["text"] == f"it is {TOKEN} ok"
    made = world.durable[-1]
    assert (made.kind, made.body["verdict"]) == ("return", "allow")
    assert made.body["masked"] == {"cn_resident_id": 3}
    assert made.body["bytes"]["delivered"] == sum(
        len(json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()) + 2
        if TOKEN in json.dumps(event) or event.get("delta") == ""
        else len(json.dumps(event).encode()) + 2
        for event in heard
    )
    assert not session.final
    assert answer(world, session, ["fine ", "now"])[-1]["type"] == "response.done"
    assert "masked" not in world.durable[-1].body
    assert agree(world)


def test_what_the_server_says_besides_leaves_masked_too() -> None:
    """Z11: and counts in the record of the session's own exchange."""
    world = masking()
    session = world.open()
    (event,) = texts(world.run(session, told("session.created", session={"instructions": RESIDENT_ID})))
    assert event["session"] == {"instructions": TOKEN}
    answer(world, session, ["fine "])
    assert "masked" not in world.durable[-1].body
    world.run(session, ClientLeft())
    assert world.durable[-1].body["masked"] == {"cn_resident_id": 1}
    assert agree(world)


UNMASKABLE_IN = {
    "sound": said("input_audio_buffer.append", audio="AAEAgP//" * 40),
    "a number": said("session.update", session={"seed": int(RESIDENT_ID)}),
    "a name": said("session.update", session={RESIDENT_ID: "x"}),
}


@pytest.mark.parametrize("name", UNMASKABLE_IN)
def test_what_cannot_be_masked_is_refused(name: str) -> None:
    """Z11, Z22: recorded as not maskable; nothing of it goes on."""
    world = masking()
    crossed = world.run(world.open(), UNMASKABLE_IN[name])
    assert not any(isinstance(one, ToServer) for one in crossed)
    assert refused(crossed).startswith(("policy-", "content-"))
    assert world.durable[1].body["facts"]["data.maskable"] is False
    assert agree(world)


def test_an_answer_that_cannot_be_masked_is_cut() -> None:
    """Z11, Z22: sound, a key, a text of which some has left already."""
    for event in (
        told("response.output_audio.delta", response_id="r1", item_id="i", delta="AAEAgP//"),
        told("response.output_item.added", response_id="r1", item={RESIDENT_ID: 1}),
    ):
        world = masking()
        session = world.open()
        world.run(session, CREATE)
        world.run(session, created())
        crossed = world.run(session, event)
        assert RESIDENT_ID not in json.dumps(texts(crossed))
        assert refused(crossed).startswith(("policy-", "return-"))
        assert ("return", "deny", "cut") in world.verdicts()
        assert agree(world)


def test_the_law_refuses_what_a_careless_rule_would_let_through() -> None:
    """Z22: a rule that orders a mask without asking whether it can be done is denied by the law."""
    regulator, operator = masking_texts()
    policies = tuple(
        load(
            text.replace("data.maskable: true", "request.method: GET")
            .replace("data.maskable: {not: true}", "request.method: {not: GET}")
            .encode(),
            "x",
        )
        for text in (regulator, open_rules(operator))
    )
    world = World(rules=replace(session_rules(), policies=policies))
    crossed = world.run(world.open(), UNMASKABLE_IN["sound"])
    assert refused(crossed) == "content-unmaskable"


def test_a_handshake_has_no_masked_form() -> None:
    """Z11: what stands in its target goes on as it came, or not at all."""
    world = masking()
    own = world.begin()
    own.receive(handshake(query=f"model={RESIDENT_ID}"))
    (write,) = own.receive(BodyArrived(b""))
    assert isinstance(write, Write)
    assert write.body["verdict"] == "deny"


# ---- canaries ----------------------------------------------------------------------------------------


def test_each_answer_bears_the_tenants_canary_once() -> None:
    """Z7: in its text, and again wherever that is repeated; the records say which exchanges bear one."""
    world = planting()
    session = world.open()
    world.run(session, said("session.update", session={"type": "realtime"}))
    for _ in range(2):
        heard = answer(world, session, ["a ", "fine day"])
        assert "".join(str(event.get("delta", "")) for event in heard) == f"a{OWN} fine day"
        assert heard[-2]["text"] == f"a{OWN} fine day"
        assert json.dumps(heard, ensure_ascii=False).count(OWN) == 3
    heard = answer(world, session, ['{"json": ', "1}"])
    assert OWN not in json.dumps(heard, ensure_ascii=False)
    world.run(session, ClientLeft())
    returns = [write.body for write in world.durable if write.kind == "return"]
    assert [one["canary"] for one in returns] == [False, True, True, False, False]
    assert all(one["oblig"]["canary"] == "tenant_day" for one in returns)
    assert agree(world)


def test_masks_and_canaries_go_together() -> None:
    """Z7, Z11: one answer has both, at places that repeats agree on."""
    world = planting(masks=True)
    session = world.open()
    heard = answer(world, session, ["it", f" is {RESIDENT_ID[:7]}", f"{RESIDENT_ID[7:]} ok"])
    whole = f"it{OWN} is {TOKEN} ok"
    assert "".join(str(event.get("delta", "")) for event in heard) == whole
    assert heard[-2]["text"] == whole
    assert agree(world)


def test_a_tenant_may_say_what_it_was_told_and_no_other_tenant() -> None:
    """Z7, Z8: its own canary in a session's message is a conversation; another's is a returned result."""
    world = planting()
    (sent,) = world.run(world.open(), said("conversation.item.create", item=item(f"you said a{OWN} day")))
    assert isinstance(sent, ToServer)
    foreign = mark(SECRET, "other-sg", NOW_MS // 86_400_000)
    crossed = world.run(world.open(), said("conversation.item.create", item=item(f"a{foreign} day")))
    assert refused(crossed).startswith("policy-")

"""No sequence of requests by two tenants, on three routes, ever yields an object of another way.

The model server keeps everything for everybody and knows no tenants; ids are short, so that requests hit each
other's objects all the time. The oracle looks at ids and contents in the bytes that callers got, and knows
nothing of bindings. One mutant of each check is planted, and each must be caught.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.support.storing_zone import StoringZone, Way
from zoneproxy.content import listing
from zoneproxy.passage import belongings, law, leg_collect, leg_return
from zoneproxy.passage import judge as judge_module
from zoneproxy.passage.commands import Deliver, Finish, Release
from zoneproxy.passage.state import State
from zoneproxy.terms.objects import Binding, ObjectName

WAYS = [("toyco-sg", "cable-sg-1"), ("toyco-sg", "cable-sg-2"), ("toyco-my", "cable-my-1")]
ID = re.compile(rb'"((?:file|batch|response|msg|thread|message_batch)-\d+)"')
FORM = 'multipart/form-data; boundary="b"'
LINE = {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "zone-llm-01"}}


def upload(purpose: str, data: bytes) -> bytes:
    return (
        b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\n' + purpose.encode() + b"\r\n"
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n'
        b"Content-Type: text/plain\r\n\r\n" + data + b"\r\n--b--\r\n"
    )


class Broken(AssertionError):  # noqa: N818 - it is what the oracle says
    """Something of another was delivered."""


class Oracle:
    """Who saw an id first, and whose words a file holds, by what went over the wire."""

    def __init__(self) -> None:
        self.first: dict[bytes, tuple[str, str]] = {}

    def saw(self, who: tuple[str, str], way: Way, asked: bytes) -> None:
        for found in ID.findall(way.body):
            if self.first.setdefault(found, who) != who:
                raise Broken(f"{who} got {found!r} of {self.first[found]}")
        for other in WAYS:
            if other != who and b"words of " + "@".join(other).encode() in way.body:
                raise Broken(f"{who} got the words of {other}")
        if asked and way.walked.state is State.DELIVERED and way.status < 300:
            for found in ID.findall(asked):
                if self.first.get(found, who) != who:
                    raise Broken(f"{who} used {found!r} of {self.first[found]}")


def request(draw: Callable[[Any], Any], who: tuple[str, str]) -> tuple[str, str, bytes, str]:
    """Draw a request: mostly about ids that may be there."""
    words = b"words of " + "@".join(who).encode()
    number = draw(st.integers(0, 12))
    kind = draw(st.sampled_from(["file", "batch", "response", "thread", "msg"]))
    some = f"{kind}-{number}"
    lines = json.dumps(LINE).encode()
    asked: dict[str, Any] = {"model": "zone-llm-01", "input": "hi", "stream": draw(st.booleans())}
    choices: list[tuple[str, str, bytes, str]] = [
        ("POST", "/v1/files", upload("user_data", words), FORM),
        ("POST", "/v1/files", upload("batch", lines), FORM),
        ("POST", "/v1/responses", json.dumps(asked).encode(), "application/json"),
        ("GET", "/v1/files", b"", ""),
        ("GET", f"/v1/files/file-{number}/content", b"", ""),
        ("GET", f"/v1/files?after=file-{number}", b"", ""),
        ("GET", "/v1/batches", b"", ""),
        ("GET", f"/v1/{_collection(kind)}/{some}", b"", ""),
        ("DELETE", f"/v1/{_collection(kind)}/{some}", b"", ""),
        ("POST", "/v1/batches", _json(input_file_id=f"file-{number}", endpoint="/v1/chat/completions"), "J"),
        ("POST", "/v1/responses", _json(**asked, previous_response_id=f"response-{number}"), "J"),
        ("POST", "/v1/responses", _json(**asked | {"input": [{"type": "input_file", "file_id": some}]}), "J"),
        ("POST", "/v1/responses", _json(**asked | {"input": [{"type": "item_reference", "id": some}]}), "J"),
        ("POST", "/v1/threads", b"", "J"),
        ("GET", f"/v1/responses/response-{number}/input_items", b"", ""),
    ]
    method, target, body, content_type = draw(st.sampled_from(choices))
    return method, target, body, content_type.replace("J", "application/json")


def _collection(kind: str) -> str:
    return {"batch": "batches", "msg": "responses"}.get(kind, f"{kind}s")


def _json(**asked: object) -> bytes:
    return json.dumps(asked).encode()


def play(draw: Callable[[Any], Any]) -> None:
    zone, oracle = StoringZone(chunk_bytes=draw(st.sampled_from([7, 64, 4096]))), Oracle()
    for _ in range(draw(st.integers(4, 14))):
        who = draw(st.sampled_from(WAYS))
        method, target, body, content_type = request(draw, who)
        fault = draw(st.integers(0, 19))
        zone.bindings.dead, zone.bindings.dead_for_claims = fault == 1, fault == 2
        way = zone.ask(who[0], who[1], method, target, body, content_type)
        assert way.walked.final
        oracle.saw(who, way, body if content_type == "application/json" else b"")
        named = {ObjectName(kind, one.decode()) for one in ID.findall(way.body) for kind in KINDS_OF_IDS}
        if way.status < 300 and any(isinstance(order, Release | Deliver | Finish) for order in way.orders):
            assert not ID.findall(way.body) or named & zone.bindings.kept.keys()


KINDS_OF_IDS = ("file", "batch", "response", "item", "thread", "message_batch")


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_no_tenant_ever_gets_what_is_anothers(data: st.DataObject) -> None:
    """Z6, Z7: whatever two tenants ask on whatever routes, each gets its own, and by its own route."""
    play(data.draw)


# ---- planted mutants ------------------------------------------------------------------------------


def believe_every_reference(patch: pytest.MonkeyPatch) -> None:
    real = belongings.take_in

    def mutant(exchange: Any, found: Any) -> str:
        owner = belongings.owner_of(exchange)
        own = {
            name: Binding(name, owner.tenant, owner.route, owner.side, b.server, "", 0, 2**50, b.model, b.use)
            for name, b in (found or {}).items()
        }
        return real(exchange, own)

    patch.setattr(leg_collect, "take_in", mutant)


def forget_the_route(patch: pytest.MonkeyPatch) -> None:
    real = belongings.owner_of
    patch.setattr(
        belongings,
        "owner_of",
        lambda exchange: real(exchange).__class__(real(exchange).tenant, "r", "overseas"),
    )


def show_every_list(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(listing, "_is_own", lambda *_: True)


def pass_what_names_anothers(patch: pytest.MonkeyPatch) -> None:
    real = judge_module.judge

    def mutant(policies: Any, phase: Any, facts: Any) -> Any:
        return real(policies, phase, dict(facts) | {"binding.state": "own", "response.binding": "own"})

    patch.setattr(leg_collect, "judge", mutant)
    patch.setattr(leg_return, "judge", mutant)


def ask_nobody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(leg_collect, "asks_store", lambda _: False)


def let_the_rail_sleep(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(law._BINDINGS, "refused", "")


MUTANTS = [
    believe_every_reference,
    forget_the_route,
    show_every_list,
    pass_what_names_anothers,
    ask_nobody,
    let_the_rail_sleep,
]


@pytest.mark.parametrize("plant", MUTANTS, ids=lambda plant: plant.__name__)
def test_a_mutant_of_each_check_is_caught(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The property above would notice: each planted breach is found."""
    plant(monkeypatch)

    @settings(
        max_examples=400,
        database=None,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],
        report_multiple_bugs=False,
    )
    @given(st.data())
    def law_holds(data: st.DataObject) -> None:
        play(data.draw)

    with pytest.raises(Broken):
        law_holds()

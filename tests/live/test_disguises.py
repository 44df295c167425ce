"""A number is refused in every disguise, and the same prompt with a number that is none passes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from demo.echo_server import EchoServer, serving
from tests.support.boundary_lab import Lab, lab
from tests.support.disguises import TEXTS, placed, prompt
from tests.support.masking_policy import masking
from tests.support.zone_world import CREDENTIAL
from zoneproxy.assembly import Boundary as Core
from zoneproxy.meter.egress import EgressBudget, EgressLedger

pytestmark = pytest.mark.live
# No `X` at its end, so that every script of digits can write it; the other has a wrong check digit.
NUMBER, NEAR_MISS = "110101199003074610", "110101199003074611"


@pytest.fixture
def upstream() -> Iterator[EchoServer]:
    with serving() as server:
        yield server


def request(model: str, messages: object, **more: object) -> bytes:
    body = json.dumps({"model": model, "messages": messages, **more}).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: zone\r\nauthorization: Bearer {CREDENTIAL}\r\n"
        f"content-type: application/json\r\nconnection: close\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def said(answer: bytes) -> str:
    """Put together what a streamed answer says."""
    text = ""
    for line in answer.decode().splitlines():
        if line.startswith("data: {"):
            for choice in json.loads(line.removeprefix("data: ")).get("choices", []):
                text += choice["delta"].get("content") or ""
    return text


async def statuses(running: Lab, conversations: Mapping[str, object]) -> dict[str, bytes]:
    return {
        name: (await running.raw(request("events-3", messages)))[9:12]
        for name, messages in conversations.items()
    }


async def test_every_disguise_is_refused_and_its_near_miss_passes(upstream: EchoServer) -> None:
    """Z11: a resident ID number in any disguise is refused through the proxy; a near miss is served."""
    async with lab(upstream.port, model="events-3", max_body_bytes=262_144) as running:
        found = await statuses(running, {name: prompt(name, NUMBER) for name in TEXTS})
        passed = await statuses(running, {name: prompt(name, NEAR_MISS) for name in TEXTS})
    assert {name for name, status in found.items() if status != b"403"} == set()
    assert {name for name, status in passed.items() if status != b"200"} == set()
    assert len([one for one in running.journal.entries if one[0] == "return"]) == len(TEXTS)


async def test_every_place_of_a_conversation_is_looked_into(upstream: EchoServer) -> None:
    """Z11: not only the last message: tools, their results, system words and earlier answers too."""
    async with lab(upstream.port, model="events-3") as running:
        found = await statuses(running, placed(NUMBER))
        passed = await statuses(running, placed(NEAR_MISS))
    assert set(found.values()) == {b"403"}, found
    assert set(passed.values()) == {b"200"}, passed


@pytest.mark.parametrize(
    "shown",
    [NUMBER, " ".join(NUMBER), "护照号 E E 9 6 2 7 9 4 8 。", "code 9 1 3 5 0 1 0 0 M 0 0 0 1 0 0 Y 4 3 ok"],
    ids=["at once", "digit by digit", "passport", "credit code"],
)
async def test_a_stream_is_cut_before_an_identifier(upstream: EchoServer, shown: str) -> None:
    """Z11: what was delivered ends before the identifier's first character."""
    text = f"Of course, here it is: {shown} and more"
    async with lab(upstream.port, model="echo-reversed") as running:
        answer = await running.raw(
            request("echo-reversed", [{"role": "user", "content": text[::-1]}], stream=True)
        )
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"policy-domestic-data-mixed" in answer
    identifier = shown.removeprefix("护照号 ").removeprefix("code ")
    before = text[: text.index(identifier)]
    assert before.startswith(said(answer))
    assert [entry[1]["end"] for entry in running.journal.entries if entry[0] == "return"] == ["cut"]


async def test_a_stream_is_masked_where_the_policy_says_so(upstream: EchoServer) -> None:
    """Z11: through the real proxy the token stands where the number would, and the stream ends well."""
    text = f"the number is {' '.join(NUMBER)} as asked"

    def masks(core: Core) -> None:
        object.__setattr__(core.rules, "policies", masking())

    async with lab(upstream.port, model="zone-llm-02", alter=masks) as running:
        answer = await running.raw(
            request("zone-llm-02", [{"role": "user", "content": f"echo-reversed: {text[::-1]}"}], stream=True)
        )
        whole = await running.raw(
            request("zone-llm-02", [{"role": "user", "content": f"echo-reversed: {text[::-1]}"}])
        )
    assert said(answer).strip() == "the number is [masked:cn_resident_id] as asked"
    assert answer.rstrip().endswith(b"0")
    assert b"[masked:cn_resident_id]" in whole
    assert b"4610" not in answer + whole
    returns = [entry[1] for entry in running.journal.entries if entry[0] == "return"]
    assert [one["masked"] for one in returns] == [{"cn_resident_id": 1}] * 2


async def test_a_stream_that_outweighs_its_tokens_is_cut(upstream: EchoServer) -> None:
    """Z9: what no magic number could know is stopped by its bytes, and the caller's SDK is told."""
    budget = EgressBudget(
        bytes_per_token=4, tokens_per_event=1, envelope_bytes=400, allowance_bytes=200, window_bytes=100_000
    )

    def weighed(core: Core) -> None:
        core.egress = EgressLedger(budget)

    words = " ".join(f"{number:x}{'qwzx' * 8}{number:x}" for number in range(200))
    messages: Any = [{"role": "user", "content": words}]
    async with lab(upstream.port, model="echo", alter=weighed) as running:
        answer = await running.raw(request("echo", messages, stream=True))
    assert b"egress-exchange" in answer
    assert len(said(answer)) < 1200
    (facts,) = [entry[1]["facts"] for entry in running.journal.entries if entry[0] == "return"]
    assert facts["egress.bytes"] > facts["egress.ceiling"]

"""A workload's call carries the tag of the exchange that it works for, or goes nowhere (Z2, Z5)."""

from __future__ import annotations

import asyncio
import hmac
import shutil
import ssl
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from demo.echo_server import EchoServer, serving
from tests.support.boundary_lab import Lab, lab
from tests.support.outward_lab import (
    NAME,
    SIGNER,
    Flow,
    Outside,
    Serving,
    Workload,
    code_of,
    insist_on_replay,
    lines_of,
    made,
    opened,
    outside,
    outward_records,
    tag_of,
)
from zoneproxy.assembly import Boundary as Core
from zoneproxy.origin.signed_tag import TagSigner

pytestmark = pytest.mark.live


@pytest.fixture
def model() -> Iterator[EchoServer]:
    with serving() as server:
        yield server


def with_tag(flow: Flow, **changes: str) -> Flow:
    """Return an exchange whose tag has other fields."""
    changed = Flow(flow)
    changed.tag = {**flow.tag, **changes}
    return changed


def altered(flow: Flow) -> Flow:
    """Change one bit of the signature."""
    text = flow.tag["Signature"]
    return with_tag(flow, Signature=text.replace(text[9], "A" if text[9] != "A" else "B", 1))


def longer(flow: Flow) -> Flow:
    """Say that the tag is good for longer, as a workload might that wants to work on."""
    text = flow.tag["Signature-Input"]
    start = text.index("expires=") + len("expires=")
    return with_tag(flow, **{"Signature-Input": text[:start] + "9" + text[start:]})


def without(flow: Flow) -> Flow:
    """Leave the signature out."""
    part = Flow(flow)
    part.tag = {name: value for name, value in flow.tag.items() if name != "Signature"}
    return part


THEIRS = TagSigner("their.test/tag+01020304", Ed25519PrivateKey.from_private_bytes(bytes([9]) * 32))
FORGER = TagSigner(SIGNER.key_id, THEIRS.key)
ALTERED: dict[str, tuple[Any, str]] = {
    "a bit of its signature": (altered, "lane-tag-altered"),
    "a longer life": (longer, "lane-tag-altered"),
    "another tenant": (
        lambda flow: with_tag(flow, **{"Zone-Origin": flow.tag["Zone-Origin"].replace("-sg", "-my")}),
        "lane-tag-altered",
    ),
    "without its signature": (without, "lane-tag-partial"),
    "signed by another with our name": (lambda flow: made(flow, FORGER), "lane-tag-altered"),
    "signed again by our own key": (made, "lane-tag-altered"),
    "of another zone": (lambda flow: made(flow, THEIRS), "lane-tag-foreign"),
    "of another zone and exchange": (lambda _: made(str(uuid.UUID(int=9)), THEIRS), "lane-tag-foreign"),
    "ours, of an exchange that never was": (lambda _: made(str(uuid.UUID(int=9))), "lane-flow-unknown"),
    "its exchange's id alone": (str, "lane-tag-missing"),
    "nothing": (lambda _: "", "lane-tag-missing"),
}


@pytest.mark.parametrize(("change", "code"), ALTERED.values(), ids=ALTERED.keys())
async def test_a_tag_that_was_not_given_opens_nothing(
    change: Any, code: str, tmp_path: Path, model: EchoServer
) -> None:
    """Z2, Z5: in the clear, with CONNECT, inside a tunnel: refused and recorded, and replay says the same."""
    async with outside(tmp_path) as world, lab(model.port, model="stepped", alter=world.alter) as running:
        async with Serving(running, model) as flow:
            carried = change(flow)
            async with Workload(running) as workload:
                answer = await workload.get(carried, path=f"http://{world.place}/x", host=world.place)
                assert (answer[0], code_of(answer)) == (403, code)
            async with Workload(running) as workload:
                assert await workload.connect(world.place, carried) == 403
                assert code_of(workload.refusal) == code
            async with Workload(running) as workload:
                await opened(world, workload, flow)
                inside = "lane-tag-other" if read_flow(carried) not in ("", flow) else code
                assert code_of(await workload.get(carried, host=world.place)) == inside
        refused = [one[:3] for one in outward_records(running) if one[1] == "deny"]
        assert refused == [("decision", "deny", one) for one in (code, code, inside)]
        insist_on_replay(running)
        assert (world.server.accepted, world.resolver.asked) == (0, [NAME])


def read_flow(carried: str) -> str:
    """Return the exchange that a tag names; nothing where it is no whole one."""
    tag = tag_of(carried)
    return str(carried) if len(tag) == 3 else ""


async def test_a_tag_is_good_as_long_as_its_exchange(tmp_path: Path, model: EchoServer) -> None:
    """Z2, Z5: past `expires`, which is the model server's; replayed after the end it opens nothing."""
    async with outside(tmp_path) as world, lab(model.port, model="stepped", alter=world.alter) as running:
        async with Serving(running, model) as flow:
            # The records of this log are of 1970: the tag has been over for decades by its own word.
            assert ";expires=60;" in flow.tag["Signature-Input"]
            for _ in range(2):
                async with Workload(running) as workload:
                    answer = await workload.get(flow, path=f"http://{world.place}/x", host=world.place)
                    assert answer == (200, b'{"told": "all"}')
        async with asyncio.timeout(20):
            while running.boundary.crossings:
                await asyncio.sleep(0.01)
        async with Workload(running) as workload:
            answer = await workload.get(flow, path=f"http://{world.place}/x", host=world.place)
            assert code_of(answer) == "lane-flow-unknown"
        assert world.server.plain.count(b"GET ") == 2


async def test_a_zone_without_a_key_lets_nobody_call(tmp_path: Path, model: EchoServer) -> None:
    """Z2, Z5: it gives no tags, so there is none to carry: neither the id nor a tag of one's own will do."""

    def unsigned(core: Core) -> None:
        world.alter(core)
        core.rules = replace(core.rules, tags=None)

    async with outside(tmp_path) as world, lab(model.port, model="stepped", alter=unsigned) as running:
        async with Serving(running, model) as flow:
            assert flow.tag == {}
            for carried in (str(flow), made(flow)):
                async with Workload(running) as workload:
                    answer = await workload.get(carried, path=f"http://{world.place}/x", host=world.place)
                    assert code_of(answer) == "lane-tag-unsigned"
                async with Workload(running) as workload:
                    await workload.connect(world.place, carried)
                    assert code_of(workload.refusal) == "lane-tag-unsigned"
        assert world.server.accepted == 0


async def test_a_workload_signs_for_itself_beside_it(tmp_path: Path, model: EchoServer) -> None:
    """Z2: its own message signature goes on; of the tag nothing does, and the address of neither is lost."""
    mine = 'signature: mine=:AAAA:\r\nsignature-input: mine=("@method");created=1\r\n'
    async with outside(tmp_path) as world, lab(model.port, model="stepped", alter=world.alter) as running:
        async with Serving(running, model) as flow, Workload(running) as workload:
            target = f"http://{world.place}/x"
            assert (await workload.get(flow, path=target, host=world.place, more=mine))[0] == 200
            ours = 'signature: mine=:AAAA:, zone=:AAAA:\r\nsignature-input: mine=("@method")\r\n'
            answer = await workload.get(flow, path=target, host=world.place, more=ours)
            assert code_of(answer) == "lane-tag-partial"
        asked = bytes(world.server.plain).lower()
        assert asked.count(b"signature: mine=:aaaa:\r\n") == 1
        for value in flow.tag.values():
            assert value.lower().encode() not in asked
        assert b"zone" not in asked
        private = [
            p for _, body, p in running.journal.entries
            if body.get("kind") == "outward" and body["verdict"] == "allow"
        ]  # fmt: skip
        assert {(p["client.ip"], p["workload.ip"]) for p in private} == {("127.0.10.9", "127.0.30.9")}
        facts = [one[3] for one in outward_records(running) if one[0] == "decision"]
        assert {one["workload.network"] for one in facts} == {"zone"}


async def test_the_comparison_takes_as_long_wherever_they_differ(
    tmp_path: Path, model: EchoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Z2: by the standard library's function for that, of all that is carried; without it nothing is."""
    seen: list[tuple[bytes, bytes]] = []
    real = hmac.compare_digest

    def watched(one: bytes, other: bytes) -> bool:
        seen.append((one, other))
        return real(one, other)

    monkeypatch.setattr("zoneproxy.origin.carried.hmac.compare_digest", watched)
    async with outside(tmp_path) as world, lab(model.port, model="stepped", alter=world.alter) as running:
        async with Serving(running, model) as flow, Workload(running) as workload:
            await workload.get(flow, path=f"http://{world.place}/x", host=world.place)
            whole = "\n".join(flow.tag[name] for name in ("Zone-Origin", "Signature-Input", "Signature"))
            assert (whole.encode(), whole.encode()) in seen

            def planted(*_: object) -> bool:
                raise RuntimeError("planted")

            monkeypatch.setattr("zoneproxy.origin.carried.hmac.compare_digest", planted)
            answer = await workload.get(flow, path=f"http://{world.place}/x", host=world.place)
            assert answer[0] in (0, 500)
        assert world.server.plain.count(b"GET ") == 1


# ---- the clients that workloads have -----------------------------------------------------------------


async def test_httpx_carries_it(tmp_path: Path, model: EchoServer) -> None:
    """Z5: in the clear and by a tunnel, with the proxy's headers and its own."""

    def call(running: Lab, world: Outside, flow: Flow) -> list[tuple[int, bytes]]:
        tag = tag_of(flow)
        context = ssl.create_default_context(cadata=world.authority.decode())
        proxy = httpx.Proxy(f"http://127.0.30.1:{running.port}", headers=tag)
        with httpx.Client(proxy=proxy, headers=tag, verify=context, trust_env=False) as client:
            answers = [client.get(f"{scheme}://{world.place}/weather") for scheme in ("https", "http")]
        return [(one.status_code, one.content) for one in answers]

    async with (
        outside(tmp_path) as world,
        lab(model.port, model="stepped", alter=world.alter) as running,
        Serving(running, model) as flow,
    ):
        assert await asyncio.to_thread(call, running, world, flow) == [(200, b'{"told": "all"}')] * 2


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not there (Debian: curl)")
async def test_curl_carries_it_in_the_clear(tmp_path: Path, model: EchoServer) -> None:
    """Z5: one header each."""
    async with outside(tmp_path) as world, lab(model.port, model="stepped", alter=world.alter) as running:
        async with Serving(running, model) as flow:
            fields = [part for line in lines_of(flow).split("\r\n") if line for part in ("-H", line)]
            curl = await asyncio.create_subprocess_exec(
                "curl", "-sS", "--max-time", "30", "--proxy", f"http://127.0.30.1:{running.port}", *fields,
                "--noproxy", "", f"http://{world.place}/weather",
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
            said, complaint = await curl.communicate()
        assert (said, complaint) == (b'{"told": "all"}', b"")

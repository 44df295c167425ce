"""`zoneproxy.assembly.activation`: whatever is refused leaves the last good bundles in force (Z22)."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.bundles import OPERATOR, REGULATOR, name_bundles, pilot_bundle, signer
from tests.support.logs import FixedClock
from tests.support.ports import free_port
from tests.support.shards import newest
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.adapters.state.bundles import sign
from zoneproxy.adapters.state.policy_state import Mark, PolicyState, Remembered
from zoneproxy.assembly import Zone, assemble
from zoneproxy.cli.main import main
from zoneproxy.policy.bundle_archive import pack, unpack
from zoneproxy.policy.bundle_file import MANIFEST, SIGNATURES, plain_json, read_bundle
from zoneproxy.policy.bundle_flaws import BundleError
from zoneproxy.policy.moment import moment_ms
from zoneproxy.terms.errors import ConfigError, TraceError
from zoneproxy.trace.entry import Entry, parse
from zoneproxy.trace.note import Ed25519Signer

TWO = pilot_bundle("operator", 2)
FLOOR = pilot_bundle("regulator", 2)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "zone"
    assert main(["init", str(folder), "--port", str(free_port())]) == 0
    name_bundles(folder)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "zone")


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[Zone]:
    zone = assemble(folder / "zone.yaml", assurance="production")
    try:
        await zone.start()
        yield zone
    finally:
        await zone.close()


def entries(folder: Path) -> list[Entry]:
    return [parse(data) for _, data in open_log(newest(folder / "log")).entries()]


def digests(zone: Zone) -> list[str]:
    return [policy.digest for policy in zone.boundary.rules.policies]


def unsigned(data: bytes) -> bytes:
    return pack({name: part for name, part in unpack(data, "x").items() if name != SIGNATURES})


def forged(data: bytes, **changes: Any) -> bytes:
    """A bundle with another manifest under the old signatures."""
    members = unpack(data, "x")
    return pack({**members, MANIFEST: plain_json({**json.loads(members[MANIFEST]), **changes})})


def resigned(data: bytes, key: Ed25519Signer) -> bytes:
    return sign(read_bundle(unsigned(data), "x"), key)


def rules(text: str) -> tuple[str, str]:
    return ("rules:\n", f"rules:\n  - {{{text}}}\n")


OTHER = ("description: What holds whatever the operator writes.", "description: What holds.")
WINDOW = 'effective: {from: "2026-01-01", until: "2030-12-31"}'
FUTURE = (WINDOW, 'effective: {from: "2026-11-21", until: "2026-11-21"}')
LINE = "routes:\n  - {id: cable-xx-9, kind: submarine_cable, peer_country: SG, separation: physical}\n"
UPLINK = (("uplinks: [", "uplinks: [cable-xx-9, "), ("routes:\n", LINE))
LARGE = "phase: collect, effect: deny, when: {request.bytes: {gt: 9999}}, reason: request_too_large"
CLASH = rules(f"id: COL-501, {LARGE}")
# An operator's invariant that holds because of a rule of the regulator's layer.
CLOSED = "phase: collect, effect: deny, when: {origin.country: LA}, reason: market_not_on_list"
STRICT_FLOOR = pilot_bundle("regulator", 2, rules(f"id: COL-510, {CLOSED}"))
INVARIANT = """
invariants:
  - {id: INV-101, phase: collect, claim: x, never_allow_when: {origin.country: LA, request.bytes: {gt: 5000}}}
retention:"""
RESTING = pilot_bundle("operator", 2, ("\nretention:", INVARIANT), beside=STRICT_FLOOR)
STRANGER = signer("zone.example/policy/operator", 99)

REFUSED: dict[str, tuple[Callable[[], list[bytes]], set[str]]] = {
    "the same revision, other content": (lambda: [pilot_bundle("regulator", 1, OTHER)], {"ZB07"}),
    "half written": (lambda: [TWO[: len(TWO) // 2]], {"ZB01"}),
    "nothing written yet": (lambda: [b""], {"ZB01"}),
    "a plain file": (lambda: [b"apiVersion: zoneproxy/v1\n"], {"ZB01"}),
    "unsigned": (lambda: [unsigned(TWO)], {"ZB06"}),
    "signed by a stranger": (lambda: [resigned(TWO, STRANGER)], {"ZB06"}),
    "the regulator's, signed by the operator": (lambda: [resigned(FLOOR, OPERATOR)], {"ZB06"}),
    "the operator's, signed by the regulator": (lambda: [resigned(TWO, REGULATOR)], {"ZB06"}),
    "changed after it was signed": (lambda: [forged(TWO, revision=3)], {"ZB03"}),
    "one good, the other unsigned": (lambda: [TWO, unsigned(FLOOR)], {"ZB06"}),
    "two of a layer": (lambda: [TWO, pilot_bundle("operator", 3)], {"ZB11"}),
    "no longer in force": (lambda: [pilot_bundle("operator", 2, FUTURE)], {"ZB08"}),
    "an uplink that the zone has not": (lambda: [pilot_bundle("operator", 2, *UPLINK)], {"ZB11"}),
    "an id of the other layer": (lambda: [pilot_bundle("operator", 2, CLASH)], {"ZB11"}),
    "a proof that fails beside this floor": (lambda: [RESTING], {"ZB09"}),
    "several at once": (lambda: [pilot_bundle("operator", 1, *UPLINK), unsigned(FLOOR)], {"ZB06", "ZB07"}),
}


async def test_what_is_refused_changes_nothing_and_is_recorded(folder: Path) -> None:
    """Every way in which a bundle can be wrong: the rules, the memory and the marks stay as they were."""
    async with serving(folder) as zone:
        zone.boundary.clock = FixedClock(moment_ms("2026-11-22"))
        before = digests(zone), PolicyState(folder / "state/policies").read()
        for name, (offered, codes) in REFUSED.items():
            with pytest.raises(BundleError) as caught:
                await zone.activation.activate([("offer.zpb", data) for data in offered()])
            assert {flaw.code for flaw in caught.value.flaws} == codes, name
            assert (digests(zone), PolicyState(folder / "state/policies").read()) == before, name
            assert zone.boundary.open
    told = [entry.body["codes"] for entry in entries(folder) if entry.kind == "activation_refused"]
    assert told == [sorted(codes) for _, codes in REFUSED.values()]
    assert [entry.body["cause"] for entry in entries(folder) if entry.kind == "activation"] == ["start"]


async def test_both_layers_change_in_one_step(folder: Path) -> None:
    """What rests on the other layer's new rule is put in force together with it."""
    async with serving(folder) as zone:
        passage = zone.boundary.begin(route="cable-sg-1", connection="c", peer=("127.0.10.9", 1))
        old = passage.exchange.rules.policies
        told = await zone.activation.activate([("a", RESTING), ("b", STRICT_FLOOR)])
        now = zone.boundary.rules.policies
        assert [policy.revision for policy in now] == [2, 2]
        assert passage.exchange.rules.policies == old  # a flow keeps the bundle it began with
        assert told["changed"] is True
    (entry,) = [
        one for one in entries(folder) if one.kind == "activation" and one.body["cause"] == "activate"
    ]
    assert [one["revision"] for one in entry.body["policy"]] == [2, 2]
    assert entry.body["policy"][0]["signers"] == [REGULATOR.verifiers[0].vkey]
    archived = {path.name for path in (newest(folder / "log") / "policy").iterdir()}
    assert {f"{policy.digest}.zpb" for policy in (*old, *now)} == archived


async def test_the_record_is_durable_before_the_rules_change(folder: Path) -> None:
    """Z13: at the moment of the record the old rules are in force; a log that fails changes nothing."""
    async with serving(folder) as zone:
        seen: list[tuple[str, list[str]]] = []
        append = zone.log.append

        async def watched(kind: str, body: Any, private: Any) -> Any:
            receipt = await append(kind, body, private)
            seen.append((kind, digests(zone)))
            return receipt

        before = digests(zone)
        zone.activation._journal = Journal(zone.log, watched)
        await zone.activation.activate([("a", TWO)])
        assert seen == [("policy", before), ("activation", before)]
        assert digests(zone) != before

        async def fail(*_: Any) -> Any:
            raise TraceError("planted")

        before = digests(zone)
        zone.activation._journal = Journal(zone.log, fail)
        with pytest.raises(TraceError):
            await zone.activation.activate([("a", pilot_bundle("operator", 3))])
        assert digests(zone) == before


class CrashError(Exception):
    """The process dies here."""


class Journal:
    """A journal whose records go through a planted function."""

    def __init__(self, log: Any, append: Any) -> None:
        self.append = append
        self.archive_policy = log.archive_policy
        self.writable = True


async def test_one_at_a_time(folder: Path) -> None:
    """An activation that comes while another is under way is refused, and opens nothing."""
    async with serving(folder) as zone:
        first = asyncio.ensure_future(zone.activation.activate([("a", TWO)]))
        await asyncio.sleep(0)
        with pytest.raises(ConfigError, match="another activation is under way"):
            await zone.activation.activate([("b", FLOOR)])
        assert (await first)["changed"]
        assert [policy.revision for policy in zone.boundary.rules.policies] == [1, 2]
        assert (await zone.activation.activate([("a", TWO)]))["changed"] is False
        with pytest.raises(ConfigError, match="no bundle"):
            await zone.activation.activate([])


async def test_two_written_at_once_are_both_or_neither(folder: Path) -> None:
    """Two bundles of which one is still being written: neither; written, both."""
    async with serving(folder) as zone:
        for end in range(0, len(FLOOR), 4096):
            with pytest.raises(BundleError):
                await zone.activation.activate([("a", TWO), ("b", FLOOR[:end])])
            assert [policy.revision for policy in zone.boundary.rules.policies] == [1, 1]
        await zone.activation.activate([("a", TWO), ("b", FLOOR)])
        assert [policy.revision for policy in zone.boundary.rules.policies] == [2, 2]


async def test_a_memory_that_can_not_be_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk refuses the activation; the rules in force stay; later it works."""
    async with serving(folder) as zone:
        before = digests(zone)

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(zone.activation._state, "write", full)
        with pytest.raises(ConfigError, match="no space left"):
            await zone.activation.activate([("a", TWO)])
        assert digests(zone) == before
        monkeypatch.undo()
        assert (await zone.activation.activate([("a", TWO)]))["changed"]


async def test_another_worker_went_further(folder: Path) -> None:
    """What the zone's memory knows counts, also where this process did not write it."""
    async with serving(folder) as zone:
        three = read_bundle(pilot_bundle("operator", 3), "x")
        state = PolicyState(folder / "state/policies")
        marks = {**state.read().layers, "operator": Mark.of(three)}
        state.keep([three])
        state.write(Remembered(marks))
        with pytest.raises(BundleError, match="not above 3"):
            await zone.activation.activate([("a", TWO)])
        await zone.activation.activate([("b", FLOOR)])
        assert {layer: mark.revision for layer, mark in state.read().layers.items()} == {
            "operator": 3,
            "regulator": 2,
        }


async def test_a_boundary_that_stops_takes_no_rules(folder: Path) -> None:
    """While it drains, everything stays as it is."""
    async with serving(folder) as zone:
        zone.shut()
        with pytest.raises(ConfigError, match="does not serve"):
            await zone.activation.activate([("a", TWO)])


async def test_a_crash_between_memory_and_record_goes_forward(folder: Path) -> None:
    """What was remembered but not recorded is taken up and recorded by the next start: no mark goes back."""
    async with serving(folder) as zone:

        async def crash(kind: str, body: Any, private: Any) -> Any:
            if kind == "activation":
                raise CrashError
            return await zone.log.append(kind, body, private)

        zone.activation._journal = Journal(zone.log, crash)
        with pytest.raises(CrashError):
            await zone.activation.activate([("a", TWO)])
    async with serving(folder) as zone:
        assert [policy.revision for policy in zone.boundary.rules.policies] == [1, 2]
    last = [entry for entry in entries(folder) if entry.kind == "activation"][-1]
    assert [one["revision"] for one in last.body["policy"]] == [1, 2]


async def test_shadows_come_and_go(folder: Path) -> None:
    """A shadow raises no mark, survives a restart, and ends when its layer changes or when it is told to."""
    three = pilot_bundle("operator", 3)
    async with serving(folder) as zone:
        await zone.activation.activate([("a", three)], shadow=True)
        assert [policy.revision for policy in zone.boundary.rules.policies] == [1, 1]
        assert [policy.revision for policy in zone.boundary.rules.shadows] == [3]
    async with serving(folder) as zone:
        assert [(policy.revision, policy.shadow) for policy in zone.boundary.rules.shadows] == [(3, True)]
        await zone.activation.activate([("a", TWO)])
        assert not zone.boundary.rules.shadows
        await zone.activation.activate([("a", three), ("b", FLOOR)], shadow=True)
        assert [policy.layer for policy in zone.boundary.rules.shadows] == ["operator", "regulator"]
        await zone.activation.activate([], shadow=True)
        assert not zone.boundary.rules.shadows
        with pytest.raises(BundleError):
            await zone.activation.activate([("a", unsigned(three))], shadow=True)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"bundles": 1},
        {"bundles": [1]},
        {"bundles": [{"file": "a"}]},
        {"bundles": [{"file": "a", "data": "?"}]},
    ],
)
async def test_questions_that_can_not_be_read(folder: Path, arguments: dict[str, Any]) -> None:
    """A question of another form is refused before anything is looked at."""
    async with serving(folder) as zone:
        with pytest.raises(ConfigError, match="can't be read"):
            await zone.verbs["activate"](arguments)
        data = base64.b64encode(TWO).decode()
        told = await zone.verbs["activate"]({"bundles": [{"file": "a", "data": data}], "shadow": False})
        assert told["in_force"] == (await zone.verbs["policy-status"]({}))["in_force"]

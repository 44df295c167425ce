"""`zoneproxy.adapters.upkeep.collector`: the nodes' checkpoints, beat by beat."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.logs import (
    ORIGIN,
    FixedClock,
    FixedEntropy,
    Writer,
    decision,
    ending,
    joint_signer,
    signer,
    write_log,
)
from tests.support.served import served
from tests.support.shards import BASE, FIRST, MIDDLE_MS, make_shards, open_shards
from zoneproxy.adapters.files.disk import DiskFiles
from zoneproxy.adapters.log.newlog import create
from zoneproxy.adapters.log.tracelog import TraceLog
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.adapters.shards.sharded import ShardedLog
from zoneproxy.adapters.upkeep.collector import Beat, Collector, Node, last_heads, nodes_of, origins_of
from zoneproxy.replay.audit import audit
from zoneproxy.replay.zonelog import check_nodes
from zoneproxy.terms.errors import ConfigError
from zoneproxy.trace.ledger import Ledger
from zoneproxy.trace.trust import parse_trust

ZONE = "zone.example/trace/zone"


@pytest.fixture
def zone(tmp_path: Path) -> Path:
    root = tmp_path / "zone"
    create(root, log_origin=ZONE, signer=signer(ZONE), clock=FixedClock(), entropy=FixedEntropy())
    return root


def collect(zone: Path, nodes: Sequence[Node], *acts: object) -> list[list[Beat]]:
    """Collect one beat, and one more after each act (a callable)."""

    async def run() -> list[list[Beat]]:
        log = TraceLog.open(
            zone, log_origin=ZONE, signer=signer(ZONE), clock=FixedClock(), entropy=FixedEntropy(),
            node="zone", worker="collector", low_water_bytes=0,
        )  # fmt: skip
        collector = Collector(nodes, log, last_heads(open_log(zone), [node.origin for node in nodes]))
        try:
            await collector.announce()
            beats = [await collector.beat()]
            for act in acts:
                act()  # type: ignore[operator]
                beats.append(await collector.beat())
            return beats
        finally:
            collector.close()
            await log.close()

    return asyncio.run(run())


def seen(beats: list[list[Beat]]) -> list[list[str]]:
    return [[beat.seen for beat in one] for one in beats]


def put(source: Path, target: Path) -> None:
    """Put another log in place of one."""
    shutil.rmtree(target)
    shutil.copytree(source, target)


def test_a_node_in_shards_is_followed(tmp_path: Path, zone: Path) -> None:
    """The next month is taken up under the keys handed over to; the closed one may fall silent (Z14)."""
    make_shards(tmp_path / "node")
    clock = FixedClock(MIDDLE_MS)
    first, second = f"{BASE}/{FIRST}", f"{BASE}/{FIRST.following}"
    log: list[ShardedLog] = []

    async def play(act: str) -> None:
        if act == "begin":
            made = open_shards(tmp_path / "node", clock)
            log.append(made)
            await made.append("decision", decision(1), {})
        elif act == "turn":
            clock.now = FIRST.following.start_ms
            log[0].tick()
        else:
            await log[0].append("return", ending(2, 1), {})
            log[0].tick()
        await log[0].publish()

    async def run() -> list[list[str]]:
        await play("begin")
        vkey = open_log(tmp_path / "node/log" / str(FIRST)).vkeys[0].vkey
        trust = parse_trust(f"log {vkey} {tmp_path / 'node/log'}\nquorum none\n".encode())
        nodes = nodes_of(trust)
        zone_clock = FixedClock()
        journal = TraceLog.open(
            zone, log_origin=ZONE, signer=signer(ZONE), clock=zone_clock, entropy=FixedEntropy(),
            node="zone", worker="collector", low_water_bytes=0,
        )  # fmt: skip
        collector = Collector(nodes, journal, last_heads(open_log(zone), origins_of(nodes)))
        await collector.announce()
        heard = [[beat.node for beat in await collector.beat()]]
        for act in ("turn", "end"):
            await play(act)
            heard.append([beat.node for beat in await collector.beat()])
        for _ in range(3):  # two minutes and a half, in which the closed shard is not heard any more
            zone_clock.now += 50_000
            heard.append([beat.node for beat in await collector.beat()])
        await journal.close()
        await log[0].close()
        collector.close()
        return heard

    assert asyncio.run(run()) == [[first], [first, second], [second], [second], [second], [second]]
    nodes, flaws = check_nodes(open_log(zone))
    assert (list(nodes), list(flaws)) == ([first, second], [])
    assert nodes[first].followed
    assert audit(open_log(zone)).exit_code == 0


def test_a_node_that_grows_and_rests(tmp_path: Path, zone: Path) -> None:
    """Each beat is recorded, unchanged trees too; a second collector goes on where the first ended (Z14)."""
    root = write_log(tmp_path / "node", [3], joint_signer())
    bigger = write_log(tmp_path / "bigger", [3, 300], joint_signer())
    node = Node(ORIGIN, joint_signer().verifiers, str(root))
    assert seen(collect(zone, [node], lambda: None, lambda: put(bigger, root))) == [
        ["first"],
        ["same"],
        ["grown"],
    ]
    assert seen(collect(zone, [node])) == [["same"]]
    reader = open_log(zone)
    assert audit(reader).exit_code == 0
    nodes, flaws = check_nodes(reader, joint_signer().verifiers)
    assert flaws == ()
    assert (nodes[ORIGIN].beats, nodes[ORIGIN].head) == (4, open_log(root).checkpoint())


def test_two_histories_and_an_old_state_are_kept_with_both_notes(tmp_path: Path, zone: Path) -> None:
    """Forks of the same size and of another, and an old state, are recorded, and found again (Z14)."""
    root = write_log(tmp_path / "node", [3])
    small = write_log(tmp_path / "small", [2])
    other = _other_history(tmp_path / "other", 3)
    larger = _other_history(tmp_path / "larger", 5)
    node = Node(ORIGIN, signer().verifiers, str(root))
    beats = collect(
        zone, [node], lambda: put(other, root), lambda: put(small, root), lambda: put(larger, root)
    )
    assert seen(beats) == [["first"], ["split"], ["back"], ["unproven"]]
    reader = open_log(zone)
    assert audit(reader).exit_code == 0
    _, flaws = check_nodes(reader)
    assert [flaw.kind.value for flaw in flaws] == ["invalid"] * 3
    assert ["two histories" in flaws[0].message, "old state" in flaws[1].message] == [True, True]
    old, new = (flaws[0].proof[name].encode() for name in ("old", "new"))
    assert old.split(b"\n")[:2] == new.split(b"\n")[:2]
    assert old.split(b"\n")[2] != new.split(b"\n")[2]


def _other_history(root: Path, exchanges: int) -> Path:
    """Write a log of the same origin and keys with other entries."""
    root.mkdir()
    files, writer = DiskFiles(root), Writer(worker="other")
    ledger = Ledger(files, ORIGIN, signer())
    ledger.create(writer.opening())
    for _ in range(exchanges):
        ledger.append(writer.exchange())
    ledger.publish()
    files.close()
    return root


def test_a_silent_node_and_one_with_another_key(tmp_path: Path, zone: Path) -> None:
    """What can't be read, or is not signed by the node, is no beat: the reason is told, the others go on."""
    root = write_log(tmp_path / "node", [3])
    nodes = [
        Node(ORIGIN, signer().verifiers, str(root)),
        Node("gone.example", signer("gone.example").verifiers, str(tmp_path / "gone")),
        Node(ORIGIN, signer(ORIGIN, 2).verifiers, str(root)),
        Node("silent.example", signer("silent.example").verifiers, "http://127.0.0.1:1/"),
    ]
    (beats,) = collect(zone, nodes)
    assert [beat.seen for beat in beats] == ["first", "", "", ""]
    assert all(beat.why for beat in beats[1:])


def test_nodes_over_http(tmp_path: Path, zone: Path) -> None:
    """A node is read from its address as from its directory."""
    root = write_log(tmp_path / "node", [3])
    with served(root) as url:
        assert seen(collect(zone, [Node(ORIGIN, signer().verifiers, url)])) == [["first"]]


def test_nodes_by_a_trust_file() -> None:
    """A trust file names the nodes; one without an address, or without logs, is refused with a hint."""
    one, two = joint_signer().verifiers
    (node,) = nodes_of(
        parse_trust(f"log {one.vkey} http://h/\nlog {two.vkey} http://h/\nquorum none\n".encode())
    )
    assert node == Node(ORIGIN, (one, two), "http://h/")
    with pytest.raises(ConfigError, match="where the log"):
        nodes_of(parse_trust(f"log {one.vkey}\nquorum none\n".encode()))
    with pytest.raises(ConfigError, match="names no log"):
        nodes_of(parse_trust(b"quorum none\n"))

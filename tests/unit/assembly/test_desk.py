"""`zoneproxy.assembly.desk`: a zone's log with its keys, or why not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.private_log import redaction, zone_of
from tests.support.shards import newest
from zoneproxy.adapters.files.disk import DirectoryLock, DiskFiles
from zoneproxy.adapters.keys.opening import make_opening_key, make_recipient_key
from zoneproxy.adapters.upkeep.redaction import has_pending
from zoneproxy.assembly import desk as module
from zoneproxy.assembly.desk import open_desk
from zoneproxy.terms.errors import ConfigError
from zoneproxy.trace.erasure import Intent, write_intent


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return zone_of(tmp_path_factory.mktemp("made") / "zone")


@pytest.fixture
def zone(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "zone"))


def test_the_zone_is_found_beside_its_log(zone: Path) -> None:
    """The configuration beside the log says which keys; older ones and a regulator's are taken too."""
    make_opening_key(zone / "keys/older.key")
    _, public = make_recipient_key(zone / "keys/reg")
    text = (zone / "zone.yaml").read_text()
    more = f"privacy:\n  older_keys: [keys/older.key]\n  regulator: keys/{public.name}\n"
    (zone / "zone.yaml").write_text(text.replace("privacy:\n", more, 1))
    for place in (zone / "log", newest(zone / "log")):
        desk = open_desk(place, keys=[zone / "keys/reg"])
        assert (desk.socket, len(desk.opening.holders), desk.several) == (None, 3, place == zone / "log")
        (log,) = desk.logs
        assert (log.reader.checkpoint().size, log.directory) == (1, newest(zone / "log"))


def test_entries_are_named_with_their_shard(zone: Path) -> None:
    """By month or whole origin; without, only where one shard was named: nothing is erased by mistake."""
    shard = newest(zone / "log")
    desk = open_desk(zone / "log")
    for words in ([f"{shard.name}#7", f"{shard.name}#3"], [f"{desk.logs[0].origin}#3", f"{shard.name}#7"]):
        log, indexes = desk.named(words)
        assert (log.directory, indexes) == (shard, [3, 7])
    assert open_desk(shard).named(["7"])[1] == [7]
    for word, told in (
        ("7", "in which shard"), ("2031-01#7", "no log `2031-01`"), ("#7", "no log ``"),
        ("x#y", "names no entry"), ("²", "names no entry"),
    ):  # fmt: skip
        with pytest.raises(ConfigError, match=told) as error:
            desk.named([word])
        assert error.value.hint


def test_a_running_zone_is_asked(zone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever holds the log does the work; the answers are taken as they are."""
    answers = {
        "record": {"receipts": [{"index": 7, "leaf": "ab" * 32, "ts": 5, "origin": "o"}]},
        "redact": {"indexes": [8], "finished": True},
        "retain": {"shards": []},
    }
    asked: list[object] = []

    def ask(path: Path, verb: str, arguments: object) -> object:
        asked.append((path, verb, arguments))
        return answers[verb]

    monkeypatch.setattr(module, "ask", ask)
    with DirectoryLock(zone / "log"):
        desk = open_desk(zone / "log")
    assert desk.socket is not None
    assert desk.record("disclosure", {"a": 1}).index == 7
    assert desk.redact("o", [{"b": 2}]) == ([8], True)
    desk.retain()
    assert asked == [
        (desk.socket, "record", {"records": [["disclosure", {"a": 1}]]}),
        (desk.socket, "redact", {"origin": "o", "bodies": [{"b": 2}]}),
        (desk.socket, "retain", {}),
    ]


def test_what_does_not_fit_is_told(zone: Path) -> None:
    """No configuration, another zone's log, no key: each with its words."""
    with pytest.raises(ConfigError, match=r"no `zone.yaml` lies beside"):
        open_desk(zone / "log/state")
    with pytest.raises(ConfigError, match="is not the log of"):
        open_desk(zone / "policies", zone / "zone.yaml")
    (zone / "keys/opening.key").unlink()
    with pytest.raises(ConfigError, match=r"opening.key` is missing"):
        open_desk(zone / "log")


def test_it_finishes_what_was_cut_off(zone: Path) -> None:
    """Z17: an order that a crash left is carried out before anything else is done."""
    shard = newest(zone / "log")
    desk = open_desk(zone / "log")
    origin = desk.logs[0].origin
    files = DiskFiles(shard)
    write_intent(files, Intent(origin, 1, (redaction("record", [0], origin=origin),)))
    files.close()
    assert [due.nothing for due in desk.due()] == [True]
    desk.retain()
    assert not has_pending(shard)

"""`zoneproxy.replay.epochs`: each entry lies between two cosignatures; what an epoch says is checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.logs import ORIGIN, START_MS, Writer, joint_signer
from zoneproxy.adapters.files.disk import DiskFiles
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.replay.audit import audit
from zoneproxy.replay.epochs import TOLERANCE_S, Brackets
from zoneproxy.replay.report import AuditReport
from zoneproxy.trace.ledger import Ledger

START = START_MS // 1000
STOP = {"cause": "stop"}


def report(root: Path, *epochs: dict[str, Any], ahead_ms: int = 0) -> AuditReport:
    """Audit a log of one entry, then an epoch and an entry for each of `epochs`."""
    root.mkdir()
    writer = Writer()
    writer.clock.now += ahead_ms
    ledger = Ledger(DiskFiles(root), ORIGIN, joint_signer())
    ledger.create(writer.opening(joint_signer()))
    for fields in epochs:
        size = ledger.size
        honest = {
            "size": size,
            "root": ledger.publish().root.hex() if ledger.grown else "",
            "note": "ab" * 32,
        }
        if not honest["root"]:
            honest["root"] = open_log(root).checkpoint().root.hex()
        at = fields.get("at", START)
        times = [{"name": "w.example", "key": "01234567", "at": at}]
        body = honest | {"times": times} | {name: value for name, value in fields.items() if name != "at"}
        ledger.append([writer.item("epoch", body)])
        ledger.append([writer.item("worker_stop", STOP)])
        ledger.publish()
    return audit(open_log(root))


def test_brackets(tmp_path: Path) -> None:
    """The bound below is the last epoch before an entry, the bound above the first that covers it."""
    made = report(tmp_path / "log", {"at": START}, {"at": START + 10}, {"at": START + 20})
    assert (made.exit_code, made.brackets.epochs, made.brackets.proven) == (0, 3, 0)
    bounds = [made.brackets.of(index) for index in range(made.size)]
    assert bounds == [
        (None, START),
        (START, START + 10), (START, START + 10),
        (START + 10, START + 20), (START + 10, START + 20),
        (START + 20, None), (START + 20, None),
    ]  # fmt: skip
    assert (made.brackets.bracketed, made.brackets.widest_s) == (4, 10)
    assert Brackets().of(0) == (None, None)


def test_later_bounds_tighten_earlier_ones(tmp_path: Path) -> None:
    """A witness whose clock jumped ahead once widens nothing: what a later cosignature covers is earlier."""
    made = report(tmp_path / "log", {"at": START + 50}, {"at": START + 20})
    assert made.brackets.of(0) == (None, START + 20)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"size": 5}, "can't be the newest"),
        ({"root": "cd" * 32}, "two histories"),
        ({"times": []}, "nobody says"),
    ],
)
def test_what_an_epoch_may_not_say(fields: dict[str, Any], said: str, tmp_path: Path) -> None:
    """A checkpoint from the future, another root, no time: the entry is named (Z14)."""
    made = report(tmp_path / "log", fields)
    assert made.exit_code == 1
    assert (made.flaws[0].where, said in made.flaws[0].message) == ("entry 1", True)


def test_a_log_whose_clock_is_wrong(tmp_path: Path) -> None:
    """What the log says of its time is held against what its witnesses say, on both sides (Z14)."""
    ahead = report(tmp_path / "ahead", {"at": START}, ahead_ms=(TOLERANCE_S + 9) * 1000)
    behind = report(tmp_path / "behind", {"at": START + TOLERANCE_S + 9})
    for made, word in ((ahead, "ahead"), (behind, "behind")):
        assert made.exit_code == 1
        assert word in made.flaws[0].message
    assert report(tmp_path / "near", {"at": START + TOLERANCE_S - 9}).exit_code == 0

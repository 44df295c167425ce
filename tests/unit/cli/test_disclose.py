"""`zoneproxy.cli.disclose`: what the operator and the regulator see, and that it is on the record."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from tests.support.logs import decision, ending
from tests.support.private_log import PRIVATE, zone_of
from tests.support.shards import newest
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.assembly.logs import Opening, open_here
from zoneproxy.cli.main import main
from zoneproxy.trace.entry import parse

FIRST = 2
"""The first decision: after `log_open` and `worker_start`."""


async def write(zone: Path) -> None:
    log = open_here(Opening.read(zone / "zone.yaml"))
    for number, tenant in enumerate(("toyco-sg", "toyco-my")):
        body = decision(number)
        body["facts"] = {**body["facts"], "tenant.id": tenant}
        receipt = await log.append("decision", body, dict(PRIVATE))
        await log.append("return", ending(receipt.index, number), {"response_sha256": "cd" * 32})
    await log.close()


@pytest.fixture
def zone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    zone = zone_of(tmp_path / "zone")
    asyncio.run(write(zone))
    assert main(["disclosed", "--new-key", str(tmp_path / "reg")]) == 0
    capsys.readouterr()
    return zone


def disclose(zone: Path, *words: str) -> int:
    base = ["disclose", str(zone / "log"), "--to", str(zone.parent / "reg.pub"), "--actor", "dpo-1"]
    return main([*base, "-o", str(zone.parent / "out"), *words])


def disclosed(zone: Path, *words: str) -> int:
    (vkey,) = (path for path in newest(zone / "log").glob("*.vkey") if "ticket" not in path.name)
    return main(
        [
            "disclosed",
            str(zone.parent / "out"),
            "--key",
            str(zone.parent / "reg"),
            "--vkey",
            str(vkey),
            *words,
        ]
    )


def named(zone: Path, index: int) -> str:
    """Name an entry of the newest shard."""
    return f"{newest(zone / 'log').name}#{index}"


def kinds(zone: Path) -> list[str]:
    return [parse(data).kind for _, data in open_log(newest(zone / "log")).entries()]


def test_a_disclosure_from_end_to_end(zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Z17: the regulator sees the field, checked; the log says that he was shown it."""
    assert disclose(zone, "--entry", named(zone, FIRST), "--field", "client.ip", "--approval", "ORD-7") == 0
    out = capsys.readouterr().out
    assert "1 entries are opened to the key" in out
    assert disclosed(zone, "--log", str(zone / "log")) == 0
    out = capsys.readouterr().out
    assert '    client.ip: "198.51.100.7"\n' in out
    assert "the log records this disclosure: entry" in out
    assert out.endswith("the disclosure holds\n")
    assert "curl/8" not in out
    assert kinds(zone).count("disclosure") == 1
    assert disclosed(zone, "--json") == 0
    line, summary = map(json.loads, capsys.readouterr().out.splitlines())
    assert line["fields"] == {"client.ip": "198.51.100.7"}
    assert (summary["entries"], summary["exit_code"]) == (1, 0)


def test_the_record_comes_before_the_file(zone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Z13: a disclosure that was handed over is always on the record; a record alone does no harm."""

    class PowerLossError(Exception):
        pass

    def lose(*_: object, **__: object) -> None:
        raise PowerLossError

    monkeypatch.setattr("zoneproxy.cli.disclose.write_new", lose)
    assert disclose(zone, "--entry", named(zone, FIRST), "--field", "client.ip") == 70
    assert kinds(zone).count("disclosure") == 1
    assert not (zone.parent / "out").exists()


def test_what_is_withheld_is_told(zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Z17: erased fields are named on both sides, with the exit code of an incomplete answer."""
    reason = ["--basis", "court-order", "--actor", "a", "--approval", "b"]
    words = ["redact", str(zone / "log"), "--entry", named(zone, FIRST), "--field", "client.ip", *reason]
    assert main(words) == 0
    assert disclose(zone, "--entry", named(zone, FIRST), "--all-fields") == 3
    assert "withheld: client.ip" in capsys.readouterr().err
    assert disclosed(zone) == 3
    out = capsys.readouterr().out
    assert "    client.ip: withheld\n" in out
    assert '"curl/8"' in out
    assert out.endswith("the disclosure holds; 1 fields are withheld\n")


def test_an_unrecorded_disclosure_is_refused(zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Z14: a file that the log does not know of is told as such."""
    assert disclose(zone, "--entry", named(zone, FIRST), "--field", "client.ip") == 0
    other = zone_of(zone.parent / "other")
    assert disclosed(zone, "--log", str(other / "log")) == 1
    again = disclose(zone, "--entry", named(zone, FIRST), "--field", "client.ip")
    assert again == 2  # the file exists already
    assert "exists already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--entry", str(FIRST)), 2),
        (("--entry", "99", "--field", "client.ip"), 1),
        (("--entry", "0", "--field", "client.ip"), 1),
        (("--entry", str(FIRST + 1), "--field", "client.ip"), 1),
        ((*[word for n in range(513) for word in ("--entry", str(n))], "--field", "client.ip"), 2),
    ],
    ids=["no field", "no entry", "no such kind", "no such field", "too many"],
)
def test_mistakes_leave_no_trace(
    zone: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int
) -> None:
    """Nothing is recorded of what was not done."""
    words = tuple(named(zone, int(word)) if word.isdigit() else word for word in words)
    assert disclose(zone, *words) == code
    assert "hint:" in capsys.readouterr().err
    assert "disclosure" not in kinds(zone)


def test_the_regulator_is_told_what_is_missing(zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Usage, a file that is none, a file of another key."""
    assert main(["disclosed"]) == 2
    assert disclosed(zone) == 2
    (zone.parent / "out").write_bytes(b"x")
    assert disclosed(zone) == 1
    assert "no disclosure file" in capsys.readouterr().err

"""A zone that serves, its operator and its regulator: what each sees of a caller's address (Z17)."""

from __future__ import annotations

import asyncio
import json
import re
import time
from pathlib import Path

import pytest

from demo.echo_server import serving
from tests.support.both_sides import Load
from tests.support.zone_process import ZoneFolder, cli, make_zone
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.trace.entry import parse

pytestmark = [pytest.mark.live, pytest.mark.slow]

REASON = ("--basis", "service-ended", "--actor", "dpo-1", "--approval", "T-9")


def decisions(zone: ZoneFolder, least: int) -> list[int]:
    """The published decisions, once there are so many: publication follows within its interval."""
    for _ in range(600):
        entries = open_log(zone.shard).entries()
        found = [index for index, data in entries if parse(data).kind == "decision"]
        if len(found) >= least:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{least} decisions were not published")


def done(*words: str, code: int = 0) -> str:
    made = cli(*words)
    assert made.returncode == code, made.stdout + made.stderr
    return made.stdout + made.stderr


def test_a_running_zone_its_operator_and_its_regulator(tmp_path: Path) -> None:
    """Encrypted on the disk, opened to the regulator on the record, erased while the zone serves."""
    regulator, made = tmp_path / "reg", tmp_path / "file"
    with serving() as upstream:
        zone = make_zone(tmp_path / "zone", upstream.port)
        done("disclosed", "--new-key", str(regulator))
        zone.edit("zone.yaml", "privacy:\n", f"privacy:\n  regulator: {regulator}.pub\n")
        with zone.serving():
            asyncio.run(Load(zone).once(stream=True))
            # The tenant's first record lies on the disk; nothing of the address does.
            files = [path for path in zone.log.rglob("*") if path.is_file()]
            assert not [path for path in files if b"127.0.10.1" in path.read_bytes()]
            (entry, *_) = decisions(zone, 1)
            done(
                "disclose", str(zone.log), "--entry", f"{zone.shard.name}#{entry}", "--field", "client.ip",
                "--to", f"{regulator}.pub", "--actor", "dpo-1", "-o", str(made),
            )  # fmt: skip
            told = done("redact", str(zone.log), "--tenant", "toyco-sg", *REASON)
            assert re.search(r"erased; recorded as entries \d+", told)
            asyncio.run(Load(zone).once(stream=True))
            later = f"{zone.shard.name}#{decisions(zone, 2)[-1]}"
            done("redact", str(zone.log), "--entry", later, "--field", "user_agent", *REASON)
            asyncio.run(Load(zone).once(stream=True))  # and it serves on, under a new key
        vkey = next(path for path in zone.shard.glob("*.vkey") if "ticket" not in path.name)
        shown = done(
            "disclosed",
            str(made),
            "--key",
            str(regulator),
            "--vkey",
            str(vkey),
            "--log",
            str(zone.log),
            "--json",
        )
        line, summary = map(json.loads, shown.splitlines())
        assert list(line["fields"]) == ["client.ip"]
        assert line["fields"]["client.ip"].startswith("127.")
        assert summary["recorded"] is not None
        verified = done("log", "verify", str(zone.log), "--opening-key", str(regulator))
        assert "whatever is not here was taken away on the record" in verified
        replayed = cli("replay", str(zone.log), "--opening-key", str(regulator))
        # What was erased is counted: the pilot's rules ask for the address, so that decision can't be told.
        assert replayed.returncode == 3, replayed.stdout + replayed.stderr
        assert replayed.stdout.endswith("nothing differs in what can be seen\n")
        assert re.search(r"L5 private parts +holds: \d+ opened, [1-9]\d* withheld, 1 erased", replayed.stdout)
        assert " 0 differs" in replayed.stdout

"""`zoneproxy policy activate`, `status` and `shadow-report`: what a person sees of a running zone."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.bundles import name_bundles, pilot_bundle
from tests.support.decided_log import GOOD, write_decided
from tests.support.ports import free_port
from tests.unit.cli.policy.test_bundle import Shown, zoneproxy
from zoneproxy.adapters.workers.control_client import RefusedError
from zoneproxy.assembly import assemble
from zoneproxy.cli.main import main
from zoneproxy.cli.policy import activate as policy_activate
from zoneproxy.replay.shadows import ShadowReport, Shift
from zoneproxy.terms.errors import ConfigError


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "zone"
    assert main(["init", str(folder), "--port", str(free_port())]) == 0
    name_bundles(folder)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path, capsys: Shown) -> Path:
    capsys.readouterr()
    return shutil.copytree(made, tmp_path / "zone")


CLASH = """rules:
  - {id: COL-501, phase: collect, effect: deny, when: {request.bytes: {gt: 9999}}, reason: request_too_large}
"""


def with_zone(folder: Path, *acts: Callable[[], int]) -> list[int]:
    """Run commands against a running zone; return their exit codes."""

    async def serve() -> list[int]:
        zone = assemble(folder / "zone.yaml", assurance="production")
        await zone.start()
        try:
            return [await asyncio.to_thread(act) for act in acts]
        finally:
            await zone.close()

    return asyncio.run(serve())


def test_activate_and_status(folder: Path, capsys: Shown) -> None:
    """The answer names the record and what is in force; the same again changes nothing."""
    config = ("--config", folder / "zone.yaml")
    two = folder / "two.zpb"
    two.write_bytes(pilot_bundle("operator", 2))
    codes = with_zone(
        folder,
        lambda: zoneproxy("activate", two, *config),
        lambda: zoneproxy("activate", two, *config),
        lambda: zoneproxy("activate", folder / "policies/operator.zpb", *config),
        lambda: zoneproxy("activate", two, "--shadow", "--json", *config),
        lambda: zoneproxy("status", *config),
        lambda: zoneproxy("status", "--json", *config),
        lambda: zoneproxy("activate", "--end-shadow", *config),
    )
    shown = capsys.readouterr()
    assert codes == [0, 0, 1, 0, 0, 0, 0]
    assert "exchanges that began before keep the rules they began with" in shown.out
    assert "nothing changed: it was in force already" in shown.out
    assert "error[ZB07]: its revision 1 is not above 2" in shown.err
    assert "refused; the rules in force are as they were" in shown.err
    assert "watching: operator `shantou-pilot` revision 2, signed by `zone.example/" in shown.out
    told = [json.loads(line) for line in shown.out.splitlines() if line.startswith("{")]
    assert [one["revision"] for one in told[-1]["in_force"]] == [1, 2]


def test_verify_knows_the_zone(folder: Path, capsys: Shown) -> None:
    """Its signers, and what was in force in it: a bundle of yesterday may not be activated."""
    config = ("--config", folder / "zone.yaml")
    two = folder / "two.zpb"
    two.write_bytes(pilot_bundle("operator", 2))
    assert zoneproxy("verify", two, folder / "policies/operator.zpb", *config) == 0
    assert with_zone(folder, lambda: zoneproxy("activate", two, *config)) == [0]
    assert zoneproxy("verify", folder / "policies/operator.zpb", *config) == 1
    assert "ZB07" in capsys.readouterr().err
    assert zoneproxy("verify", two, *config, "--recheck") == 0
    two.write_bytes(pilot_bundle("operator", 3, ("rules:\n", CLASH)))
    assert zoneproxy("verify", two, *config) == 0
    capsys.readouterr()
    assert zoneproxy("verify", two, *config, "--recheck") == 1
    assert "error[ZB11]" in capsys.readouterr().err


def test_mistakes_of_the_user(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Shown) -> None:
    """Nothing to activate, no zone there, a refusal without details."""
    config = ("--config", folder / "zone.yaml")
    for words in ((), ("a.zpb", "--end-shadow")):
        with pytest.raises(ConfigError, match="name bundles"):
            zoneproxy("activate", *words, *config)
    with pytest.raises(ConfigError, match="no boundary listens"):
        zoneproxy("activate", folder / "policies/operator.zpb", *config)

    def refuse(*_: object) -> None:
        raise RefusedError("another activation is under way", hint="wait", exit_code=2, details=())

    monkeypatch.setattr(policy_activate, "ask", refuse)
    assert zoneproxy("activate", folder / "policies/operator.zpb", *config) == 2
    assert "another activation is under way\nhint: wait" in capsys.readouterr().err
    assert zoneproxy("activate", folder / "policies/operator.zpb", "--json", *config) == 2
    assert json.loads(capsys.readouterr().out)["hint"] == "wait"


FOUND = ShadowReport(
    (Shift("a" * 64, "operator", "newly_denied", "collect", "COL-900", "COL-040", tuple(range(25))),),
    {"a" * 64: 30},
    1,
    {"COL-041": {"allow": 2, "deny": 1}},
)


def test_the_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Shown) -> None:
    """A log without shadows says so; one with them is told group by group."""
    log = write_decided(tmp_path / "log", [GOOD])
    assert zoneproxy("shadow-report", log) == 0
    assert capsys.readouterr().out == "nothing watched in this log\n"
    monkeypatch.setattr(policy_activate, "report", lambda _: FOUND)
    assert zoneproxy("shadow-report", log) == 0
    shown = capsys.readouterr()
    assert shown.out.splitlines() == [
        "the bundle aaaaaaaaaaaaaaaa watched 30 records",
        "collect: 25 records newly denied, COL-900 -> COL-040",
        f"   the operator's shadow aaaaaaaaaaaaaaaa, entries {', '.join(map(str, range(20)))} and 5 more",
        "the shadow rule `COL-041` fired 3 times: 2 on what was let go on, 1 on what was denied anyway",
    ]
    assert "in 1 record the watching itself failed" in shown.err
    assert zoneproxy("shadow-report", log, "--json") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (lines[0]["kind"], lines[-1]["faults"]) == ("newly_denied", 1)

"""`zoneproxy stop`, `resume` and `stops`, as the operator sees them (Z21)."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pytest

from zoneproxy.cli.main import main
from zoneproxy.origin.tenants import digest_of

WHO = ["--by", "ops", "--why", "a test"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zones") / "zone"
    assert main(["init", str(folder), "--port", "18999"]) == 0
    return folder


@pytest.fixture
def zone(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A zone that does not run, and the shell stands in its folder."""
    folder = tmp_path / "zone"
    shutil.copytree(made, folder)
    monkeypatch.chdir(folder)
    return folder


def test_a_stop_is_told_listed_and_lifted(zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The whole of an incident: stop, list, resume; exit codes that a script can ask."""
    assert main(["stops"]) == 0
    assert main(["stop", "tenant", "toyco-sg", *WHO, "--cause", "leak"]) == 0
    assert main(["stops"]) == 1
    assert main(["stops", "--json"]) == 1
    assert main(["resume", "tenant", "toyco-sg", *WHO]) == 0
    assert main(["stops"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "nothing is stopped"
    assert told[1].startswith("stopped the tenant `toyco-sg`; record ")
    assert "by ops (leak): a test" in told[2]
    assert json.loads(told[3])["cause"] == "leak"
    assert told[4].startswith("resumed the tenant `toyco-sg`; record ")
    assert told[5] == "nothing is stopped"
    assert (zone / "state/orders/orders").exists()


def test_a_second_stop_changes_nothing(zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two operators who stop the same at once are both right."""
    assert zone.exists()
    for _ in range(2):
        assert main(["stop", "zone", *WHO]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "nothing changed: it was so already"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["stop", "tenant", "toyco-gs"], "did you mean `toyco-sg`?"),
        (["stop", "model", "gpt"], "no model is named `gpt`"),
        (["stop", "route", "cable"], "no route is named `cable`"),
        (["stop", "tenant"], "no tenant is named"),
        (["stop", "zone", "another"], "this zone is `"),
        (["stop", "tenant", "Not a Name", "--even-if-unknown"], "a stop names a scope and a target"),
        (["resume", "tenant", "toyco-sg"], "is not stopped"),
        (["resume", "everything"], "there is nothing to begin anew"),
    ],
)
def test_a_mistake_stops_nothing_and_says_so(
    words: list[str], told: str, zone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever mistypes a name at night must not believe it stopped."""
    assert main([*words, *WHO]) == 2
    assert told in capsys.readouterr().err
    assert main(["stops", "--config", str(zone / "zone.yaml")]) == 0


def test_an_unknown_name_can_be_stopped_on_purpose(zone: Path) -> None:
    """A tenant that may come is stopped before it does."""
    assert main(["stop", "tenant", "comes-later", *WHO, "--even-if-unknown", "--config", "zone.yaml"]) == 0
    assert main(["stops", "--config", str(zone / "zone.yaml")]) == 1


def test_a_credential_is_read_from_standard_input(
    zone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A leaked secret is stopped without standing on a command line, and is shown nowhere."""
    assert zone.exists()
    monkeypatch.setattr("sys.stdin", io.StringIO("zp-leaked-secret\n"))
    assert main(["stop", "credential", "-", *WHO, "--even-if-unknown"]) == 0
    assert digest_of("zp-leaked-secret").hex()[:16] in capsys.readouterr().out
    assert main(["stop", "credential", "zp-leaked-secret", *WHO]) == 2
    told = capsys.readouterr()
    assert "command lines are seen by others" in told.err
    assert "zp-leaked" not in told.out + told.err


def test_orders_that_cannot_be_read_are_begun_anew(zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Z22: everything is stopped, it is said why, and there is one way back."""
    main(["stop", "zone", *WHO])
    (zone / "state/orders/orders").write_bytes(b"torn")
    assert main(["stops"]) == 1
    assert "everything is stopped" in capsys.readouterr().out
    assert main(["resume", "zone", *WHO]) == 2
    assert "can't be read" in capsys.readouterr().err
    assert main(["resume", "everything", *WHO]) == 0
    assert main(["stops"]) == 0


def test_who_and_why_must_be_said(zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Z21: no act without both."""
    assert zone.exists()
    for words in (["stop", "zone", "--by", "ops"], ["resume", "zone", "--why", "x"]):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 2
    assert "required" in capsys.readouterr().err

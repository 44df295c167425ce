"""`zoneproxy tenant`: tenants come and go while the zone runs or does not; secrets are shown once."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest

from tests.unit.cli.test_stops import WHO, made, zone
from zoneproxy.cli.main import main

__all__ = ["made", "zone"]

ADD = ["tenant", "add", "acme", "--market", "SG", "--audience", "overseas"]


def shown(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def test_a_tenant_is_added_shown_rotated_and_removed(zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The whole life of a tenant, and no secret in any file."""
    network = ["--network", "127.0.10.0/24", "--callback", "https://hooks.example/"]
    assert main([*ADD, *network, *WHO]) == 0
    secrets = re.findall(r"zp-\S+", shown(capsys))
    assert len(secrets) == 1
    assert main(["tenant", "show", "acme"]) == 0
    told = shown(capsys)
    assert "calls from 127.0.10.0/24" in told
    assert "callback https://hooks.example/" in told
    first = re.findall(r"credential ([0-9a-f]{16})", told)[0]
    assert main(["tenant", "rotate", "acme", "--keep", "12h", *WHO]) == 0
    secrets += re.findall(r"zp-\S+", shown(capsys))
    assert main(["tenant", "show", "acme", "--json"]) == 0
    one = json.loads(shown(capsys))
    assert [entry["id"] == first for entry in one["credentials"]] == [True, False]
    assert [entry["until_ms"] is None for entry in one["credentials"]] == [False, True]
    assert main(["tenant", "revoke", "acme", first, *WHO]) == 0
    for act in ("suspend", "resume", "suspend", "remove"):
        assert main(["tenant", act, "acme", *WHO]) == 0
    assert main(["tenant", "show", "acme"]) == 2
    for path in zone.rglob("*"):
        if path.is_file():
            assert not any(secret.encode() in path.read_bytes() for secret in secrets)


def test_the_list_tells_where_each_tenant_stands(zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Declared ones first, then those that were added."""
    assert zone.exists()
    main([*ADD, *WHO])
    main(["tenant", "suspend", "acme", *WHO])
    shown(capsys)
    assert main(["tenant", "list"]) == 0
    assert shown(capsys).splitlines()[-1] == "acme  SG  overseas  added, suspended"
    assert main(["tenant", "list", "--json"]) == 0
    rows = [json.loads(line) for line in shown(capsys).splitlines()]
    assert {row["where"] for row in rows} == {"declared", "added"}


def test_a_declared_tenant_is_rotated_and_suspended(zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Z4, Z21: `zone.yaml` stays as it is; what was changed stands in the orders and is shown."""
    before = (zone / "zone.yaml").read_bytes()
    assert main(["tenant", "rotate", "toyco-sg", "--keep", "12h", *WHO]) == 0
    assert main(["tenant", "suspend", "toyco-sg", *WHO]) == 0
    shown(capsys)
    assert main(["tenant", "show", "toyco-sg", "--json"]) == 0
    one = json.loads(shown(capsys))
    assert (one["where"], one["suspended"]) == ("declared", True)
    assert [entry["until_ms"] is None for entry in one["credentials"]] == [False, True]
    assert main(["tenant", "revoke", "toyco-sg", one["credentials"][0]["id"], *WHO]) == 0
    assert main(["tenant", "resume", "toyco-sg", *WHO]) == 0
    assert (zone / "zone.yaml").read_bytes() == before


def test_a_credential_can_go_into_a_file(zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For a secret store: mode 0600, never an old file, and gone again if nothing was done."""
    assert main([*ADD, *WHO, "--credential-file", "acme.secret"]) == 0
    assert "zp-" not in shown(capsys)
    file = zone / "acme.secret"
    assert file.read_text().startswith("zp-")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert main(["tenant", "rotate", "acme", *WHO, "--credential-file", "acme.secret"]) == 2
    assert main([*ADD, *WHO, "--credential-file", "again.secret"]) == 2
    assert not (zone / "again.secret").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["tenant", "add", "toyco-sg", "--market", "SG", "--audience", "overseas"], "registered already"),
        (["tenant", "add", "acme", "--market", "CN", "--audience", "overseas"], "is not overseas here"),
        (["tenant", "add", "Acme", "--market", "SG", "--audience", "overseas"], "`Acme` is no id"),
        ([*ADD, "--network", "somewhere"], "`somewhere` is not a network"),
        ([*ADD, "--certificate", "nobody"], "can't be used"),
        ([*ADD, "--callback", "ftp://x"], "is no callbacks"),
        (["tenant", "remove", "toyco-sg"], "declared in zone.yaml"),
        (["tenant", "suspend", "toyco"], "no tenant `toyco` is registered"),
        (["tenant", "rotate", "acme", "--keep", "soon"], "`soon` is no time"),
        (["tenant", "revoke", "acme", "0" * 16], "no tenant `acme` is registered"),
    ],
)
def test_what_contradicts_is_refused(
    words: list[str], told: str, zone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is registered that the zone could not serve, and no secret is shown for it."""
    assert zone.exists()
    assert main([*words, *WHO]) == 2
    found = capsys.readouterr()
    assert told in found.err
    assert "zp-" not in found.out

"""`zoneproxy outward`: makes the authority once, and shows it for workloads to trust."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest
import yaml
from cryptography import x509

from tests.cases.test_zone_yaml import good
from tests.unit.config.test_outward import OUT, TUNNELS, outward
from zoneproxy.cli.main import main


@pytest.fixture
def zone(tmp_path: Path) -> Path:
    data = {**good(), "routes": [*good()["routes"], OUT], "outward": outward(), "tunnels": TUNNELS}
    (tmp_path / "keys").mkdir()
    path = tmp_path / "zone.yaml"
    path.write_text(yaml.safe_dump(data, sort_keys=False), "utf-8")
    return path


def test_it_is_made_and_shown(zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Z5: bound to the registered destinations; the certificate alone goes to stdout."""
    assert main(["outward", "make", "--days", "30", str(zone)]) == 0
    assert "for tools.example" in capsys.readouterr().out
    assert stat.S_IMODE((zone.parent / "keys" / "outward.key").stat().st_mode) == 0o600
    assert main(["outward", "show", str(zone)]) == 0
    told = capsys.readouterr()
    certificate = x509.load_pem_x509_certificate(told.out.encode())
    named = certificate.extensions.get_extension_for_class(x509.NameConstraints)
    assert named.critical
    assert [one.value for one in named.value.permitted_subtrees or ()] == ["tools.example"]
    assert "PRIVATE" not in told.out + told.err
    assert "sha256 " in told.err


def test_it_is_not_made_twice(zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is overwritten; what it would need is told."""
    assert main(["outward", "make", str(zone)]) == 0
    assert main(["outward", "make", str(zone)]) == 2
    assert "exists already" in capsys.readouterr().err


@pytest.mark.parametrize("days", ["0", "9999"])
def test_a_time_that_is_none_is_refused(days: str, zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["outward", "make", "--days", days, str(zone)]) == 2
    assert "days are none" in capsys.readouterr().err


def test_a_zone_without_tunnels_has_none(zone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The remedy says what to write."""
    shutil.copy(zone, zone.with_name("other.yaml"))
    data = yaml.safe_load(zone.read_text())
    del data["tunnels"]
    zone.write_text(yaml.safe_dump(data, sort_keys=False), "utf-8")
    assert main(["outward", "show", str(zone)]) == 2
    assert "opens no tunnels" in capsys.readouterr().err

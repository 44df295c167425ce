"""`zoneproxy front`: prints a front's configuration, and tells when a file has drifted from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.front_zone import zone_yaml
from zoneproxy.cli.front import PRODUCTS
from zoneproxy.cli.main import main


@pytest.mark.parametrize("product", sorted(PRODUCTS))
def test_it_prints_what_stands_in_a_file_then(
    product: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The result goes to stdout; `--check` agrees until zone.yaml changes, then exits with 1."""
    zone, made = tmp_path / "zone.yaml", tmp_path / "front.conf"
    zone.write_text(zone_yaml(fronts=product != "nginx"), "utf-8")
    assert main(["front", product, str(zone)]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    made.write_text(told.out, "utf-8")
    assert main(["front", product, str(zone), "--check", str(made)]) == 0
    assert capsys.readouterr().out == f"{made}: is what {zone} says\n"
    with zone.open("a") as file:
        file.write("  request_burst: 7\n")
    assert main(["front", product, str(zone), "--check", str(made)]) == 1
    told = capsys.readouterr()
    assert told.out == f"{made}: is not what {zone} says now\n"
    assert f"zoneproxy front {product} {zone} > {made}" in told.err


def test_what_cannot_be_made_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, nothing on stdout, so that no half file is made by a redirection that goes on."""
    zone = tmp_path / "zone.yaml"
    zone.write_text(zone_yaml(), "utf-8")
    assert main(["front", "nginx", str(zone)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "waits for PROXY protocol v2" in told.err
    assert "hint: " in told.err


def test_notes_do_not_go_into_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the operator should know is on stderr, beside the comment in the text."""
    zone = tmp_path / "zone.yaml"
    text = zone_yaml().replace("    market: SG\n", "    market: SG\n    certificates: ['dn:CN=toyco-sg']\n")
    zone.write_text(text, "utf-8")
    assert main(["front", "haproxy", str(zone)]) == 0
    assert capsys.readouterr().err.startswith("note: toyco-sg: certificates are registered")

"""`zoneproxy.assembly.witnesses`: the configured witnesses, checked before the log is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.logs import signer
from tests.support.ports import free_port
from tests.support.witness_lab import new_witness
from zoneproxy.assembly.witnesses import witness_rules
from zoneproxy.cli.main import main
from zoneproxy.config import Config, parse
from zoneproxy.terms.errors import ConfigError
from zoneproxy.trace.note import Ed25519Signer, Signer
from zoneproxy.trace.trust import NONE

ORIGIN = "zone.example/trace/node-1/2026-11"
PART = "\nwitnesses:\n  policy: trust.policy\n  interval: 2\n  max_unwitnessed: 3600\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert main(["init", str(tmp_path / "zone"), "--port", str(free_port())]) == 0
    return tmp_path / "zone"


def config(folder: Path, more: str = PART) -> Config:
    return parse(((folder / "zone.yaml").read_text("utf-8") + more).encode(), "zone.yaml")


def own() -> Signer:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

    return Ed25519Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"z" * 32))


def test_nobody_is_asked_where_nobody_is_named(folder: Path) -> None:
    """Without the part there are no witnesses."""
    assert witness_rules(config(folder, ""), folder, own()) is None


def test_the_settings_arrive(folder: Path, tmp_path: Path) -> None:
    """Quorum, addresses and times of the configuration are those that are used."""
    key = new_witness(tmp_path / "w")[0]
    text = f"log {own().verifiers[0].vkey}\nwitness w {key.vkey} https://w.example/x\nquorum w\n"
    (folder / "trust.policy").write_text(text)
    rules = witness_rules(config(folder), folder, own())
    assert rules is not None
    assert (rules.interval_s, rules.heartbeat_s, rules.max_unwitnessed_s) == (2.0, 60.0, 3600.0)
    assert (rules.trust.quorum, rules.trust.urls) == ("w", {"w": "https://w.example/x"})
    (folder / "trust.policy").write_text("quorum none\n")
    rules = witness_rules(config(folder), folder, own())
    assert rules is not None
    assert rules.trust.quorum == NONE


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "can't be read"),
        ("witness w\nquorum w\n", "line 1"),
        ("witness w {w}\nquorum w\n", "no quorum"),
        ("witness w {w} w.example\nquorum w\n", "no address"),
        ("log {strange}\nwitness w {w} https://w.example\nquorum w\n", "another key"),
    ],
)
def test_mistakes_are_told_first(folder: Path, tmp_path: Path, text: str | None, said: str) -> None:
    """A trust file that can't be used stops the start, and names the file."""
    key = new_witness(tmp_path / "w")[0]
    strange = signer(ORIGIN, 9).verifiers[0].vkey
    if text is not None:
        (folder / "trust.policy").write_text(text.format(w=key.vkey, strange=strange))
    with pytest.raises(ConfigError, match=said) as told:
        witness_rules(config(folder), folder, own())
    assert "trust.policy" in told.value.message

"""`zoneproxy.adapters.witness.folder`: keys, memory and list of logs of one witness."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.support.logs import joint_signer, signer
from zoneproxy.adapters.witness.folder import WitnessedLogs, add_log, load_cosigner, make_witness
from zoneproxy.terms.errors import ConfigError
from zoneproxy.trace.note import ED25519_COSIGNATURE, MLDSA44

NAME = "regulator.example/w1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_witness(tmp_path / "w", NAME)
    return tmp_path / "w"


def test_a_new_witness(folder: Path, tmp_path: Path) -> None:
    """Two keys under one name, private files for the owner alone; never made over another."""
    keys = load_cosigner(folder).verifiers
    assert [(key.name, key.type) for key in keys] == [(NAME, ED25519_COSIGNATURE), (NAME, MLDSA44)]
    assert (folder / "witness.vkey").read_text() == "".join(f"{key.vkey}\n" for key in keys)
    assert (folder / "witness.key").stat().st_mode & 0o777 == 0o600
    assert WitnessedLogs(folder).keys == ()
    with pytest.raises(ConfigError, match="not empty"):
        make_witness(folder, NAME)
    with pytest.raises(ConfigError, match="can't be a key's name"):
        make_witness(tmp_path / "other", "a name")
    assert not (tmp_path / "other").exists()


def test_keys_that_do_not_fit(folder: Path, tmp_path: Path) -> None:
    """Another witness's keys, or a missing one, are refused: they are another witness."""
    make_witness(tmp_path / "other", NAME)
    (tmp_path / "other" / "witness.key").replace(folder / "witness.key")
    with pytest.raises(ConfigError, match="not those of its"):
        load_cosigner(folder)
    (folder / "witness.key").unlink()
    with pytest.raises(ConfigError, match="missing"):
        load_cosigner(folder)
    with pytest.raises(ConfigError, match="no folder"):
        load_cosigner(tmp_path / "nowhere")


def test_logs_are_taken_up_while_it_runs(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A changed list counts from the next request on; a mistake in it changes nothing and is told once."""
    logs = WitnessedLogs(folder)
    keys = list(joint_signer().verifiers)
    assert add_log(folder, keys) == keys
    assert add_log(folder, keys) == []
    assert list(logs.keys) == keys
    (folder / "logs.policy").write_text("log nonsense\nquorum none\n")
    with caplog.at_level(logging.ERROR):
        assert list(logs.keys) == list(logs.keys) == keys
    assert len(caplog.messages) == 1
    with pytest.raises(ConfigError, match="line 1"):
        WitnessedLogs(folder)


def test_what_is_no_log_is_not_added(folder: Path) -> None:
    """A witness's key is no log's; the file stays as it was."""
    before = (folder / "logs.policy").read_bytes()
    with pytest.raises(ConfigError, match="no log's"):
        add_log(folder, [*signer().verifiers, *load_cosigner(folder).verifiers])
    assert (folder / "logs.policy").read_bytes() == before

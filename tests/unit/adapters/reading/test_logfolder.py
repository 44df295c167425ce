"""`zoneproxy.adapters.reading.logfolder`: a log, opened for reading."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from tests.support.logs import ORIGIN, signer, write_log
from tests.support.served import served
from zoneproxy.adapters.keys.ticket import publish_ticket_key
from zoneproxy.adapters.reading.logfolder import open_log, reopen
from zoneproxy.terms.errors import ConfigError
from zoneproxy.trace.ticket import key_name


def test_open(tmp_path: Path) -> None:
    """A log opens with the keys in its directory, or with those given."""
    root = write_log(tmp_path / "log", [2])
    assert open_log(root).checkpoint().size == 5
    assert open_log(root, signer().verifiers).checkpoint().size == 5


def test_no_log(tmp_path: Path) -> None:
    """No directory, or no key in it: refused with a hint."""
    with pytest.raises(ConfigError, match="no directory"):
        open_log(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="no verifier key"):
        open_log(tmp_path)


def test_a_log_is_opened_again_elsewhere(tmp_path: Path) -> None:
    """A reader's location is plain data: another process opens the same log at the same checkpoint."""
    root = write_log(tmp_path / "log", [2])
    reader = open_log(root)
    note = reader.note()
    location = pickle.loads(pickle.dumps(reader.location))
    (root / "checkpoint").unlink()
    again = reopen(location)
    assert (again.note(), again.vkeys, again.location) == (note, reader.vkeys, reader.location)
    with served(write_log(tmp_path / "web", [2])) as url:
        web = open_log(url)
        assert reopen(pickle.loads(pickle.dumps(web.location))).checkpoint() == web.checkpoint()


def test_a_web_address(tmp_path: Path) -> None:
    """A log at an address opens with the keys that it names, or with those given; without any it does not."""
    root = write_log(tmp_path / "log", [2])
    with served(root) as url:
        assert open_log(f"{url}/").checkpoint().size == 5
        assert open_log(url, signer(ORIGIN, 2).verifiers).vkeys == signer(ORIGIN, 2).verifiers
        for broken in (b"{", b"[]", b'{"keys": ["x"]}', b'{"keys": "x"}', b"\xff"):
            (root / "log.json").unlink()
            (root / "log.json").write_bytes(broken)
            with pytest.raises(ConfigError, match="no verifier key"):
                open_log(url)


def test_keys_of_tickets_sign_no_checkpoint(tmp_path: Path) -> None:
    """The ticket key beside the log is none of the log's keys."""
    root = write_log(tmp_path / "log", [2])
    publish_ticket_key(root, signer(key_name(ORIGIN)))
    assert len(list(root.glob("*.vkey"))) == 2
    assert open_log(root).vkeys == signer().verifiers
    assert open_log(root, signer(key_name(ORIGIN)).verifiers).vkeys == signer().verifiers

"""`zoneproxy.adapters.keys.ticket`: the key of tickets, and its verifier key beside the log's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.logs import ORIGIN, signer, write_log
from zoneproxy.adapters.keys.keyfiles import make_private_key
from zoneproxy.adapters.keys.ticket import load_ticket_signer, publish_ticket_key, ticket_keys_of
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.terms.errors import ConfigError, VerificationError
from zoneproxy.trace.ticket import Ticket, key_name, open_ticket, sign_ticket

NAME = key_name(ORIGIN)


def test_it_is_published_once_and_older_ones_stay(tmp_path: Path) -> None:
    """The verifier key lies beside the log; after a change of keys older tickets still verify."""
    root = write_log(tmp_path / "log", [1])
    assert ticket_keys_of(open_log(root), ORIGIN) == []
    for number in (1, 1, 2, 2):
        publish_ticket_key(root, signer(NAME, number))
    assert ticket_keys_of(open_log(root), ORIGIN) == [signer(NAME, number).verifiers[0] for number in (1, 2)]
    assert not list(root.glob(".*"))


def test_it_is_loaded(tmp_path: Path) -> None:
    """The key bears the log's name and says that it is for tickets; a missing one is told."""
    make_private_key(tmp_path / "ticket.key")
    assert load_ticket_signer(tmp_path / "ticket.key", ORIGIN).verifiers[0].name == NAME
    with pytest.raises(ConfigError, match="is missing"):
        load_ticket_signer(tmp_path / "nowhere", ORIGIN)
    with pytest.raises(ConfigError, match="unusable"):
        load_ticket_signer(tmp_path / "ticket.key", "a b")


def test_what_lies_there_is_not_believed_to_be_a_key(tmp_path: Path) -> None:
    """A broken file makes no key, and one that can't be written is told."""
    root = write_log(tmp_path / "log", [1])
    publish_ticket_key(root, signer(NAME))
    path = next(root.glob("*ticket.vkey"))
    for broken in (b"\xff", b"x\n", f"{signer().verifiers[0].vkey}\n".encode()):
        path.unlink()
        path.write_bytes(broken)
        assert ticket_keys_of(open_log(root, signer().verifiers), ORIGIN) == []
    with pytest.raises(ConfigError, match="can't be written"):
        publish_ticket_key(tmp_path / "nowhere", signer(NAME))


def test_a_shards_tickets_are_signed_by_its_logs_key(tmp_path: Path) -> None:
    """The ticket key of a sharded log speaks for its shards, and is found beside each of them."""
    root = write_log(tmp_path / "log", [1])
    publish_ticket_key(root, signer(NAME))
    assert ticket_keys_of(open_log(root), f"{ORIGIN}/2026-11") == list(signer(NAME).verifiers)
    assert ticket_keys_of(open_log(root), f"{ORIGIN}/2026-11/x") == []
    note = sign_ticket(Ticket(f"{ORIGIN}/2026-11", 0, bytes(32), 0), signer(NAME))
    assert open_ticket(note, signer(NAME).verifiers).index == 0
    with pytest.raises(VerificationError, match="no ticket key"):
        open_ticket(note, signer("zone.example/trace/node/ticket").verifiers)

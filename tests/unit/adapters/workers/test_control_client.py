"""`zoneproxy.adapters.workers.control_client`: every way in which nobody answers has its words."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from zoneproxy.adapters.workers.control import short_path
from zoneproxy.adapters.workers.control_client import ask
from zoneproxy.terms.errors import ConfigError


def test_nobody_there(tmp_path: Path) -> None:
    """No folder, no socket, a plain file, a socket that nobody serves."""
    (tmp_path / "file").write_text("", "utf-8")
    with socket.socket(socket.AF_UNIX) as left, short_path(tmp_path / "left") as name:
        left.bind(name)
    for path in (tmp_path / "none" / "x", tmp_path / "none", tmp_path / "file", tmp_path / "left"):
        with pytest.raises(ConfigError, match="no boundary listens") as caught:
            ask(path, "status", {})
        assert caught.value.hint


@pytest.mark.parametrize(
    ("answer", "word"),
    [(b"", "does not talk to you"), (b"\0\0", "does not talk to you"), (b"\0\0\0\2[]", "is no boundary")],
)
def test_an_odd_answer(tmp_path: Path, answer: bytes, word: str) -> None:
    """A closed connection and another program are told apart."""
    with socket.socket(socket.AF_UNIX) as other, short_path(tmp_path / "s") as name:
        other.bind(name)
        other.listen()

        def serve() -> None:
            peer, _ = other.accept()
            peer.recv(1000)
            peer.sendall(answer)
            peer.close()

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(ConfigError, match=word):
            ask(tmp_path / "s", "status", {}, timeout_s=5)
        thread.join()


def test_no_answer_in_time(tmp_path: Path) -> None:
    """A boundary that hangs does not hang its operator."""
    with socket.socket(socket.AF_UNIX) as other, short_path(tmp_path / "s") as name:
        other.bind(name)
        other.listen()
        with pytest.raises(ConfigError, match="did not answer"):
            ask(tmp_path / "s", "status", {}, timeout_s=0.05)

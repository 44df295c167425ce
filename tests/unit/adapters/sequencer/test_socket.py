"""`zoneproxy.adapters.sequencer.socket`: tight modes, and both sides ask who the other is."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from zoneproxy.adapters.sequencer.socket import Peer, connect, open_listener, peer_of
from zoneproxy.terms.errors import ConfigError, TraceError

UID = os.geteuid()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_only_the_owner_may_enter(tmp_path: Path) -> None:
    """The folder is 0700 and the socket 0600, whatever the umask and whatever lay there."""
    path = tmp_path / "run" / "logd.sock"
    before = os.umask(0)
    try:
        open_listener(path).close()
        path.parent.chmod(0o755)
        with open_listener(path):  # the first one's socket still lies there
            assert (mode(path.parent), mode(path)) == (0o700, 0o600)
    finally:
        os.umask(before)


def test_a_group_may_be_let_in(tmp_path: Path) -> None:
    """Workers of another user come by a group: it may reach the socket and see nothing else."""
    path = tmp_path / "run" / "logd.sock"
    with open_listener(path, group_id=os.getegid()):
        assert (mode(path.parent), mode(path)) == (0o710, 0o660)


def test_a_long_path_is_no_hindrance(tmp_path: Path) -> None:
    """The path may be longer than a socket's address; the kernel tells who connects."""
    path = tmp_path / ("long" * 40) / "logd.sock"
    assert len(str(path)) > 108
    with open_listener(path) as listener, connect(path, server_uid=UID, timeout_s=5) as near:
        far, _ = listener.accept()
        with far:
            assert peer_of(far) == peer_of(near) == Peer(os.getpid(), UID, os.getegid())


def test_a_folder_that_others_may_write_in(tmp_path: Path) -> None:
    """Neither side uses a folder where others could put a socket of theirs."""
    path = tmp_path / "run" / "logd.sock"
    with open_listener(path):
        path.parent.chmod(0o777)
        with pytest.raises(ConfigError, match="others could put a socket") as told:
            connect(path, server_uid=UID, timeout_s=5)
        assert "mode 0700" in told.value.hint
        with pytest.raises(ConfigError, match="others could put a socket"):
            open_listener(path)


def test_a_folder_that_is_a_link_elsewhere(tmp_path: Path) -> None:
    """The folder itself is meant, never what a link in its place points to."""
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "run").symlink_to("elsewhere")
    with pytest.raises(ConfigError, match="can't be made"):
        open_listener(tmp_path / "run" / "logd.sock")
    with pytest.raises(TraceError, match="can't be reached"):
        connect(tmp_path / "run" / "logd.sock", server_uid=UID, timeout_s=5)


def test_another_user_listens(tmp_path: Path) -> None:
    """A program of another user at the socket's place gets no record; the folder's owner counts too."""
    path = tmp_path / "run" / "logd.sock"
    with open_listener(path):
        with pytest.raises(ConfigError, match=f"runs as user {UID + 1}, not as {UID}"):
            connect(path, server_uid=UID, timeout_s=5, asked=lambda _: Peer(1, UID + 1, 0))
        with pytest.raises(ConfigError, match=f"belongs to user {UID}"):
            connect(path, server_uid=UID + 1, timeout_s=5)


def test_nobody_listens(tmp_path: Path) -> None:
    """No folder, no socket, nobody behind it: told as what it is, with the way to start one."""
    path = tmp_path / "run" / "logd.sock"
    with pytest.raises(TraceError, match="can't be reached"):
        connect(path, server_uid=UID, timeout_s=5)
    open_listener(path).close()
    with pytest.raises(TraceError, match="connection refused") as told:
        connect(path, server_uid=UID, timeout_s=5)
    assert "zoneproxy logd" in told.value.hint
    with pytest.raises(ConfigError, match="can't be made"):
        open_listener(tmp_path / "a" / "b" / "logd.sock")


def test_a_peer_that_can_not_be_told(tmp_path: Path) -> None:
    """A process whose user the kernel does not tell is nobody's."""

    def unknown(_: socket.socket) -> Peer:
        raise OSError(95, "Operation not supported")

    path = tmp_path / "run" / "logd.sock"
    with open_listener(path), pytest.raises(TraceError, match="not supported"):
        connect(path, server_uid=UID, timeout_s=5, asked=unknown)

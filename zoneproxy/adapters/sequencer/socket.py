"""The sequencer's socket in the file system, and who is at its other end.

Both sides walk to the socket by a handle on its folder, so that a long path fits (a socket's address holds
108 bytes) and nobody can put another folder in its place meanwhile. The folder belongs to the sequencer's
user and nobody else may write in it; the kernel says which user is at the other end (`SO_PEERCRED`), and
both sides ask.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from zoneproxy.adapters.files.trouble import why
from zoneproxy.terms.errors import ConfigError, TraceError

BACKLOG = 64
_UCRED = struct.Struct("3i")
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_START = "start it with `zoneproxy logd zone.yaml`, or let `zoneproxy run --workers N` start it"


@dataclass(frozen=True, slots=True)
class Peer:
    """The process at the other end of a Unix socket, as the kernel tells it."""

    pid: int
    uid: int
    gid: int


PeerOf = Callable[[socket.socket], Peer]


def peer_of(connection: socket.socket) -> Peer:
    """Ask the kernel who is at the other end.

    Raises:
        OSError: it does not say.
    """
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    return Peer(*_UCRED.unpack(raw))


def open_listener(path: Path, *, group_id: int | None = None) -> socket.socket:
    """Make the socket and listen; call it only while holding the log's lock, which makes it the one.

    The folder is made where it is missing. A socket that a killed sequencer left is replaced.

    Args:
        path: where the socket is to be.
        group_id: the group that may connect too; without one only the own user may.

    Raises:
        ConfigError: the folder can't be had, or others may write in it.
    """
    mode, folder_mode = (0o600, 0o700) if group_id is None else (0o660, 0o710)
    try:
        with contextlib.suppress(FileExistsError):
            path.parent.mkdir(mode=0o700)
        folder = os.open(path.parent, _FOLDER)
        try:
            _insist_on_owner(folder, path.parent, os.geteuid())
            if group_id is not None:
                os.fchown(folder, -1, group_id)
            os.fchmod(folder, folder_mode)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path.name, dir_fd=folder)
            return _listen(folder, path.name, mode, group_id)
        finally:
            os.close(folder)
    except OSError as error:
        raise ConfigError(
            f"the socket `{path}` can't be made: {why(error)}",
            hint="check `workers.socket` and the owner of its folder",
        ) from None


def _listen(folder: int, name: str, mode: int, group_id: int | None) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(f"/proc/self/fd/{folder}/{name}")
        if group_id is not None:
            os.chown(name, -1, group_id, dir_fd=folder, follow_symlinks=False)
        # Nobody connects before `listen`, so nobody meets the mode that the socket was made with.
        Path(f"/proc/self/fd/{folder}/{name}").chmod(mode)
        listener.listen(BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def connect(path: Path, *, server_uid: int, timeout_s: float, asked: PeerOf = peer_of) -> socket.socket:
    """Connect to the sequencer; the socket blocks, for at most `timeout_s` a call.

    Args:
        path: where its socket is.
        server_uid: the user that it must run as.
        timeout_s: seconds.
        asked: who is at the other end.

    Raises:
        ConfigError: the folder or the process there is another user's.
        TraceError: there is no sequencer.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout_s)
        folder = os.open(path.parent, _FOLDER)
        try:
            _insist_on_owner(folder, path.parent, server_uid)
            connection.connect(f"/proc/self/fd/{folder}/{path.name}")
        finally:
            os.close(folder)
        found = asked(connection)
    except OSError as error:
        connection.close()
        raise TraceError(f"the sequencer can't be reached at `{path}`: {why(error)}", hint=_START) from None
    except BaseException:
        connection.close()
        raise
    if found.uid != server_uid:
        connection.close()
        raise ConfigError(
            f"the process that listens at `{path}` runs as user {found.uid}, not as {server_uid}",
            hint="is it another program? else name its user as `workers.logd_user_id`",
        )
    return connection


def _insist_on_owner(folder: int, shown: Path, uid: int) -> None:
    status = os.fstat(folder)
    if status.st_uid != uid or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise ConfigError(
            f"the folder `{shown}` belongs to user {status.st_uid} with mode "
            f"{stat.S_IMODE(status.st_mode):04o}; others could put a socket of theirs there",
            hint=f"make a folder of its own for the socket, owned by user {uid}, mode 0700",
        )

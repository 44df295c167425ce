"""Asking a running boundary at its control socket (`zoneproxy.adapters.workers.control` is the protocol)."""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zoneproxy.adapters.workers.control import MAX_FRAME_BYTES, decode_frame, encode_frame, short_path
from zoneproxy.terms.errors import ConfigError, ZoneError

_LENGTH_BYTES = 4
_GREETING_S = 5.0
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid (unix(7))


class RefusedError(ZoneError):
    """The boundary refused a command, or could not do it.

    Args:
        message: what the boundary said.
        hint: the remedy that it named, or empty.
        exit_code: what the command ends with.
        details: everything that is wrong, where there is more than one thing.
    """

    def __init__(
        self, message: str, *, hint: str, exit_code: int, details: Sequence[Mapping[str, Any]]
    ) -> None:
        super().__init__(message, hint=hint)
        self.exit_code = exit_code
        self.details = tuple(details)


def ask(path: Path, verb: str, arguments: Mapping[str, Any], *, timeout_s: float = 60.0) -> dict[str, Any]:
    """Ask a running boundary and wait for its answer.

    Args:
        path: its control socket.
        verb: the command.
        arguments: as the command wants them; JSON values.
        timeout_s: how long to wait for each part of the answer.

    Returns:
        The command's result.

    Raises:
        ConfigError: no boundary answers there, or what answers is none.
        RefusedError: it said no.
    """
    frame = encode_frame({"verb": verb, "arguments": arguments})
    try:
        with short_path(path) as name, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
            peer.settimeout(timeout_s)
            peer.connect(name)
            peer.sendall(frame)
            length = int.from_bytes(_exactly(peer, _LENGTH_BYTES), "big")
            answer = decode_frame(_exactly(peer, min(length, MAX_FRAME_BYTES)))
    except TimeoutError:
        raise ConfigError(
            f"the boundary at `{path}` did not answer in {timeout_s:.0f} s",
            hint="ask `zoneproxy policy status` whether it was done",
        ) from None
    except FileNotFoundError:
        raise _nobody(path) from None
    except (ConnectionError, PermissionError) as error:
        if isinstance(error, ConnectionRefusedError):
            raise _nobody(path) from None
        why = (error.strerror or "it closed the connection").lower()
        raise ConfigError(
            f"the boundary at `{path}` does not talk to you: {why}",
            hint="run the command as the zone's own user, or as root",
        ) from None
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"what answers at `{path}` is no boundary: {error}", hint="check `control.socket` in zone.yaml"
        ) from None
    if answer.get("ok") is True and isinstance(answer.get("result"), dict):
        return dict(answer["result"])
    raise RefusedError(
        str(answer.get("error", "it gave no reason")),
        hint=str(answer.get("hint", "")),
        exit_code=int(answer.get("exit_code", 3)),
        details=answer.get("details", ()),
    )


def peer_of(path: Path) -> int:
    """Return the process that serves a control socket, by the kernel's word.

    Raises:
        OSError: nobody does.
    """
    with short_path(path) as name, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
        peer.settimeout(_GREETING_S)
        peer.connect(name)
        data = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return int(_CREDENTIALS.unpack(data)[0])


def _exactly(peer: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = peer.recv(min(65_536, count - len(data)))
        if not more:
            raise ConnectionResetError
        data += more
    return data


def _nobody(path: Path) -> ConfigError:
    return ConfigError(
        f"no boundary listens at `{path}`",
        hint="is the zone running? start it: `zoneproxy run --config zone.yaml`",
    )

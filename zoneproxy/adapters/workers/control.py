r"""The control socket: how a command on the same machine reaches a running boundary.

A Unix stream socket of mode 0600 in a folder of mode 0700. A peer must be the boundary's own user or root,
by the credentials that the kernel gives (SO_PEERCRED); anyone else is closed without a word. One connection
carries one question and one answer, each a frame: its length in bytes (4 bytes, big endian, at most
`MAX_FRAME_BYTES`), then a JSON object.

    question   {"verb": "activate", "arguments": {...}}
    answer     {"ok": true, "result": {...}}
               {"ok": false, "error": "...", "hint": "...", "exit_code": 1, "details": [...]}

A verb is a coroutine that takes the arguments and returns the result; the assembly registers them by name,
and another command is another entry in that table. A verb that raises a `ZoneError` answers with its message
and exit code; any other exception answers `internal error` and is logged. Verbs that change the same thing
guard it themselves: two questions may be under way at once.

Where several workers serve one zone, each has a socket of its own and takes the same questions: whoever
supervises them asks each in turn, and may do so again, because a verb that finds its work done says so.

Worked example: the 30 bytes of `{"arguments":{},"verb":"status"}` are 32, so that the frame begins
`00 00 00 20`.

Trust: whoever passes the credential check may do what the operator may do. What a verb is given is
checked by the verb.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import logging
import os
import socket
import stat
import struct
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from zoneproxy.adapters.files.trouble import why
from zoneproxy.terms.errors import ConfigError, ZoneError

log = logging.getLogger("zoneproxy.control")

MAX_FRAME_BYTES = 8 * 1024 * 1024
QUESTION_TIMEOUT_S = 10.0
_MOST_AT_ONCE = 16
_LENGTH = struct.Struct(">I")
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid (unix(7))
_FAULT = 3

Verb = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]


class ControlServer:
    """Takes commands for a running boundary.

    Args:
        path: where the socket stands; its folder is made if it is not there.
        verbs: what can be asked, by name; read at each question, so that verbs may be added later.
    """

    def __init__(self, path: Path, verbs: Mapping[str, Verb]) -> None:
        self._path = path
        self._verbs = verbs
        self._server: asyncio.Server | None = None
        self._places = asyncio.Semaphore(_MOST_AT_ONCE)
        self._listening: set[asyncio.Task[Any]] = set()
        self._serving: set[asyncio.Task[Any]] = set()

    async def start(self) -> None:
        """Open the socket. A stale one, which nobody serves any more, is put away first.

        The caller holds the lock on the zone's log, so that no other boundary of this zone is running.

        Raises:
            ConfigError: it can't be made.
        """
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            put_away(self._path)
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                bind(listener, self._path)
                self._server = await asyncio.start_unix_server(self._serve, sock=listener)
            except BaseException:
                listener.close()
                raise
        except OSError as error:
            raise ConfigError(
                f"the control socket `{self._path}` can't be made: {why(error)}",
                hint="check `control.socket` in zone.yaml and the folder's owner",
            ) from None

    async def close(self) -> None:
        """Take no more questions, answer those that were put, and remove the socket; once."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        with contextlib.suppress(OSError):
            self._path.unlink()
        for task in self._listening:
            task.cancel()
        await server.wait_closed()
        if self._serving:
            await asyncio.wait(self._serving)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (task := asyncio.current_task()) is not None:
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)
        try:
            if not _is_trusted(writer):
                log.warning("refused a stranger at the control socket")
                return
            async with self._places:
                question = await self._listen(reader)
                answer = await self._answer(question)
                writer.write(encode_frame(answer))
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, ValueError) as error:
            log.info("a question at the control socket broke off: %s", error)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _listen(self, reader: asyncio.StreamReader) -> dict[str, Any]:
        task = asyncio.current_task()
        if task is None or self._server is None:
            raise ConnectionResetError("the boundary stops")
        self._listening.add(task)
        try:
            async with asyncio.timeout(QUESTION_TIMEOUT_S):
                return await _read_frame(reader)
        finally:
            self._listening.discard(task)

    async def _answer(self, question: Mapping[str, Any]) -> Mapping[str, Any]:
        name, arguments = question.get("verb"), question.get("arguments")
        verb = self._verbs.get(name) if isinstance(name, str) else None
        if verb is None or not isinstance(arguments, dict):
            shown = json.dumps(name)[:80]
            return _refusal(
                ConfigError(
                    f"the boundary knows no command {shown}", hint="is it an older version than this program?"
                )
            )
        try:
            return {"ok": True, "result": await verb(arguments)}
        except ZoneError as error:
            return _refusal(error)
        except Exception:
            log.exception("a command at the control socket failed", extra={"verb": name})
            return {
                "ok": False,
                "error": "internal error",
                "hint": "see the boundary's log",
                "exit_code": _FAULT,
            }


def _refusal(error: ZoneError) -> dict[str, Any]:
    details = getattr(error, "details", ())
    return {
        "ok": False,
        "error": error.message,
        "hint": error.hint,
        "exit_code": error.exit_code,
        "details": list(details),
    }


def encode_frame(value: Mapping[str, Any]) -> bytes:
    """Write one frame.

    Raises:
        ValueError: it would be too long.
    """
    data = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    if len(data) > MAX_FRAME_BYTES:
        raise ValueError(f"a frame is at most {MAX_FRAME_BYTES} bytes long")
    return _LENGTH.pack(len(data)) + data


def decode_frame(data: bytes) -> dict[str, Any]:
    """Read a frame's JSON object.

    Raises:
        ValueError: it is none.
    """
    try:
        value = json.loads(data)
    except RecursionError:
        value = None
    if not isinstance(value, dict):
        raise ValueError("a frame holds a JSON object")  # noqa: TRY004 - one kind of error for bad bytes
    return value


async def _read_frame(reader: asyncio.StreamReader) -> dict[str, Any]:
    (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
    if length > MAX_FRAME_BYTES:
        raise ValueError("the frame is too long")
    return decode_frame(await reader.readexactly(length))


def _is_trusted(writer: asyncio.StreamWriter) -> bool:
    """Tell whether the peer is the boundary's own user, or root."""
    peer = writer.get_extra_info("socket")
    data = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _pid, uid, _gid = _CREDENTIALS.unpack(data)
    return uid in (0, os.geteuid())


@contextlib.contextmanager
def short_path(path: Path) -> Iterator[str]:
    """Name a socket so that it fits an address (108 bytes), however deep its folder lies."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def put_away(path: Path) -> None:
    """Remove a socket that a killed boundary left; anything else that bears its name is kept.

    Raises:
        FileExistsError: something else bears it.
        OSError: it can't be removed.
    """
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise FileExistsError(errno.EEXIST, "something else bears its name")
    path.unlink()


def bind(listener: socket.socket, path: Path) -> None:
    """Bind a Unix socket, mode 0600, that does not block.

    Raises:
        OSError: it can't be done.
    """
    # Between binding and the change of mode the folder's own mode keeps others out.
    with short_path(path) as name:
        listener.bind(name)
    path.chmod(0o600)
    listener.setblocking(False)  # noqa: FBT003 - the standard library has it so

"""`zoneproxy.adapters.workers.control`: questions of the zone's own user, and of nobody else."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from zoneproxy.adapters.workers import control
from zoneproxy.adapters.workers.control import (
    MAX_FRAME_BYTES,
    ControlServer,
    Verb,
    decode_frame,
    encode_frame,
    short_path,
)
from zoneproxy.adapters.workers.control_client import RefusedError, ask
from zoneproxy.policy.bundle_flaws import BundleError, Flaw
from zoneproxy.terms.errors import ConfigError


async def echo(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"said": dict(arguments)}


async def refuse(_: Mapping[str, Any]) -> Mapping[str, Any]:
    raise BundleError([Flaw("ZB06", "x", "too few", "ask")])


async def fail(_: Mapping[str, Any]) -> Mapping[str, Any]:
    raise RuntimeError("planted")


VERBS: dict[str, Verb] = {"echo": echo, "refuse": refuse, "fail": fail}


@asynccontextmanager
async def serving(path: Path, verbs: Mapping[str, Verb] | None = None) -> AsyncIterator[ControlServer]:
    server = ControlServer(path, VERBS if verbs is None else verbs)
    await server.start()
    try:
        yield server
    finally:
        await server.close()


async def asked(path: Path, verb: str, arguments: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return await asyncio.to_thread(ask, path, verb, arguments or {}, timeout_s=5.0)


async def raw(path: Path, data: bytes) -> bytes:
    """Send bytes and end; return what comes back."""
    with short_path(path) as name:
        reader, writer = await asyncio.open_unix_connection(name)
    writer.write(data)
    writer.write_eof()
    answer = b""
    async with asyncio.timeout(5):
        with contextlib.suppress(ConnectionError):  # what was not read is reset
            answer = await reader.read()
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
    return answer


async def test_a_question_and_its_answer(tmp_path: Path) -> None:
    """However deep the folder lies; the socket is the owner's alone and goes with the server."""
    path = tmp_path / ("deep" * 20) / ("deeper" * 20) / "control.sock"
    async with serving(path):
        assert await asked(path, "echo", {"a": ["\u00e9", 1]}) == {"said": {"a": ["\u00e9", 1]}}
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert not path.exists()
    with pytest.raises(ConfigError, match="no boundary listens"):
        await asked(path, "echo")


async def test_a_refusal_keeps_its_words(tmp_path: Path) -> None:
    """Message, hint, exit code and every detail reach whoever asked."""
    path = tmp_path / "control.sock"
    async with serving(path):
        with pytest.raises(RefusedError) as caught:
            await asked(path, "refuse")
    assert (caught.value.message, caught.value.hint, caught.value.exit_code) == ("`x`: too few", "ask", 1)
    assert caught.value.details[0]["code"] == "ZB06"


async def test_a_fault_of_ours_is_told_and_the_server_goes_on(tmp_path: Path) -> None:
    """Z22: a command that fails answers so; the next one is answered."""
    path = tmp_path / "control.sock"
    async with serving(path):
        with pytest.raises(RefusedError, match="internal error"):
            await asked(path, "fail")
        with pytest.raises(RefusedError, match='no command "none"'):
            await asked(path, "none")
        assert await asked(path, "echo") == {"said": {}}


async def test_a_stranger_gets_no_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel says who asks: another user is closed without an answer, root is not."""
    path = tmp_path / "control.sock"
    async with serving(path):
        own = os.geteuid()
        for uid, trusted in ((own, True), (0, True), (own + 1, own + 1 == 0)):
            real = control._CREDENTIALS
            monkeypatch.setattr(control, "_CREDENTIALS", Credentials(uid))
            answer = await raw(path, encode_frame({"verb": "echo", "arguments": {}}))
            monkeypatch.setattr(control, "_CREDENTIALS", real)
            assert bool(answer) is trusted


class Credentials:
    """What the kernel would say of another user."""

    size = 12

    def __init__(self, uid: int) -> None:
        self.uid = uid

    def unpack(self, _: bytes) -> tuple[int, int, int]:
        return (1, self.uid, 1)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0",
        b"\0\0\0\5ab",
        b"\xff\xff\xff\xffx",
        b"\0\0\0\2[]",
        b"\0\0\0\1{",
        (100_000).to_bytes(4, "big") + b"[" * 100_000,
    ],
)
async def test_what_is_no_question_is_closed(tmp_path: Path, data: bytes) -> None:
    """Half a frame, a long one or no object ends the connection, and nothing else."""
    path = tmp_path / "control.sock"
    async with serving(path):
        assert await raw(path, data) == b""
        assert await asked(path, "echo") == {"said": {}}


@pytest.mark.parametrize(
    "question", [{"verb": 1, "arguments": {}}, {"verb": "echo"}, {"verb": "echo", "arguments": 1}]
)
async def test_a_question_of_another_form(tmp_path: Path, question: dict[str, Any]) -> None:
    """It is answered that nobody knows it."""
    path = tmp_path / "control.sock"
    async with serving(path):
        answer = await raw(path, encode_frame(question))
        assert decode_frame(answer[4:])["ok"] is False


async def test_a_stale_socket_is_replaced_and_a_file_is_not(tmp_path: Path) -> None:
    """What a killed boundary left is put away; what is no socket is the operator's mistake."""
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX) as left, short_path(path) as name:
        left.bind(name)
    assert path.exists()
    with pytest.raises(ConfigError, match="no boundary listens"):
        await asked(path, "echo")
    async with serving(path):
        assert await asked(path, "echo") == {"said": {}}
    path.write_text("precious", "utf-8")
    with pytest.raises(ConfigError, match="something else"):
        await ControlServer(path, {}).start()
    assert path.read_text("utf-8") == "precious"


async def test_closing_waits_for_answers_and_not_for_the_silent(tmp_path: Path) -> None:
    """A command under way is answered; a connection that says nothing does not hold the end up."""
    path, began, go = tmp_path / "control.sock", asyncio.Event(), asyncio.Event()

    async def slow(_: Mapping[str, Any]) -> Mapping[str, Any]:
        began.set()
        await go.wait()
        return {"done": True}

    async with serving(path, {"slow": slow}) as server:
        with short_path(path) as name:
            reader, writer = await asyncio.open_unix_connection(name)
        asking = asyncio.create_task(asked(path, "slow"))
        await began.wait()
        closing = asyncio.create_task(server.close())
        assert await reader.read() == b""
        assert not closing.done()
        go.set()
        assert await asking == {"done": True}
        async with asyncio.timeout(5):
            await closing
        writer.close()


def test_frames_have_an_end() -> None:
    """Nothing longer than the limit is written."""
    with pytest.raises(ValueError, match="at most"):
        encode_frame({"a": "x" * MAX_FRAME_BYTES})
    assert encode_frame({"verb": "status", "arguments": {}})[:4] == b"\0\0\0\x20"


def test_what_answers_may_be_no_boundary(tmp_path: Path) -> None:
    """Another program at the socket is told apart from a boundary that refuses."""
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX) as other, short_path(path) as name:
        other.bind(name)
        other.listen()

        def answer() -> None:
            peer, _ = other.accept()
            peer.recv(1000)
            peer.sendall(b"\0\0\0\1x")
            peer.close()

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(ConfigError, match="is no boundary"):
            ask(path, "echo", {}, timeout_s=5)
        thread.join()

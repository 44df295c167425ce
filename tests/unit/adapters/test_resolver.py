"""`zoneproxy.adapters.resolver`: the machine's resolver, within bounds."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any

import pytest

from zoneproxy.adapters.resolver import SystemResolver
from zoneproxy.terms.errors import ResolveError


def answering(*addresses: str) -> Any:
    def ask(host: str, port: None, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in addresses]

    return ask


async def test_each_address_is_named_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the resolver's order."""
    monkeypatch.setattr(socket, "getaddrinfo", answering("127.0.10.2", "127.0.10.1", "127.0.10.2"))
    assert await SystemResolver().resolve("tools.example") == ("127.0.10.2", "127.0.10.1")


async def test_a_name_without_addresses_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Z22: no answer, an error and a name that can't be asked for are alike."""

    def fails(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    def garbled(*_: Any, **__: Any) -> Any:
        raise UnicodeError("label too long")

    for answer in (answering(), fails, garbled):
        monkeypatch.setattr(socket, "getaddrinfo", answer)
        with pytest.raises(ResolveError):
            await SystemResolver().resolve("tools.example")


async def test_one_that_hangs_holds_so_many_threads_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Z22: who waits is told in time, who comes then at once; when it answers again there is room again."""
    go_on = threading.Event()

    def hangs(*_: Any, **__: Any) -> Any:
        go_on.wait(30)
        return answering("127.0.10.1")("x", None)

    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    resolver = SystemResolver(timeout_s=0.2, most_at_once=2)
    asked = await asyncio.gather(*(resolver.resolve("a.example") for _ in range(3)), return_exceptions=True)
    assert [str(one) for one in asked].count("the resolver did not answer in time") == 2
    assert [str(one) for one in asked].count("too many names are being asked for") == 1
    with pytest.raises(ResolveError, match="too many"):
        await resolver.resolve("a.example")
    go_on.set()
    async with asyncio.timeout(20):
        while True:
            try:
                assert await resolver.resolve("a.example") == ("127.0.10.1",)
                break
            except ResolveError:
                await asyncio.sleep(0.02)

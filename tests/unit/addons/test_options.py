"""The options that safety needs are set, and stay."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from mitmproxy import options

from addons.options import FORBIDDEN, fix, freeze
from zoneproxy.assembly import Boundary as Core


def core(body: int = 1_000, answer: int = 2_000) -> Core:
    limits = SimpleNamespace(max_body_bytes=body, max_answer_bytes=answer, answer_timeout_s=30.0)
    return cast("Core", SimpleNamespace(limits=limits, modes=lambda: ["regular@127.0.0.1:0"]))


def test_what_is_not_inspected_is_not_spoken():
    """No server before a decision; no raw TCP, WebSocket, HTTP/2 or HTTP/3."""
    opts = full_options()
    fix(opts, core())
    assert opts.connection_strategy == "lazy"
    assert opts.validate_inbound_headers is True
    for name in ("rawtcp", "websocket", "http2", "http3", "store_streamed_bodies"):
        assert getattr(opts, name) is False, name
    assert opts.body_size_limit == "2000"
    assert opts.tcp_timeout == 30
    assert opts.mode == ["regular@127.0.0.1:0"]


@pytest.mark.parametrize("name", FORBIDDEN)
def test_a_public_key_as_authority_stops_the_start(name: str):
    """An option that trusts a key which everybody has must not be on."""
    opts = full_options()
    opts.add_option(name, bool, default=True, help="")
    with pytest.raises(PermissionError, match=name):
        fix(opts, core())


@pytest.mark.parametrize("change", ["update", "assign", "set", "reset", "toggle", "defer"])
def test_options_are_frozen(change: str):
    """After the start no way of changing an option is open, and the old value stands."""
    opts = full_options()
    fix(opts, core())
    seen: list[object] = []

    def told(updated: set[str]) -> None:
        seen.append(updated)

    opts.changed.connect(told)
    toggle = opts.toggler("rawtcp")
    ways = {
        "update": lambda: opts.update(rawtcp=True),
        "assign": lambda: setattr(opts, "rawtcp", True),
        "set": lambda: opts.set("rawtcp=true"),
        "reset": lambda: opts.reset(),  # noqa: PLW0108 - looked up after the freeze, as a caller does
        "toggle": toggle,
        "defer": lambda: opts.update_defer(rawtcp=True),
    }
    freeze(opts)
    with pytest.raises(PermissionError, match="options are fixed"):
        ways[change]()
    assert opts.rawtcp is False
    assert seen == []


def full_options() -> options.Options:
    """Options with those that the core's addons register when they are loaded."""
    opts = options.Options()
    for name in (
        "body_size_limit", "store_streamed_bodies", "connection_strategy", "websocket",
        "rawtcp", "http2", "http3", "validate_inbound_headers", "tcp_timeout",
    ):  # fmt: skip
        if name not in opts:
            opts.add_option(name, bool if name == "rawtcp" else Any, None, "")
    return opts

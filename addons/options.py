"""The fixed options: what the boundary's safety needs of mitmproxy, and nothing that opens."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mitmproxy import options

    from zoneproxy.assembly import Boundary as Core

# mitmproxy 12.3 carries a public intermediate CA's key behind these; see docs/decisions/0001.
_PLAIN = (str, int, bool, type(None))
FORBIDDEN = ("emudhra", "emudhra_old")


def fix(opts: options.Options, core: Core) -> None:
    """Set the options that the zone needs; none of them is configurable.

    Lazy connections: no server is dialled before a decision. No raw TCP, WebSocket, HTTP/2 or
    HTTP/3: what is not inspected is not spoken.

    Raises:
        PermissionError: an option that must not be on is on.
    """
    limits = core.limits
    opts.update(
        connection_strategy="lazy",
        rawtcp=False,
        websocket=False,
        http2=False,
        http3=False,
        validate_inbound_headers=True,
        store_streamed_bodies=False,
        body_size_limit=str(max(limits.max_body_bytes, limits.max_answer_bytes)),
        tcp_timeout=math.ceil(limits.answer_timeout_s),  # 0 would close every connection at once
        mode=core.modes(),
    )
    for name in FORBIDDEN:
        if name in opts and getattr(opts, name):
            raise PermissionError(f"option {name} must not be on")


def freeze(opts: options.Options) -> None:
    """Refuse every change of options from now on.

    A change is refused before it is made: a receiver of `changed` that raises comes too late, the
    new value would stand already.
    """

    def refuse(**changes: object) -> None:
        raise PermissionError(f"options are fixed: {sorted(changes)}")

    for way in ("update_known", "reset"):
        opts.__dict__[way] = refuse
    # The core asks for its options a dozen times a request, and each answer is a copy: plain values, which
    # nobody can change any more, are answered at once.
    for name in opts.keys():  # noqa: SIM118 - no mapping: it has no iterator
        if isinstance(value := getattr(opts, name), _PLAIN):
            opts.__dict__[name] = value

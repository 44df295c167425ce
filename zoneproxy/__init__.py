"""zoneproxy: the boundary of a special data zone.

A request comes in by a pinned door, is tagged, looked into, judged, **written down**, processed
inside, judged again, and goes out by the same door; anyone can later walk the way again from the
log.

The floors (a room imports only from lower floors; floors 0-3 do no input or output):

    terms/      0  the words: errors, reasons, facts, decision, phase, ports
    origin/     1  where does it come from?
    content/    1  what is inside?
    policy/     1  what do the rules say?
    route/      1  by which door and lane?
    meter/      1  how much?
    trace/      1  what is written, and how is it proved?
    passage/    2  the way itself: events in, commands out
    replay/     3  the regulator's desk
    adapters/   4  the only rooms with windows
    config/     5  the operator's zone.yaml
    assembly/   6  config -> a ready boundary
    cli/        7  parse, call, print
    addons/        (beside this package) the only folder that imports mitmproxy

What a model server inside the zone needs, and nothing else is loaded for it:

    app = zoneproxy.TagMiddleware(app, zoneproxy.read_tag_keys(Path("tag.vkey")))
    zoneproxy.verify_tag(message, keys, now_s=..., seen=...)     where there is no ASGI
    zoneproxy.outward_headers(headers)                           what its own calls outward carry
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoneproxy.adapters.keys.tag import read_tag_keys
    from zoneproxy.adapters.tag_middleware import TagMiddleware
    from zoneproxy.origin.carried import outward_headers
    from zoneproxy.origin.signature import SignedMessage
    from zoneproxy.origin.signed_tag import SeenTags, TagError, ZoneOrigin, verify_tag

__all__ = [
    "SeenTags",
    "SignedMessage",
    "TagError",
    "TagMiddleware",
    "ZoneOrigin",
    "__version__",
    "outward_headers",
    "read_tag_keys",
    "verify_tag",
]

__version__ = "0.1.0"

_HOMES = {
    "SeenTags": "origin.signed_tag",
    "SignedMessage": "origin.signature",
    "TagError": "origin.signed_tag",
    "TagMiddleware": "adapters.tag_middleware",
    "ZoneOrigin": "origin.signed_tag",
    "outward_headers": "origin.carried",
    "read_tag_keys": "adapters.keys.tag",
    "verify_tag": "origin.signed_tag",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is asked for: a verifier needs no more of the package than it uses."""
    if name not in _HOMES:
        raise AttributeError(f"module `zoneproxy` has no attribute `{name}`")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

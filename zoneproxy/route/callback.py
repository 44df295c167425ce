"""Callbacks: the addresses at which a tenant wants to be told, and nobody else for it.

An outward call to a host that any tenant registered is a callback, and goes only to an address that the
tenant registered for whom the workload works:

    registered  https://hooks.example/zone      the call              is
                                                hooks.example:443/zone/done   its own
                                                hooks.example:443/zone        its own
                                                hooks.example:443/zonewide    no callback of this tenant
                                                hooks.example:443/zone/../x   no callback: not one reading

    >>> mine = read_callback("https://hooks.example/zone")
    >>> to = destination_of("hooks.example", 443)
    >>> whose(to, "/zone/done", tls=True, own=[mine], all_of_them=[mine])
    'own'

What was registered as `https` is called in TLS alone, where the operator registered how the host proves
itself; what was registered as `http` is never called in it.

Trust: the registrations are the operator's; destination and path are the workload's wish.
"""

from __future__ import annotations

import functools
import re
import urllib.parse
from collections.abc import Iterable
from dataclasses import dataclass

from zoneproxy.route.destination import Destination, DestinationError, destination_of

_PORTS = {"http": 80, "https": 443}
_PLAIN = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,=:@-]*)*\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Callback:
    """One registered address: canonical host, port, the path that a call's path must begin with, and TLS."""

    host: str
    port: int
    path: str
    tls: bool


@functools.lru_cache(maxsize=4096)
def read_callback(url: str) -> Callback:
    """Read a registered address.

    Raises:
        DestinationError: it is no http or https address that can be read in exactly one way.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        port = parts.port
    except ValueError:
        raise DestinationError("this is no address") from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise DestinationError("a callback begins with `http://` or `https://` and a host")
    if parts.query or parts.fragment or "@" in parts.netloc or not _is_plain(parts.path):
        raise DestinationError("a callback is a host and a plain path, without query or user")
    to = destination_of(parts.hostname, port or _PORTS[parts.scheme])
    return Callback(to.host, to.port, parts.path.rstrip("/"), parts.scheme == "https")


def whose(
    to: Destination,
    path: str | None,
    *,
    tls: bool,
    own: Iterable[Callback],
    all_of_them: Iterable[Callback],
) -> str:
    """Tell whose callback an outward call is: `own`, `foreign`, or `none` where nobody registered the host.

    Args:
        to: where the call goes, canonical.
        path: its path, without its query; `None` where only a tunnel to the host is asked for.
        tls: the host must prove itself in TLS.
        own: the addresses of the tenant that the workload works for.
        all_of_them: those of all tenants.
    """
    if any(callback.tls is tls and _covers(callback, to, path) for callback in own):
        return "own"
    return "foreign" if any(callback.host == to.host for callback in all_of_them) else "none"


def _covers(callback: Callback, to: Destination, path: str | None) -> bool:
    if (callback.host, callback.port) != (to.host, to.port):
        return False
    if path is None:
        return True
    return _is_plain(path) and _below(callback, path)


def _below(callback: Callback, path: str) -> bool:
    return path == callback.path or path.startswith(f"{callback.path}/")


def _is_plain(path: str) -> bool:
    """A path that every server reads alike: no escapes, no empty or dotted segments."""
    segments = path.split("/")[1:]
    return _PLAIN.match(path) is not None and not ({".", ".."} & set(segments) or "" in segments[:-1])

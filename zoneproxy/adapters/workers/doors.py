"""Whether doors can be opened: asked before the log is touched, so that a failed start changes nothing."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable

from zoneproxy.adapters.files.trouble import why
from zoneproxy.terms.errors import ConfigError

_HINTS = {
    errno.EADDRINUSE: "does this zone run already? else free the port, or choose another in `routes`",
    errno.EADDRNOTAVAIL: "the address is not this machine's: mend `listen` in `routes`",
    errno.EACCES: "ports below 1024 need a privilege: choose another in `routes`",
}


def check_free(doors: Iterable[tuple[str, int]]) -> None:
    """Bind each address for a moment; whoever takes one right afterwards is met when the doors open.

    Args:
        doors: IP address and port of each door.

    Raises:
        ConfigError: one can't be listened on.
    """
    for host, port in doors:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                # As the doors themselves: a port whose last connections are just ending counts as free.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((host, port))
        except OSError as error:
            raise _taken(host, port, error) from None


def open_shared(host: str, port: int) -> socket.socket:
    """Bind a door that several processes share; the kernel balances among those that listen on one.

    Raises:
        ConfigError: it can't be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    door = socket.socket(family, socket.SOCK_STREAM)
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            door.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        door.bind((host, port))
    except OSError as error:
        door.close()
        raise _taken(host, port, error) from None
    return door


def _taken(host: str, port: int, error: OSError) -> ConfigError:
    hint = _HINTS.get(error.errno or 0, "check `listen` in `routes`")
    return ConfigError(f"can't listen on `{shown(host, port)}`: {why(error)}", hint=hint)


def shown(host: str, port: int) -> str:
    """Write an address, with brackets around an IPv6 host."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

"""What a door knows of a connection before its first request.

A front is a load balancer of the operator's. Only a route that is declared to be behind fronts hears
one, only from their addresses, and nothing of what it says comes from the request's text.

Trust: `front` is the kernel's word, `peer` the kernel's or the front's; name and certificate are those of
the TLS handshake, with the door itself or with the front.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from zoneproxy.origin.certificate import UNVERIFIED, ClientCertificate, named_by_front, read_certificate
from zoneproxy.origin.proxy_protocol import Forwarded

Tls = Literal["none", "front", "door"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a connection came.

    Attributes:
        front: address of the front that passed it on, or empty.
        tls: who ended the caller's TLS: nobody, the front, the door.
        authority: the name that the caller asked for in TLS (SNI), lower case, or empty.
        certificate: the caller's verified certificate, or `None`.
        contradicted: what a front says of name or certificate is not what the door's own handshake says.
    """

    front: str = ""
    tls: Tls = "none"
    authority: str = ""
    certificate: ClientCertificate | None = None
    contradicted: bool = False


PLAIN = Arrival()


def passed_on(front: str, forwarded: Forwarded) -> Arrival:
    """Make the arrival that a registered front tells of.

    Raises:
        CertificateError: the certificate that it passes on can't be read.
    """
    certificate = None
    if forwarded.certificate:
        certificate = read_certificate(forwarded.certificate)
    elif forwarded.common_name:
        certificate = named_by_front(forwarded.common_name)
    elif forwarded.unverified:
        certificate = UNVERIFIED
    return Arrival(front, "front" if forwarded.tls else "none", _name(forwarded.authority), certificate)


def shaken(told: Arrival, authority: str, certificate: ClientCertificate | None) -> Arrival:
    """Make the arrival of a connection whose TLS the door itself ended.

    The handshake is believed. A front that tells of another name or certificate stands elsewhere on the way
    than it is thought to, or passes on what a caller made it say.

    Args:
        told: what the front says, or `PLAIN`.
        authority: the name asked for in the handshake, lower case, or empty.
        certificate: the one that the handshake verified, or `None`.
    """
    names = frozenset() if certificate is None else certificate.identities
    differs = (told.authority not in ("", authority)) or (
        told.certificate is not None and told.certificate.identities.isdisjoint(names)
    )
    return Arrival(told.front, "door", authority, certificate, differs)


def host_disagrees(arrival: Arrival, headers: Sequence[tuple[str, str]]) -> bool:
    """Tell whether a request's `Host` names another server than its TLS handshake did.

    Where a front ends TLS for several names, the name chooses what is believed of the caller; a request
    that is for another one would be believed by the wrong rules.
    """
    if not arrival.authority:
        return False
    hosts = [value for name, value in headers if name == "host"]
    return len(hosts) != 1 or _name(_without_port(hosts[0])) != arrival.authority


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and (port.isdigit() or not port) and not host.endswith("]") else host


def _name(text: str) -> str:
    return text.lower().removesuffix(".")

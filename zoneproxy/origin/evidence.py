"""What each independent source says of one request.

| source | looks at | says |
| --- | --- | --- |
| door | the listener that was reached | its side, the country at the cable's other end |
| network | the peer's address | side and country of its registered prefix; outside all, nothing |
| credential | the tenant that it proves | the side that the tenant serves, its market; without one, nothing |
| certificate | the caller's, verified in TLS | the same of the tenant that it identifies |
| authority | the name asked for in TLS | nothing |
| geoip, registry, routing | the address in the operator's data files | see `zoneproxy.origin.places` |

A source may *object* instead of speaking: an undeclared door, two different credentials in one
request, a tenant calling from outside the networks it registered, a certificate that is not the
credential's tenant's (or is missing where the tenant registered one), a `Host` that is not the name
asked for in TLS, a front that tells of another handshake than the door's own, a data file that can't be
read. An objection can't be outvoted.

Trust: door and address come from the kernel, or from a front that the door's route names. The headers
are the client's, and of them only the credential is looked at, which proves itself or does not, and
`Host`, which can only object.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from zoneproxy.origin.arrival import PLAIN, Arrival, host_disagrees
from zoneproxy.origin.certificate import CertificateState
from zoneproxy.origin.forged import forged
from zoneproxy.origin.places import NOWHERE, SOURCES, Place, Places, PlaceSource
from zoneproxy.origin.tenants import CredentialState, Tenant, TenantRegistry
from zoneproxy.terms.networks import Address, Network, NetworkTable, embedded_v4, read_address
from zoneproxy.terms.phase import Side


class Source(StrEnum):
    """An independent source of evidence."""

    DOOR = "door"
    NETWORK = "network"
    CREDENTIAL = "credential"
    CERTIFICATE = "certificate"
    AUTHORITY = "authority"
    GEOIP = "geoip"
    REGISTRY = "registry"
    ROUTING = "routing"


@dataclass(frozen=True, slots=True)
class Door:
    """A listener, and the route whose end it is.

    Attributes:
        route: the declared route's id, for example `cable-sg-1`.
        side: the side that connects to it.
        country: country at the route's other end, ISO 3166-1 alpha-2, or `None`.
    """

    route: str
    side: Side
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Vote:
    """What one source says; `None` where it says nothing.

    Attributes:
        source: who says it.
        side: the side that the request comes from.
        country: the country that it comes from.
        objects: the source found a contradiction of its own.
    """

    source: Source
    side: Side | None = None
    country: str | None = None
    objects: bool = False


_SILENT = {source: Vote(source) for source in Source}


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of where one request comes from.

    Attributes:
        votes: one of each source, in the order of `Source`.
        door: the listener, or `None` where it is undeclared.
        address: the peer's address in canonical form, or `None` where it can't be read.
        network: the registered network that holds it, or `None`.
        tenant: whom the credential proves, or `None`.
        credential: what came of the credential.
        forged: the client sent a header that the boundary alone writes.
        arrival: how the connection came.
        certificate: what came of the caller's certificate.
        place: what the data files say of the address.
        places: the data files that were asked, or `None`.
        now_ms: when they were asked.
    """

    votes: tuple[Vote, ...]
    door: Door | None
    address: Address | None
    network: Network | None
    tenant: Tenant | None
    credential: CredentialState
    forged: bool
    arrival: Arrival = PLAIN
    certificate: CertificateState = CertificateState.NONE
    place: Place = NOWHERE
    places: Places | None = None
    now_ms: int = 0


def gather(
    *,
    door: Door | None,
    peer: str,
    headers: Sequence[tuple[str, str]],
    networks: NetworkTable,
    tenants: TenantRegistry,
    expected_headers: Collection[str] = (),
    arrival: Arrival = PLAIN,
    places: Places | None = None,
    now_ms: int = 0,
) -> Evidence:
    """Ask every source about one request.

    Args:
        door: the listener that the connection reached; `None` if no declared route owns it.
        peer: the peer's address as the socket gives it, without port.
        headers: names and values as received.
        networks: the registered networks.
        tenants: the registered tenants.
        expected_headers: lower-case names of our own headers that this door asks for.
        arrival: how the connection came.
        places: data files on addresses, or `None`.
        now_ms: milliseconds since 1970 UTC, by which a certificate is inside its time.
    """
    address = read_address(peer)
    network = _network_of(address, networks)
    tenant, state = tenants.prove(headers, now_ms)
    holder, certificate = tenants.by_certificate(arrival.certificate, now_ms)
    place = places.find(address) if places is not None else NOWHERE
    return Evidence(
        votes=(
            _door_vote(door),
            _network_vote(network),
            _credential_vote(tenant, state, address),
            _certificate_vote(tenant, holder, certificate),
            Vote(Source.AUTHORITY, objects=arrival.contradicted or host_disagrees(arrival, headers)),
            *(_place_vote(source, place, places) for source in SOURCES),
        ),
        door=door,
        address=address,
        network=network,
        tenant=tenant,
        credential=state,
        forged=forged(headers, expected=expected_headers),
        arrival=arrival,
        certificate=certificate,
        place=place,
        places=places,
        now_ms=now_ms,
    )


def _door_vote(door: Door | None) -> Vote:
    if door is None:
        return Vote(Source.DOOR, objects=True)
    return Vote(Source.DOOR, door.side, door.country)


def _network_of(address: Address | None, networks: NetworkTable) -> Network | None:
    """Find an address's own network, else that of the IPv4 address that a tunnel writes into it."""
    found = (networks.find(one) for one in (address, *embedded_v4(address)))
    return next((network for network in found if network is not None), None)


def _network_vote(network: Network | None) -> Vote:
    if network is None:
        return _SILENT[Source.NETWORK]
    return Vote(Source.NETWORK, network.side, network.country)


_AUDIENCE_SIDE = {"overseas": Side.OVERSEAS, "domestic": Side.DOMESTIC}


def _credential_vote(tenant: Tenant | None, state: CredentialState, address: Address | None) -> Vote:
    if state is CredentialState.CONTRADICTORY:
        return Vote(Source.CREDENTIAL, objects=True)
    if tenant is None:
        return _SILENT[Source.CREDENTIAL]
    if not tenant.calls_from(address):
        return Vote(Source.CREDENTIAL, objects=True)
    return _tenant_vote(Source.CREDENTIAL, tenant)


def _tenant_vote(source: Source, tenant: Tenant) -> Vote:
    side = _AUDIENCE_SIDE.get(tenant.audience)
    # A tenant of mixed or unknown audience says nothing about a side, so its market says nothing either.
    return Vote(source, side, tenant.market if side is not None else None)


def _certificate_vote(tenant: Tenant | None, holder: Tenant | None, state: CertificateState) -> Vote:
    if state is CertificateState.NONE:
        # Whoever stole the credential of a tenant with certificates must not get by without one.
        return Vote(Source.CERTIFICATE, objects=tenant is not None and bool(tenant.certificates))
    if holder is None or (tenant is not None and tenant is not holder):
        return Vote(Source.CERTIFICATE, objects=True)
    return _tenant_vote(Source.CERTIFICATE, holder)


def _place_vote(name: PlaceSource, place: Place, places: Places | None) -> Vote:
    source = Source(name)
    if name in place.broken:
        return Vote(source, objects=True)
    country = place.countries.get(name)
    if country is None or places is None:
        return _SILENT[source]
    side = Side.DOMESTIC if country in places.home else Side.OVERSEAS
    return Vote(source, side, country if places.says[name] == "country" else None)

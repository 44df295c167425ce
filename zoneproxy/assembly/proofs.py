"""What doors demand and model servers prove, made from the configuration and the files that it names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from zoneproxy.adapters.data.addresses import AddressFiles
from zoneproxy.adapters.tls.door import DoorFiles, DoorTls
from zoneproxy.adapters.tls.server import ServerTls, read_server_tls
from zoneproxy.assembly.boundary import Listener
from zoneproxy.config import Config, Route
from zoneproxy.origin.evidence import Door
from zoneproxy.route.destination import read_destination
from zoneproxy.terms.networks import read_prefix
from zoneproxy.terms.phase import Side


def read_listeners(config: Config, folder: Path, now_ms: int) -> dict[str, Listener]:
    """Make the doors by route.

    Raises:
        ConfigError: a file of a door can't be used.
    """
    listeners = {}
    for route in config.routes:
        at = read_destination(route.listen)
        listeners[route.id] = Listener(
            Door(route.id, Side(route.side), route.country),
            at.host,
            at.port,
            tuple(map(read_prefix, route.fronts)),
            _door_tls(route, folder, now_ms),
        )
    return listeners


def _door_tls(route: Route, folder: Path, now_ms: int) -> DoorTls | None:
    part = route.tls
    if part is None:
        return None
    files = DoorFiles(
        folder / part.certificate,
        folder / part.key,
        tuple(part.names),
        folder / part.client_ca if part.client_ca is not None else None,
        part.require,
        folder / part.crl if part.crl is not None else None,
        part.min_version,
    )
    return DoorTls(files, now_ms)


def read_servers(config: Config, folder: Path, now_ms: int) -> Mapping[str, ServerTls]:
    """Read how the model servers prove themselves, by their ids; those that speak plain HTTP are not in it.

    Raises:
        ConfigError: a file can't be used.
    """
    servers = {}
    for server in config.servers:
        part = server.tls
        if part is None:
            continue
        client = None
        if part.client_certificate is not None and part.client_key is not None:
            client = (folder / part.client_certificate, folder / part.client_key)
        identity = part.identity(read_destination(server.address).host)
        servers[server.id] = read_server_tls(identity, folder / part.ca, client, now_ms)
    return servers


def address_files(config: Config, folder: Path) -> AddressFiles | None:
    """Name the data files on addresses; `None` where there are none."""
    part = config.address_data
    if part is None:
        return None
    return AddressFiles(
        frozenset(part.home),
        folder / part.country_mmdb if part.country_mmdb is not None else None,
        folder / part.asn_mmdb if part.asn_mmdb is not None else None,
        tuple(folder / path for path in part.delegated),
        part.spoken(),
    )

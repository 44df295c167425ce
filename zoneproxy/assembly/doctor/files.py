"""The files of a zone: who may read its secrets, who may write beside them, and is there room."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from zoneproxy.assembly.doctor.findings import Finding, advice, fault, ok, unchecked
from zoneproxy.assembly.logs import Opening
from zoneproxy.assembly.orderbook import open_orders
from zoneproxy.assembly.orderdesk import file_of
from zoneproxy.config import Config
from zoneproxy.config.acts import MOST_CREDENTIALS
from zoneproxy.config.orders import MOST_STOPS
from zoneproxy.terms.errors import ConfigError

LEAST_FREE_BYTES, LOW_FREE_BYTES = 256 * 1024 * 1024, 2 * 1024 * 1024 * 1024
LEAST_FREE_FILES = 10_000
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_WRITE_OF_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def secrets_of(config: Config) -> Iterator[str]:
    """Name the files and folders of private keys that a configuration names."""
    yield config.log.key
    yield config.scan.digest_key
    yield config.privacy.key
    yield from config.privacy.older_keys
    for optional in (config.log.ticket_key, config.tag.key if config.tag else None):
        if optional is not None:
            yield optional
    yield from (one.key for one in config.registered)
    yield from (route.tls.key for route in config.routes if route.tls is not None)
    for proof in (*(one.tls for one in config.servers), *(one.tls for one in config.outward)):
        if proof is not None and proof.client_key is not None:
            yield proof.client_key
    if config.tunnels is not None:
        yield config.tunnels.key


def check_files(opening: Opening) -> Iterator[Finding]:
    """Each secret is there, and nobody but its owner may read it; nobody else may write where it lies."""
    folder = opening.folder
    count = 0
    for name in dict.fromkeys(secrets_of(opening.config)):
        path = folder / name
        found = list(_of_secret(path))
        yield from found
        count += not found
    if count:
        yield ok("secret-mode", f"{count} keys are readable by their owner alone")
    for path in (folder, folder / "zone.yaml"):
        if path.exists() and path.stat().st_mode & stat.S_IWOTH:
            yield fault("world-writable", f"`{path}` can be written by anybody", f"chmod o-w {path}")


def _of_secret(path: Path) -> Iterator[Finding]:
    places = sorted(path.iterdir()) if path.is_dir() else [path]
    if path.is_dir() and path.stat().st_mode & _OTHERS:
        yield fault("secret-mode", f"`{path}` can be read by others than its owner", f"chmod 700 {path}")
    for place in places:
        if place.suffix == ".vkey" or place.is_dir():
            continue
        try:
            status = place.stat()
        except FileNotFoundError:
            yield fault(
                "secret-missing", f"`{place}` is not there", "put it back, or mend its name in zone.yaml"
            )
            continue
        except PermissionError:
            yield unchecked("secret-mode", f"`{place}` can't be looked at", "run this as the zone's own user")
            continue
        if status.st_mode & _OTHERS:
            yield fault(
                "secret-mode",
                f"`{place}` can be read by others than its owner (mode {stat.S_IMODE(status.st_mode):04o})",
                f"chmod 600 {place}; if somebody may have read it, make another key",
            )
        if place.parent.stat().st_mode & _WRITE_OF_OTHERS and not place.parent.stat().st_mode & stat.S_ISVTX:
            yield fault(
                "secret-replaceable", f"others may write in `{place.parent}`, where a key lies",
                f"chmod go-w {place.parent}",
            )  # fmt: skip


def check_orders_file(opening: Opening) -> Iterator[Finding]:
    """What the operator ordered can be read, and is told: what is stopped is not broken."""
    file = file_of(opening)
    try:
        orders, flaw = open_orders(opening.config, file)
    except ConfigError as error:
        yield fault("orders", error.message, error.hint)
        return
    if flaw:
        yield fault(
            "orders", flaw,
            "everything is stopped: put the file back from a copy, or `zoneproxy resume everything`",
        )  # fmt: skip
        return
    for stop in orders.stops:
        what = "the zone" if stop.scope == "zone" else f"the {stop.scope} `{stop.target}`"
        yield advice("stopped", f"{what} is stopped, by {stop.by}: {stop.why}", "`zoneproxy resume` lifts it")
    for one in orders.standing(opening.config.tenants):
        if one.suspended:
            yield advice(
                "suspended",
                f"the tenant `{one.id}` is suspended",
                "`zoneproxy tenant resume` serves it again",
            )
        if len(one.registration.credentials) >= MOST_CREDENTIALS:
            yield advice(
                "credentials",
                f"the tenant `{one.id}` has as many credentials as it may",
                "revoke one of them",
            )
    if orders.owed:
        yield advice(
            "orders",
            f"the log does not hold {len(orders.owed)} acts yet",
            "the next start of the zone records them",
        )
    if len(orders.stops) > MOST_STOPS // 2:
        yield advice("orders", f"{len(orders.stops)} stops hold", "resume what need not be stopped")
    yield ok(
        "orders", f"the orders can be read: {len(orders.stops)} stops, {len(orders.tenants)} added tenants"
    )


def check_disks(opening: Opening) -> Iterator[Finding]:
    """There is room for the log and for the zone's memory."""
    folder, config = opening.folder, opening.config
    places = {"log": folder / config.log.directory, "state": (folder / config.control.orders).parent}
    for what, path in places.items():
        there = next(place for place in (path, *path.parents) if place.exists())
        status = os.statvfs(there)
        free = status.f_bavail * status.f_frsize
        said = f"{free / 2**30:.1f} GiB are free for the {what} (`{there}`)"
        if free < LEAST_FREE_BYTES or (status.f_files and status.f_favail < LEAST_FREE_FILES):
            yield fault("disk-free", said, "make room: without it the zone refuses everything")
        elif free < LOW_FREE_BYTES:
            yield advice("disk-free", said, "make room, or move older shards away (`zoneproxy log retain`)")
        else:
            yield ok("disk-free", said)

"""The outward door: its authority, and where its destinations are by the machine's own resolver."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime

from zoneproxy.adapters.keys.certificates import read_certificates
from zoneproxy.adapters.resolver import SystemResolver
from zoneproxy.adapters.tls.authority import WHAT
from zoneproxy.assembly.doctor.findings import Finding, advice, fault, ok
from zoneproxy.assembly.logs import Opening
from zoneproxy.assembly.outward import read_outward
from zoneproxy.assembly.proofs import address_files
from zoneproxy.config.zone import registered
from zoneproxy.passage.outward import placed_by
from zoneproxy.route.destination import Destination
from zoneproxy.route.lane import RegisteredDestination, side_of
from zoneproxy.terms.errors import ConfigError, ResolveError
from zoneproxy.terms.networks import read_address
from zoneproxy.terms.phase import Side
from zoneproxy.terms.ports import Resolver

SOON_DAYS = 30
TIMEOUT_S = 3.0


def check_outward(opening: Opening, resolver: Resolver | None = None) -> Iterator[Finding]:
    """The authority of tunnels can be used, and no registered destination is on another side than it says.

    Args:
        opening: the zone's configuration.
        resolver: asked for names; the machine's own without.
    """
    config, now_ms = opening.config, opening.clock.now_ms()
    if not config.outward:
        return
    if config.tag is None:
        yield fault(
            "outward-tag", "workloads may call outward, and are given no tag that they could carry",
            "every call of theirs is refused: name a key in `tag` (docs/tag.md), or empty `outward`",
        )  # fmt: skip
    try:
        read_outward(config, opening.folder, now_ms)
    except ConfigError as error:
        about = "outward-authority" if _is_authority(error) else "outward-files"
        yield fault(about, error.message, error.hint)
    else:
        if config.tunnels is not None:
            yield _until(opening)
    asked = resolver or SystemResolver(TIMEOUT_S)
    for entry in config.outward:
        if entry.side != Side.DOMESTIC.value:
            yield asyncio.run(_of_destination(opening, registered(entry), asked))


def _is_authority(error: ConfigError) -> bool:
    return WHAT in error.message or "key file" in error.message


def _until(opening: Opening) -> Finding:
    tunnels = opening.config.tunnels
    if tunnels is None:
        raise ValueError("there are no tunnels")
    found = read_certificates(opening.folder / tunnels.certificate, WHAT)[0]
    now = datetime.fromtimestamp(opening.clock.now_ms() / 1000, UTC)
    left = (found.not_valid_after_utc - now).days
    said = f"the outward authority is valid for {left} days"
    if left < SOON_DAYS:
        return advice(
            "outward-authority", said,
            "make another (`zoneproxy outward make`), and have the workloads trust it before this one ends",
        )  # fmt: skip
    return ok("outward-authority", said)


async def _of_destination(opening: Opening, entry: RegisteredDestination, resolver: Resolver) -> Finding:
    """Judge a destination as a call to it would be."""
    address = read_address(entry.host)
    shown = entry.host if entry.port is None else f"{entry.host}:{entry.port}"
    texts = [entry.host]
    if address is None:
        try:
            async with asyncio.timeout(2 * TIMEOUT_S):
                texts = list(await resolver.resolve(entry.host))
        except (ResolveError, TimeoutError) as error:
            why = error.message if isinstance(error, ResolveError) else "no answer"
            what = f"`{shown}` has no address: {why}"
            return advice("outward-name", what, "look at the name, or the resolver")
    config = opening.config
    files = address_files(config, opening.folder)
    side = side_of(
        Destination(entry.host, entry.port or 1, address),
        [found for found in map(read_address, texts) if found is not None],
        destinations=config.destination_table(),
        networks=config.network_table(),
        placed=placed_by(files.read() if files is not None else None),
        vouched=entry.side,
    )
    if side is entry.side:
        return ok("outward-name", f"`{shown}` is on the {entry.side} side ({', '.join(texts[:4])})")
    where = "the domestic side" if side is Side.DOMESTIC else "no side that can be told"
    return fault(
        "outward-domestic" if side is Side.DOMESTIC else "outward-contradicts",
        f"`{shown}` is registered as {entry.side}, and is on {where} by its address ({', '.join(texts[:4])})",
        "calls to it are refused: take it from `outward`, or register its network under `networks`",
    )

"""Files that others renew while the zone serves: data on addresses, revocation lists, door certificates.

Every so often each is looked at. What has changed is read and checked whole, beside the loop; then it takes
the place of the old in one assignment, and exchanges that are under way keep what they began with. New data
on addresses is written down before it counts. What can't be used changes nothing: the old stays in force,
and it is told once in the operator's log and in the trace log, until the file changes again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from zoneproxy.adapters.data.addresses import AddressFiles, Marks
from zoneproxy.assembly.beside import Beside
from zoneproxy.assembly.boundary import Boundary
from zoneproxy.assembly.scan_tables import with_places
from zoneproxy.origin.places import Places
from zoneproxy.terms.errors import ConfigError, TraceError
from zoneproxy.terms.ports import Journal

BROKEN_DATA = "address-data-broken"
BROKEN_TLS = "door-tls-broken"
_log = logging.getLogger("zoneproxy.freshness")


def data_record(config_digest: str, places: Places | None) -> dict[str, Any]:
    """Say which configuration is in force, with which data files, as a `config` record does."""
    if places is None:
        return {"digest": config_digest}
    files = [{"name": file.name, "digest": file.digest, "made": file.date_ms} for file in places.files]
    return {"digest": config_digest, "data": files}


def told_old(places: Places, now_ms: int, warn_after_days: int) -> list[str]:
    """Say which data files are old."""
    return [
        f"the data file `{file.name}` was made {age} days ago: fetch a newer one (`address_data`)"
        for file in places.files
        if (age := Places(frozenset(), files=(file,)).age_days(now_ms) or 0) > warn_after_days
    ]


@dataclass(frozen=True, slots=True)
class Watched:
    """What is looked at.

    Attributes:
        config_digest: of the configuration, for the records.
        files: the data files on addresses, or `None`.
        marks: those of the files from before they were read for the start.
        every_s: seconds between two looks.
        warn_after_days: data files that are older are told of.
    """

    config_digest: str
    files: AddressFiles | None
    marks: Marks = ()
    every_s: float = 60.0
    warn_after_days: int = 45


class Freshness:
    """Looks after files while the zone serves.

    Args:
        boundary: what serves.
        journal: takes the records.
        watched: what is looked at.
    """

    def __init__(self, boundary: Boundary, journal: Journal, watched: Watched) -> None:
        self._boundary, self._journal, self._watched = boundary, journal, watched
        self._marks = watched.marks
        self._told: dict[str, str] = {}
        self._beside = Beside()

    def start(self) -> None:
        """Look now and then, beside the zone."""
        doors = any(listener.tls is not None for listener in self._boundary.listeners.values())
        if doors or self._watched.files is not None:
            self._beside.start(self._run(), name="freshness")

    async def stop(self) -> None:
        """Look no more."""
        await self._beside.stop()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._watched.every_s)
            with contextlib.suppress(TraceError):  # the zone is told by the log itself
                await self.once()

    async def once(self) -> None:
        """Look once.

        Raises:
            TraceError: the log failed.
        """
        now_ms = self._boundary.clock.now_ms()
        for route, listener in self._boundary.listeners.items():
            if listener.tls is not None:
                changed = await self._attempt(f"tls of {route}", BROKEN_TLS, listener.tls.refresh, now_ms)
                if changed:
                    _log.info("the TLS files of the door `%s` were read again", route)
        if self._watched.files is not None:
            await self._look_at_data(self._watched.files, now_ms)

    async def _look_at_data(self, files: AddressFiles, now_ms: int) -> None:
        marks = files.marks()
        if marks == self._marks:
            return
        places = await self._attempt("address data", BROKEN_DATA, files.read)
        if files.marks() != marks:
            return  # somebody is still writing: the next look reads it whole
        self._marks = marks
        if places is None:
            return
        await self._journal.append("config", data_record(self._watched.config_digest, places), {})
        # Nothing is awaited between the record and the exchange of the rules.
        self._boundary.rules = replace(
            self._boundary.rules, places=places, scan=with_places(self._boundary.rules.scan, places)
        )
        for note in told_old(places, now_ms, self._watched.warn_after_days):
            _log.warning("%s", note)
        _log.info(
            "data files on addresses were read again: %s", ", ".join(file.name for file in places.files)
        )

    async def _attempt[Result](
        self, what: str, code: str, work: Callable[..., Result], *arguments: Any
    ) -> Result | None:
        """Do work beside the loop; tell a failure once, until it is another one or over."""
        try:
            result = await asyncio.to_thread(work, *arguments)
        except ConfigError as error:
            flaw = error.message
        except Exception as error:  # noqa: BLE001 - whatever it was, the next look must come
            _log.exception("a fault while %s was read again", what)
            flaw = f"{type(error).__name__}: {error}"[:512]
        else:
            self._told.pop(what, None)
            return result
        if self._told.get(what) != flaw:
            self._told[what] = flaw
            _log.error("%s; what was in force still is", flaw)
            alarm: Mapping[str, Any] = {"code": code, "flow": None, "count": 1}
            await self._journal.append("alarm", alarm, {"detail": flaw})
        return None

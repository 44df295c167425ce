"""The registered data sets of a zone: read at the start, and again when asked while traffic flows.

Every reading is written down before it counts: which indexes, by their digests, and which are revoked. An
index that can't be used refuses the start; asked for while traffic flows, it leaves everything as it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from zoneproxy.adapters.data.registered import Registered, day_of, read_index
from zoneproxy.assembly.boundary import Boundary
from zoneproxy.config import Config
from zoneproxy.content.registered.index import Index
from zoneproxy.terms.errors import ConfigError
from zoneproxy.terms.ports import Journal

RELOAD = "data-reload"


@dataclass(frozen=True, slots=True)
class RegisteredSets:
    """The data sets that a configuration names, in its order."""

    sets: tuple[Registered, ...] = ()

    @property
    def indexes(self) -> tuple[Index, ...]:
        """Those in use."""
        return tuple(one.index for one in self.sets if one.index is not None)

    def record(self, cause: str) -> dict[str, Any]:
        """Say what was read, as a `registered` record does."""
        return {
            "cause": cause,
            "sets": [
                {
                    "id": one.header.id,
                    "digest": one.digest,
                    "state": "used" if one.index is not None else "revoked",
                    "cells": one.header.cells,
                    "grams": one.header.grams,
                }
                for one in self.sets
            ],
        }


def read_registered(config: Config, folder: Path, *, now_ms: int) -> RegisteredSets:
    """Read and check all indexes that a configuration names.

    Args:
        config: the zone's configuration.
        folder: what its file names count from.
        now_ms: the time.

    Raises:
        ConfigError: one of them can't be used, or two are of one data set.
    """
    today = day_of(now_ms)
    read = tuple(read_index(folder / one.index, folder / one.key, today=today) for one in config.registered)
    names = [one.header.id for one in read]
    for at, name in enumerate(names):
        if name in names[:at]:
            raise ConfigError(
                f"the data set `{name}` is registered twice, the second time by `{read[at].path}`",
                hint="name the newer index alone under `registered:`",
            )
    return RegisteredSets(read)


class DataRegister:
    """What is registered in a zone that runs.

    Args:
        config: the zone's configuration.
        folder: what its file names count from.
        boundary: whose rules look for it.
        journal: takes the records.
        current: what was read.
    """

    def __init__(
        self, config: Config, folder: Path, boundary: Boundary, journal: Journal, current: RegisteredSets
    ) -> None:
        self._config, self._folder = config, folder
        self._boundary, self._journal = boundary, journal
        self.current = current
        self._turn = asyncio.Lock()

    async def start(self) -> None:
        """Record what the zone starts with, where anything is registered.

        Raises:
            TraceError: the log failed.
        """
        if self.current.sets:
            await self._journal.append("registered", self.current.record("start"), {})

    async def verb(self, _arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer `data-reload`: read the named indexes again, and look for what they hold from now on.

        Exchanges under way keep what they began with.

        Raises:
            ConfigError: an index can't be used, or the boundary does not serve; everything is as it was.
            TraceError: the log failed.
        """
        async with self._turn:
            self._insist_on_serving()
            now_ms = self._boundary.clock.now_ms()
            # Digests of large files take a while: beside the loop.
            made = await asyncio.to_thread(read_registered, self._config, self._folder, now_ms=now_ms)
            self._insist_on_serving()
            receipt = await self._journal.append("registered", made.record("reload"), {})
            # Nothing is awaited between the record and the exchange of the rules.
            rules = self._boundary.rules
            self._boundary.rules = replace(rules, scan=replace(rules.scan, registered=made.indexes))
            self.current = made
            return {"index": receipt.index, "sets": made.record("reload")["sets"]}

    def _insist_on_serving(self) -> None:
        if not self._boundary.open:
            raise ConfigError("the boundary does not serve now", hint="ask again when it does")

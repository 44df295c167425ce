"""How a command's act reaches a zone: by the control socket of one that runs, or by its file and its log.

An act that shuts is kept in the file whatever becomes of the question: the workers of a running zone watch
that file, so a broken socket, a dead supervisor or a worker that hangs does not keep a stop from holding.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zoneproxy.adapters.state.orderfile import OrderFile
from zoneproxy.adapters.workers.control_client import RefusedError, ask
from zoneproxy.assembly.logs import Opening, connect, open_here
from zoneproxy.assembly.orderbook import ORDER, ORDERS, OrderBook, open_orders
from zoneproxy.config.orders import CLOSING, Act, Orders
from zoneproxy.terms.errors import ConfigError
from zoneproxy.terms.ports import Receipt

WORKER = "desk"
PATIENCE_S = 15.0
_NOBODY = "no boundary listens"


def perform(opening: Opening, act: Act) -> dict[str, Any]:
    """Carry out an act in a zone that runs, or in one that does not.

    Returns:
        As `OrderBook.do` does, with `cut` of all workers together, and `running`: whether the zone answered.

    Raises:
        ConfigError: it can't be done; nothing was opened.
        RefusedError: the running zone refused it.
    """
    question = {"act": act.model_dump(mode="json")}
    try:
        answer = ask(control_of(opening), ORDER, question, timeout_s=PATIENCE_S)
    except (ConfigError, RefusedError) as error:
        if act.action not in CLOSING and not error.message.startswith(_NOBODY):
            raise
        try:
            return {**_alone(opening, act), "running": False}
        except ConfigError as second:
            raise (second if error.message.startswith(_NOBODY) else error) from None
    workers = answer.get("workers", [answer])
    indexes = [one["index"] for one in workers if one["index"] is not None]
    return {
        "changed": any(one["changed"] for one in workers),
        "kept": all(one["kept"] for one in workers),
        "index": indexes[0] if indexes else None,
        "cut": sum(one["cut"] for one in workers),
        "revision": max(one["revision"] for one in workers),
        "running": True,
    }


def read_held(opening: Opening) -> tuple[Orders, str]:
    """Return the orders that hold, and why everything is stopped, or nothing.

    The running zone is asked; where none answers, the file is read.

    Raises:
        ConfigError: the orders contradict zone.yaml.
    """
    try:
        answer = ask(control_of(opening), ORDERS, {}, timeout_s=PATIENCE_S)
        workers = answer.get("workers", [answer])
        flaw = next((one["flaw"] for one in workers if one["flaw"]), "")
        return Orders.model_validate(workers[0]["orders"]), flaw
    except (ConfigError, RefusedError):
        return open_orders(opening.config, file_of(opening))


def is_running(opening: Opening) -> bool:
    """Tell whether the zone answers at its control socket."""
    try:
        ask(control_of(opening), ORDERS, {}, timeout_s=PATIENCE_S)
    except (ConfigError, RefusedError):
        return False
    return True


def control_of(opening: Opening) -> Path:
    """Return where the zone's control socket stands."""
    return opening.folder / opening.config.control.socket


def file_of(opening: Opening) -> OrderFile:
    """Return the file of the zone's orders."""
    return OrderFile(opening.folder / opening.config.control.orders)


def _alone(opening: Opening, act: Act) -> dict[str, Any]:
    book = OrderBook(opening.config, file_of(opening), LazyLog(opening))
    return asyncio.run(book.do(act))


class LazyLog:
    """A log that is opened for each record, and only for it (`zoneproxy.terms.ports.Journal`).

    Args:
        opening: what it takes to open it.
    """

    writable = True

    def __init__(self, opening: Opening) -> None:
        self._opening = opening

    async def append(self, kind: str, body: Mapping[str, Any], private: Mapping[str, Any]) -> Receipt:
        """Open the log, write one record, and close it.

        Raises:
            ConfigError: another process holds the log.
            TraceError: the log does not verify, or its disk failed.
        """
        opening = self._opening
        external = opening.config.workers.logd == "external"
        log = await connect(opening) if external else open_here(opening, worker=WORKER)
        try:
            return await log.append(kind, body, private)
        finally:
            await log.close()

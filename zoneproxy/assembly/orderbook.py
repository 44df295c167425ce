"""The operator's orders in a zone that runs, or in one that does not: kept, recorded, and held.

    an act that shuts       1 kept, owing its record   2 held here   3 what it stops is cut
                            4 recorded                 5 kept, owing nothing
    an act that opens       1 recorded                 2 kept        3 held here

A crash after the first step of either leaves what is safe: a stop without its record is recorded at the next
start, before a door opens; the record of an opening that was not kept opens nothing. A stop that can't be
kept (a full disk) holds all the same, here and now, is tried again, and is not acknowledged as kept.

The file is the truth, and every worker watches it: orders that another process wrote hold here within
`POLL_S`, whatever became of the one who wrote them. Orders that can't be read, that contradict zone.yaml, or
that are older than those seen before, stop everything.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from zoneproxy.adapters.files.trouble import why
from zoneproxy.adapters.state.orderfile import Glance, OrderFile
from zoneproxy.assembly.beside import Beside
from zoneproxy.assembly.boundary import Boundary
from zoneproxy.config import Config
from zoneproxy.config.acts import carry_out
from zoneproxy.config.checks import check_added
from zoneproxy.config.orders import CLOSING, Act, Orders, credential_id
from zoneproxy.origin.tenants import TenantRegistry
from zoneproxy.route.stops import EVERYTHING, Stops
from zoneproxy.terms.errors import ConfigError, TraceError
from zoneproxy.terms.ports import Journal

log = logging.getLogger("zoneproxy.orders")

ORDER, ORDERS = "order", "orders"
"""What a running zone is asked at its control socket."""
POLL_S = 0.05
KEEP_AGAIN_S = 1.0
EMPTY = Orders().model_dump_json().encode()

Hold = Callable[[Stops, TenantRegistry | None, Orders], Awaitable[int]]
"""Puts stops and tenants in force, where there are new ones; returns how many exchanges were cut."""


def holder(config: Config, boundary: Boundary, among: int = 1) -> Hold:
    """Make what puts orders in force in a boundary that serves.

    Args:
        config: the zone's configuration.
        boundary: whose rules are exchanged; what new stops stop is cut by whoever drives its exchanges.
        among: how many workers share the limits.
    """

    async def hold(stops: Stops, tenants: TenantRegistry | None, orders: Orders) -> int:
        # Nothing is awaited before the exchange of the rules.
        rules = boundary.rules
        boundary.rules = replace(rules, stops=stops, tenants=tenants or rules.tenants)
        if tenants is not None:
            own = {name: one.divided(among) for name, one in config.allowances(orders.tenants).items()}
            boundary.turnstile.allow(own, frozenset(own) | tenants.names())
        return 0 if boundary.on_stops is None else await boundary.on_stops(stops)

    return hold


async def hold_nothing(_stops: Stops, _tenants: TenantRegistry | None, _orders: Orders) -> int:
    """Hold nothing: the zone does not run here."""
    return 0


class OrderBook:
    """Keeps the orders of one zone.

    Args:
        config: the zone's configuration, whose tenants the added ones must not contradict.
        file: where the orders are kept.
        journal: takes the record of each act.
        hold: puts them in force.
    """

    def __init__(self, config: Config, file: OrderFile, journal: Journal, hold: Hold = hold_nothing) -> None:
        self._config, self._file, self._journal, self._hold = config, file, journal, hold
        file.found(EMPTY)
        self.orders, self.flaw = open_orders(config, file)
        self._unkept: list[Act] = []
        self._cut = (-1, 0)  # of which revision, how many exchanges
        self._seen: Glance = file.glance()
        self._turn = asyncio.Lock()
        self._beside = Beside()

    # ---- in a zone that runs --------------------------------------------------------------------

    async def start(self) -> None:
        """Record what is owed, then watch the file.

        Raises:
            TraceError: the log failed.
        """
        await self._look()  # another worker may have gone further since they were read
        if self.orders.owed and not self.flaw:
            await self._settle()
        self._beside.start(self._watch(), name="orders")

    async def stop(self) -> None:
        """Watch no more."""
        await self._beside.stop()

    async def verb(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer `order` at the control socket: carry out the act in `act`."""
        try:
            act = Act.model_validate(arguments.get("act"))
        except ValidationError:
            what = "the question can't be read"
            raise ConfigError(what, hint="is the program of another version?") from None
        return await self.do(act)

    async def listing(self, _arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer `orders` at the control socket: what holds in this process."""
        return {"orders": self.orders.model_dump(mode="json"), "flaw": self.flaw, "unkept": len(self._unkept)}

    # ---- acts -----------------------------------------------------------------------------------

    async def do(self, act: Act) -> dict[str, Any]:
        """Carry out an act, once however often it is asked.

        Returns:
            `changed`; `kept`, False where the disk failed; `index` of its record, or null; how many exchanges
            were `cut` here; the `revision` that holds.

        Raises:
            ConfigError: it can't be done; everything is as it was.
            TraceError: the log failed, so nothing was opened.
        """
        async with self._turn, self._writing(act):
            current = await self._current(act)
            made = carry_out(current, act, self._config.tenants)
            if made is current:
                cut = await self._put(current)
                return self._done(act, changed=False, kept=True, index=None, cut=cut)
            check_orders(self._config, made)
            if act.action in CLOSING:
                return await self._shut(act, made)
            receipt = await self._journal.append(*record_of(act))
            try:
                await self._keep(made)
            except OSError as error:
                raise ConfigError(
                    f"the zone's orders `{self._file.path}` can't be written: {why(error)}",
                    hint="nothing was opened; mend the disk and ask again",
                ) from None
            cut = await self._put(made)
            return self._done(act, changed=True, kept=True, index=receipt.index, cut=cut)

    async def _shut(self, act: Act, made: Orders) -> dict[str, Any]:
        kept = True
        try:
            await self._keep(made.with_owed([*made.owed, act]))
        except OSError:
            log.exception("an order holds but could not be kept", extra={"action": act.action})
            kept = False
            self._unkept.append(act)
        cut = await self._put(made)
        index = None
        try:
            index = (await self._journal.append(*record_of(act))).index
        except (TraceError, ConfigError) as error:
            log.error("an order holds but could not be recorded: %s", error.message)  # noqa: TRY400 - told once
        if kept and index is not None:
            with contextlib.suppress(OSError):  # it is owed a second time then, which harms nobody
                await self._keep(made)
        return self._done(act, changed=True, kept=kept, index=index, cut=cut)

    def _done(self, act: Act, *, changed: bool, kept: bool, index: int | None, cut: int) -> dict[str, Any]:
        return {
            "changed": changed,
            "kept": kept and not any(one.id == act.id for one in self._unkept),
            "index": index,
            "cut": cut,
            "revision": self.orders.revision,
        }

    @contextlib.asynccontextmanager
    async def _writing(self, act: Act) -> AsyncIterator[None]:
        """Hold the writers' lock; an act that shuts goes on without it where it can't be had."""
        with contextlib.ExitStack() as stack:
            try:
                await asyncio.to_thread(stack.enter_context, self._file.turn())
            except OSError:
                if act.action not in CLOSING:
                    raise ConfigError(
                        f"the zone's orders `{self._file.path}` can't be changed",
                        hint="check the folder's owner",
                    ) from None
            yield

    async def _current(self, act: Act) -> Orders:
        try:
            current = await asyncio.to_thread(self._read)
            check_orders(self._config, current)
            if not self._unkept:
                _insist_on_newer(self.orders, current)
        except ConfigError as error:
            if act.action == "reset":
                return Orders(revision=self.orders.revision)
            await self._shut_all(error.message)
            raise
        return current

    # ---- the file -------------------------------------------------------------------------------

    def _read(self) -> Orders:
        return parse_orders(self._file.read(), self._file)

    async def _keep(self, orders: Orders) -> None:
        await asyncio.to_thread(self._file.write, orders.model_dump_json().encode())

    async def _put(self, orders: Orders) -> int:
        """Put orders in force here, with those that could not be kept."""
        for act in self._unkept:
            with contextlib.suppress(ConfigError):
                orders = carry_out(orders, act, self._config.tenants)
        self.orders, self.flaw = orders, ""
        self._seen = self._file.glance()
        cut = await self._hold(orders.stopped(), self._config.tenant_registry(orders), orders)
        # The watch may have cut already what a question comes to cut: both together are what the act did.
        before = self._cut[1] if self._cut[0] == orders.revision else 0
        self._cut = (orders.revision, before + cut)
        return self._cut[1]

    async def _shut_all(self, why: str) -> None:
        if not self.flaw:
            log.critical("everything is stopped: %s", why)
        self.flaw = why
        await self._hold(EVERYTHING, None, self.orders)

    async def _watch(self) -> None:
        again = 0.0
        while True:
            await asyncio.sleep(POLL_S)
            try:
                if self._file.glance() != self._seen or self._seen is None:
                    await self._look()
                again += POLL_S
                if self._unkept and again >= KEEP_AGAIN_S:
                    again = 0.0
                    await self._keep_again()
            except Exception:
                log.exception("the watch over the orders failed")
                await self._shut_all("the watch over the orders failed")

    async def _look(self) -> None:
        """Take up what another process wrote."""
        async with self._turn:
            glance = self._file.glance()
            if glance == self._seen and glance is not None:
                return
            if glance is None and self._seen is None and self.flaw:
                return
            try:
                orders = await asyncio.to_thread(self._read)
                check_orders(self._config, orders)
                if not self._unkept and not self.flaw:
                    _insist_on_newer(self.orders, orders)
            except ConfigError as error:
                await self._shut_all(error.message)
                self._seen = glance
                return
            await self._put(orders)
            self._seen = glance
        if orders.owed:
            await self._settle()

    async def _keep_again(self) -> None:
        async with self._turn:
            with contextlib.suppress(OSError, ConfigError), contextlib.ExitStack() as stack:
                await asyncio.to_thread(stack.enter_context, self._file.turn())
                orders = await asyncio.to_thread(self._read)
                for act in self._unkept:
                    orders = carry_out(orders, act, self._config.tenants)
                await self._keep(orders)
                self._unkept.clear()
                log.warning("orders that could not be kept are kept now")

    async def _settle(self) -> None:
        """Record what is owed; of several workers the first does it."""
        async with self._turn:
            with contextlib.ExitStack() as stack:
                await asyncio.to_thread(stack.enter_context, self._file.turn())
                orders = await asyncio.to_thread(self._read)
                for act in orders.owed:
                    await self._journal.append(*record_of(act))
                if orders.owed:
                    await self._keep(orders.with_owed([]))
                    self.orders = self.orders.with_owed([])
                    self._seen = self._file.glance()


def _insist_on_newer(old: Orders, new: Orders) -> None:
    if new.revision < old.revision:
        raise ConfigError("an older version of the zone's orders came back", hint="look who writes there")


def open_orders(config: Config, file: OrderFile) -> tuple[Orders, str]:
    """Read a zone's orders; a zone that never had any has none.

    Returns:
        The orders, and why they can't be read: everything is stopped then.

    Raises:
        ConfigError: the orders contradict zone.yaml.
    """
    if file.is_new():
        return Orders(), ""
    try:
        orders = parse_orders(file.read(), file)
    except ConfigError as error:
        return Orders(), error.message
    check_orders(config, orders)
    return orders, ""


def parse_orders(data: bytes, file: OrderFile) -> Orders:
    """Read orders.

    Raises:
        ConfigError: they are none.
    """
    try:
        return Orders.model_validate_json(data)
    except ValidationError as error:
        raise ConfigError(
            f"the zone's orders `{file.path}` can't be read: {error.error_count()} of its parts are wrong",
            hint="they were written by another version of this program, or by hand",
        ) from None


def check_orders(config: Config, orders: Orders) -> None:
    """Check that orders do not contradict the configuration, nor themselves.

    Raises:
        ConfigError: they do.
    """
    check_added(config, orders)
    try:
        orders.stopped()
    except ValueError as error:
        raise ConfigError(f"a stop can't be read: {error}") from None


def record_of(act: Act) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Write an act as a record: its kind, its public and its private part."""
    private = {"by": act.by, "why": act.why}
    if act.action in ("stop", "resume", "reset"):
        body: dict[str, Any] = {
            "action": act.action,
            "scope": act.scope,
            "target": act.target or None,
            "cause": act.cause,
            "act": act.id,
        }
        return "stop", body, private
    registered = act.registration
    given = registered.credentials[:1] if registered else []
    credential = act.credential or (given[0] if given else None)
    body = {
        "action": act.action.removeprefix("tenant-"),
        "tenant": act.tenant,
        "market": registered.market if registered else None,
        "credential": None if credential is None else credential_id(credential),
        "until_ms": act.until_ms,
        "cause": act.cause,
        "act": act.id,
    }
    return "tenant", body, private

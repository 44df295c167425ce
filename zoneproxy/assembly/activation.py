"""New rules while traffic flows: checked, written down, then put in the place of the old in one step.

    1 read, signatures, revision, window   2 proofs and tests, run again, both layers together
    3 the bundles to the log's archive     4 the zone's memory: bundles, then marks
    5 the record `activation`              6 one assignment: new exchanges begin under the new rules
    7 the answer

A crash before 4 leaves everything as it was. A crash between 4 and 6 leaves the old rules in the log and the
new ones in the zone's memory: the next start takes these up and records it before it serves, so that no mark
ever goes back. Whatever is refused leaves the last good bundles in force, and a record of the refusal.

An exchange keeps the rules that it began with to its end (`zoneproxy.assembly.boundary.Boundary.begin`).
One activation is done at a time; another one is refused meanwhile, not queued: what it was checked against
would not be what it replaces.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from zoneproxy.adapters.files.trouble import why
from zoneproxy.adapters.state.policy_state import PolicyState
from zoneproxy.assembly.boundary import Boundary
from zoneproxy.assembly.orders import unkept
from zoneproxy.assembly.policies import (
    Loaded,
    PolicySet,
    flaws_of_revision,
    flaws_together,
    open_bundle,
    uplinks,
)
from zoneproxy.config import Config
from zoneproxy.policy.bundle import LAYERS
from zoneproxy.policy.bundle_flaws import BundleError, Flaw
from zoneproxy.terms.errors import ConfigError
from zoneproxy.terms.ports import Journal


class PolicyArchive(Journal, Protocol):
    """A journal that keeps policies' bytes beside its records."""

    def archive_policy(self, data: bytes) -> str:
        """Keep bytes durably; return their SHA-256 (hex). May block."""
        ...


Offer = tuple[str, bytes]
"""A bundle's name, for messages, and its bytes."""


class Activation:
    """Puts bundles in force, or has them watch, while the boundary serves.

    Args:
        config: the zone's configuration.
        boundary: whose rules are exchanged.
        journal: takes the records and keeps the bundles' bytes.
        state: the zone's memory.
        current: what is in force now.
    """

    def __init__(
        self,
        config: Config,
        boundary: Boundary,
        journal: PolicyArchive,
        state: PolicyState,
        current: PolicySet,
    ) -> None:
        self._config = config
        self._boundary = boundary
        self._journal = journal
        self._state = state
        self.current = current
        self._turn = asyncio.Lock()

    async def start(self) -> None:
        """Remember and record what the zone starts with; only then may it serve.

        Raises:
            ConfigError: the zone's memory can't be written.
            TraceError: the log failed.
        """
        made = self.current
        await self._remember(made, made.layers, start=True)
        for one in (*made.layers, *made.shadows):
            await self._archive(one)
        await self._journal.append("activation", _record("start", made), {})

    async def verb(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer `activate` at the control socket.

        Args:
            arguments: `bundles`, a list of `{file, data}` with the bytes in base64; `shadow`, whether they
                only watch (no bundles: nothing watches any more).
        """
        try:
            offers = [
                (str(one["file"])[:512], base64.b64decode(one["data"], validate=True))
                for one in arguments["bundles"]
            ]
        except (TypeError, KeyError, ValueError):
            what = "the question can't be read"
            raise ConfigError(what, hint="is the program of another version?") from None
        return await self.activate(offers, shadow=arguments.get("shadow") is True)

    async def activate(self, offers: Sequence[Offer], *, shadow: bool = False) -> dict[str, Any]:
        """Put bundles in force together, or have them watch.

        Args:
            offers: one bundle for each layer that changes.
            shadow: they only watch; no bundles end all watching.

        Returns:
            `changed`, the `index` of the record, and the policies now in force.

        Raises:
            BundleError: one of them can't be used; everything is as it was, and the refusal is recorded.
            ConfigError: another activation is under way, the boundary does not serve, or its memory can't
                be written; everything is as it was.
            TraceError: the log failed; the boundary serves no more.
        """
        if self._turn.locked():
            raise ConfigError("another activation is under way", hint="wait for its answer, then ask again")
        if not offers and not shadow:
            raise ConfigError("no bundle is given", hint="name at least one bundle")
        async with self._turn:
            self._insist_on_serving()
            try:
                new = await asyncio.to_thread(self._examine, offers, shadow=shadow)
            except BundleError as error:
                await self._record_refusal(offers, error)
                raise
            if not shadow and not any(self._is_other(one) for one in new):
                return {"changed": False, "index": None, **self.describe()}
            made = self.current.watched_by(new) if shadow else self.current.replaced(new)
            for one in new:
                await self._archive(one)
            await self._remember(made, new)
            # Whatever comes of the rest, no later write may take the marks back.
            self.current = replace(self.current, remembered=made.remembered)
            self._insist_on_serving()
            receipt = await self._journal.append("activation", _record("activate", made), {})
            # Nothing is awaited between the record and the exchange of the rules.
            rules = self._boundary.rules
            self._boundary.rules = replace(rules, policies=made.policies, shadows=made.watching)
            self.current = made
            return {"changed": True, "index": receipt.index, **self.describe()}

    def describe(self) -> dict[str, Any]:
        """Say what is in force and what watches, as JSON values."""
        return {
            "in_force": [_described(one) for one in self.current.layers],
            "shadows": [_described(one) for one in self.current.shadows],
        }

    def _insist_on_serving(self) -> None:
        if not self._boundary.open:
            raise ConfigError("the boundary does not serve now", hint="ask again when it does")

    def _is_other(self, one: Loaded) -> bool:
        now = {kept.policy.layer: kept.policy.digest for kept in self.current.layers}
        return now.get(one.policy.layer) != one.policy.digest

    def _examine(self, offers: Sequence[Offer], *, shadow: bool) -> list[Loaded]:
        """Check everything; runs beside the loop, on values that don't change."""
        flaws: list[Flaw] = []
        new: list[Loaded] = []
        for file, data in offers:
            try:
                new.append(open_bundle(self._config, data, file))
            except BundleError as error:
                flaws += error.flaws
        bundles = [one.bundle for one in new if one.bundle is not None]
        layers = [bundle.layer for bundle in bundles]
        for layer in LAYERS:
            if layers.count(layer) > 1:
                what = f"two bundles of the layer `{layer}` are given"
                flaws.append(Flaw("ZB11", bundles[layers.index(layer)].file, what, "give one of them"))
        # Another worker of this zone may have gone further meanwhile.
        marks = self.current.remembered.highest(self._state.read()).layers
        if not shadow:
            flaws += [
                flaw for bundle in bundles for flaw in flaws_of_revision(bundle, marks.get(bundle.layer))
            ]
        if flaws or not bundles:
            _refuse(flaws)
            return new
        judged = [replace(one, policy=replace(one.policy, shadow=False)) for one in new] if shadow else new
        together = self.current.replaced(judged)
        now_ms = None if shadow else self._boundary.clock.now_ms()
        flaws = flaws_together(together.policies, bundles, uplinks(self._config), now_ms)
        _refuse(flaws + unkept(together.policies, self._config))
        return new

    async def _archive(self, one: Loaded) -> None:
        digest = await asyncio.to_thread(self._journal.archive_policy, one.data)
        body = {"layer": one.policy.layer, "digest": digest, "bytes": len(one.data)}
        await self._journal.append("policy", body, {})

    async def _remember(self, made: PolicySet, new: Sequence[Loaded], *, start: bool = False) -> None:
        bundles = [one.bundle for one in new if one.bundle is not None]
        if start and not bundles and made.remembered == await asyncio.to_thread(self._state.read):
            return  # plain files only: there is nothing to remember
        try:
            await asyncio.to_thread(self._state.keep, bundles)
            known = await asyncio.to_thread(self._state.read)
            await asyncio.to_thread(self._state.write, made.remembered.highest(known))
        except OSError as error:
            raise ConfigError(
                f"the zone's memory `{self._state.root}` can't be written: {why(error)}",
                hint="the rules in force are as they were; mend the disk before the next start",
            ) from None

    async def _record_refusal(self, offers: Sequence[Offer], error: BundleError) -> None:
        named = [{"layer": "unknown", "digest": hashlib.sha256(data).hexdigest()} for _, data in offers]
        codes = sorted({flaw.code for flaw in error.flaws})
        await self._journal.append("activation_refused", {"codes": codes, "policy": named[:8]}, {})


def _refuse(flaws: Sequence[Flaw]) -> None:
    if flaws:
        raise BundleError(flaws)


def _record(cause: str, made: PolicySet) -> dict[str, Any]:
    body: dict[str, Any] = {"cause": cause, "policy": [one.named() for one in made.layers]}
    if made.shadows:
        body["shadow"] = [one.named() for one in made.shadows]
    return body


def _described(one: Loaded) -> dict[str, Any]:
    return {
        "layer": one.policy.layer,
        "name": one.policy.name,
        "revision": one.policy.revision,
        "digest": one.policy.digest,
        "signers": [key.name for key in one.signers],
        "form": "bundle" if one.bundle else "file",
    }

"""Which rules a zone starts with: plain files or signed bundles, and what it remembers of them.

zone.yaml names a plain file or a bundle for each layer. A bundle must bear the signatures that zone.yaml
demands. A plain file, which nobody signed, is for development; in production it is taken only for the layers
that `policies.unsigned` names, and that is said at every start and stands in the record of it.

A bundle that was in force before comes back after a restart unless zone.yaml names a newer one: the zone's
state holds the highest revision of each layer, and nothing older is ever taken up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from zoneproxy.adapters.files.settings import read_small
from zoneproxy.adapters.state.bundles import check_moment, check_signatures
from zoneproxy.adapters.state.policy_state import Mark, PolicyState, Remembered
from zoneproxy.assembly.orders import unkept
from zoneproxy.config import Config
from zoneproxy.policy.bundle import LAYERS, Policy, check_layers, load
from zoneproxy.policy.bundle_archive import is_bundle
from zoneproxy.policy.bundle_file import Bundle, read_bundle
from zoneproxy.policy.bundle_flaws import BundleError, Flaw, of_problems
from zoneproxy.policy.bundle_results import failed_proofs, recheck
from zoneproxy.terms.errors import ConfigError, PolicyError, Problem
from zoneproxy.trace.note import VerifierKey


@dataclass(frozen=True, slots=True)
class Loaded:
    """One policy with the bytes that it came in.

    Attributes:
        policy: ready to decide with.
        data: the plain file's bytes, or the bundle's.
        bundle: the bundle; `None` for a plain file.
        signers: the keys of its layer that signed it.
    """

    policy: Policy
    data: bytes
    bundle: Bundle | None = None
    signers: tuple[VerifierKey, ...] = ()

    def named(self) -> dict[str, Any]:
        """Name it as records of activations do."""
        made: dict[str, Any] = {"layer": self.policy.layer, "digest": self.policy.digest}
        if self.bundle is not None:
            made |= {"revision": self.bundle.revision, "signers": [key.vkey for key in self.signers]}
        return made


@dataclass(frozen=True, slots=True)
class PolicySet:
    """The policies of a zone at one moment.

    Attributes:
        layers: those in force, the regulator's first.
        shadows: those that only watch.
        remembered: what must be remembered before they take effect.
    """

    layers: tuple[Loaded, ...]
    shadows: tuple[Loaded, ...]
    remembered: Remembered

    @property
    def policies(self) -> tuple[Policy, ...]:
        """The layers, ready to decide with."""
        return tuple(one.policy for one in self.layers)

    @property
    def watching(self) -> tuple[Policy, ...]:
        """The policies that only watch."""
        return tuple(one.policy for one in self.shadows)

    def replaced(self, new: Sequence[Loaded]) -> PolicySet:
        """Put new bundles in force; the shadows of their layers have done their work."""
        by_layer = {one.policy.layer: one for one in new}
        marks = {layer: Mark.of(one.bundle) for layer, one in by_layer.items() if one.bundle is not None}
        layers = tuple(by_layer.get(one.policy.layer, one) for one in self.layers)
        shadows = tuple(one for one in self.shadows if one.policy.layer not in by_layer)
        return PolicySet(layers, shadows, _remember({**self.remembered.layers, **marks}, shadows))

    def watched_by(self, new: Sequence[Loaded]) -> PolicySet:
        """Have new bundles watch, each in the place of its layer's earlier shadow; none ends all."""
        layers = {one.policy.layer for one in new}
        kept = [one for one in self.shadows if new and one.policy.layer not in layers]
        shadows = (*kept, *(replace(one, policy=replace(one.policy, shadow=True)) for one in new))
        return replace(self, shadows=shadows, remembered=_remember(self.remembered.layers, shadows))


def _remember(marks: Any, shadows: Iterable[Loaded]) -> Remembered:
    return Remembered(marks, tuple(one.policy.digest for one in shadows))


def read_policies(
    config: Config, folder: Path, state: PolicyState, *, production: bool, now_ms: int
) -> tuple[PolicySet, tuple[str, ...]]:
    """Read what a zone starts with; nothing is written.

    Args:
        config: the configuration.
        folder: the folder that its paths are relative to.
        state: what the zone remembers.
        production: plain files must be allowed by the configuration.
        now_ms: milliseconds since 1970 UTC.

    Returns:
        The policies, and what the operator must be told about them.

    Raises:
        ConfigError: a file is missing, or a bundle can't be believed.
        PolicyError: plain files have mistakes; those of both layers are told together.
    """
    remembered = state.read()
    notes: list[str] = []
    named = _named(config, folder)
    layers: list[Loaded] = []
    fresh: list[Bundle] = []
    for layer, one in zip(LAYERS, named, strict=True):
        mark = remembered.layers.get(layer)
        chosen = one if mark is None or _is_newer(one, mark) else _last_good(config, state, layer, mark)
        if chosen.bundle is None and layer not in config.policies.unsigned and production:
            raise ConfigError(
                f"the {layer}'s layer `{chosen.policy.file}` is a plain file, which nobody signed",
                hint=f"sign it (`zoneproxy policy sign`), or write `unsigned: [{layer}]` under `policies` "
                "while the zone serves nobody",
            )
        if chosen.bundle is None and production:
            notes.append(f"the {layer}'s layer is NOT SIGNED: `{chosen.policy.file}` is a plain file")
        if chosen is not one:
            notes.append(
                f"zone.yaml names revision {one.policy.revision} of the {layer}'s layer; the activated "
                f"revision {chosen.policy.revision} stays in force"
            )
        if chosen.bundle is not None and (mark is None or mark.content != chosen.bundle.content):
            fresh.append(chosen.bundle)
        if not chosen.policy.in_force(now_ms):
            notes.append(f"`{chosen.policy.file}` is not in force now: everything is denied")
        layers.append(chosen)
    made = PolicySet(tuple(layers), (), remembered).replaced([one for one in layers if one.bundle])
    shadows = _shadows(config, state, remembered, made, notes)
    made = made.watched_by(shadows) if shadows else made
    if fresh:
        _insist([*flaws_together(made.policies, fresh, uplinks(config), now_ms)])
    else:
        check_layers(made.policies)
    _insist([*_unknown_uplinks(made.policies, uplinks(config)), *unkept(made.policies, config)])
    return made, tuple(notes)


def uplinks(config: Config) -> frozenset[str]:
    """Return the routes that zone.yaml declares."""
    return frozenset(route.id for route in config.routes)


def open_bundle(config: Config, data: bytes, file: str) -> Loaded:
    """Read a bundle and check its signatures.

    Raises:
        BundleError: it can't be believed.
    """
    bundle = read_bundle(data, file)
    return Loaded(
        bundle.policy, data, bundle, check_signatures(bundle, config.policies.signers_of(bundle.layer))
    )


def flaws_together(
    policies: Sequence[Policy], new: Sequence[Bundle], declared: frozenset[str], now_ms: int | None
) -> list[Flaw]:
    """Tell what is wrong with new bundles once they stand beside the other layer: run, not believed.

    Args:
        policies: the layers as they would be in force.
        new: the bundles among them that were not in force before.
        declared: the routes of the zone.
        now_ms: the moment at which they must be in force; `None` where they only watch.
    """
    flaws = [flaw for bundle in new for flaw in recheck(bundle)]
    file = new[0].file
    try:
        check_layers(policies)
    except PolicyError as error:
        return flaws + [replace(flaw, code="ZB11") for flaw in of_problems(file, error.problems)]
    flaws += failed_proofs(file, policies)
    flaws += _unknown_uplinks(policies, declared)
    if now_ms is not None:
        flaws += [flaw for bundle in new for flaw in check_moment(bundle, now_ms)]
    return flaws


def flaws_of_revision(bundle: Bundle, mark: Mark | None) -> list[Flaw]:
    """Tell whether a bundle would take a layer back; the same content again is no step back."""
    if mark is None or bundle.revision > mark.revision or bundle.content == mark.content:
        return []
    what = f"its revision {bundle.revision} is not above {mark.revision}, which was in force already"
    return [Flaw("ZB07", bundle.file, what, "give the policy a higher `metadata.revision` and sign it again")]


def _named(config: Config, folder: Path) -> tuple[Loaded, ...]:
    """Read both files that zone.yaml names; the mistakes of both are told together."""
    problems: list[Problem] = []
    flaws: list[Flaw] = []
    found: list[Loaded] = []
    for layer in LAYERS:
        path = folder / (config.policies.regulator if layer == "regulator" else config.policies.operator)
        data = read_small(path, "the policy")
        try:
            if is_bundle(data):
                found.append(open_bundle(config, data, str(path)))
            else:
                found.append(Loaded(load(data, str(path)), data))
        except PolicyError as error:
            problems += error.problems
        except BundleError as error:
            flaws += error.flaws
    if problems:
        raise PolicyError(problems)
    _insist(flaws)
    for layer, one in zip(LAYERS, found, strict=True):
        if one.policy.layer != layer:
            raise ConfigError(
                f"`policies.{layer}` names `{one.policy.file}`, which is the {one.policy.layer}'s layer",
                hint="exchange the two, or name the right file",
            )
    return tuple(found)


def _is_newer(one: Loaded, mark: Mark) -> bool:
    """Tell whether what zone.yaml names may take the place of what is remembered."""
    if one.bundle is not None and one.bundle.content == mark.content:
        return True
    return one.policy.revision > mark.revision


def _last_good(config: Config, state: PolicyState, layer: str, mark: Mark) -> Loaded:
    data, shown = state.bundle(mark.digest), f"{state.root / mark.digest}.zpb"
    try:
        return _same(open_bundle(config, data, shown), mark)
    except BundleError as error:
        what = f"the {layer}'s layer in force (revision {mark.revision}) can't be taken up again"
        raise ConfigError(
            f"{what}: {error.message}",
            hint=f"name a bundle of a higher revision in `policies.{layer}`",
        ) from None


def _same(one: Loaded, mark: Mark) -> Loaded:
    if one.policy.digest != mark.digest:
        raise BundleError([Flaw("ZB01", one.policy.file, "it is not the bundle that was activated")])
    return one


def _shadows(
    config: Config, state: PolicyState, remembered: Remembered, made: PolicySet, notes: list[str]
) -> list[Loaded]:
    """Take up what was watching; one that can't be is left out, for it decides nothing."""
    found: list[Loaded] = []
    in_force = {one.bundle.content for one in made.layers if one.bundle is not None}
    for digest in remembered.shadows:
        try:
            one = open_bundle(config, state.bundle(digest), f"{state.root / digest}.zpb")
        except (BundleError, ConfigError) as error:
            notes.append(f"a shadow bundle is left out: {error.message}")
            continue
        if one.bundle is not None and one.bundle.content not in in_force:
            found.append(one)
    return found


def _unknown_uplinks(policies: Iterable[Policy], declared: frozenset[str]) -> list[Flaw]:
    return [
        Flaw(
            "ZB11",
            policy.file,
            f"it names the uplink `{uplink}`, which zone.yaml does not declare",
            "declare the route in zone.yaml, or take it out of the policy",
        )
        for policy in policies
        if policy.document.zone
        for uplink in sorted(set(policy.document.zone.uplinks) - declared)
    ]


def _insist(flaws: Sequence[Flaw]) -> None:
    if flaws:
        told = "\n".join(f"    {flaw.code} `{flaw.file}`: {flaw.message}" for flaw in flaws)
        hint = next((flaw.hint for flaw in flaws if flaw.hint), "run `zoneproxy policy verify` on it")
        raise ConfigError(f"the policies can't be used\n{told}", hint=hint)

"""The part of `zone.yaml` that says which rules are in force, and whose word on them counts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from zoneproxy.adapters.state.bundles import Signers
from zoneproxy.config.part import Part, Text
from zoneproxy.policy.read import Source
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.note import ED25519, VerifierKey, parse_vkey

LayerName = Literal["regulator", "operator"]


class LayerSigners(Part):
    """Who may sign one layer."""

    keys: Annotated[list[Text], Field(min_length=1, max_length=16)] = Field(
        description="verifier keys, as `zoneproxy policy keygen` prints them; private keys never stand here"
    )
    needed: Annotated[int, Field(ge=1, le=16)] = Field(1, description="how many of them must have signed")


class AllSigners(Part):
    """Who may sign which layer."""

    regulator: LayerSigners | None = Field(None, description="the regulator's own keys")
    operator: LayerSigners | None = Field(None, description="the operator's keys")


class Policies(Part):
    """The two layers; a flow passes only if both allow."""

    regulator: Text = Field(description="the regulator's layer: a signed bundle, or a plain file")
    operator: Text = Field(description="the operator's layer: a signed bundle, or a plain file")
    signers: AllSigners = Field(
        default_factory=lambda: AllSigners(),  # noqa: PLW0108 - the class needs its defaults
        description="whose signatures on bundles count",
    )
    unsigned: list[LayerName] = Field(
        default_factory=list,
        description="layers that may be plain files, which nobody signed, in production too",
    )
    state: Text = Field(
        "state/policies", description="folder that keeps activated bundles and the highest revisions"
    )

    def signers_of(self, layer: str) -> Signers | None:
        """Return who may sign a layer; `None` where nobody is named.

        Raises:
            VerificationError: a key can't be read.
        """
        named = self.signers.regulator if layer == "regulator" else self.signers.operator
        return None if named is None else Signers(tuple(map(_key, named.keys)), named.needed)


def _key(text: str) -> VerifierKey:
    key = parse_vkey(text)
    if key.type != ED25519:
        raise VerificationError(
            "bundles are signed with Ed25519 keys", hint="make one: `zoneproxy policy keygen`"
        )
    return key


def check_signers(source: Source, policies: Policies) -> None:
    """Keys can be read, none stands twice, and the two layers share none."""
    owner: dict[bytes, str] = {}
    for layer in ("regulator", "operator"):
        named = policies.signers.regulator if layer == "regulator" else policies.signers.operator
        if named is None:
            continue
        where = ("policies", "signers", layer)
        for index, text in enumerate(named.keys):
            try:
                key = _key(text)
            except VerificationError as error:
                source.report((*where, "keys", index), "ZC0006", error.message, remedy=error.hint)
                continue
            if key.public in owner:
                what = f"the key `{key.name}` stands twice, first under `{owner[key.public]}`"
                remedy = "each layer has keys of its own: the regulator's are the regulator's"
                source.report((*where, "keys", index), "ZC0006", what, remedy=remedy)
            owner[key.public] = layer
        if named.needed > len(named.keys):
            what = f"{named.needed} signatures are needed, but only {len(named.keys)} keys may sign"
            source.report((*where, "needed"), "ZC0006", what, remedy="name more keys, or need fewer")

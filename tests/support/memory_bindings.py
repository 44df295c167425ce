"""The binding store's stand-in: in memory, as strict as the real one, and it can be killed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from zoneproxy.terms.errors import StoreError
from zoneproxy.terms.objects import Binding, ObjectName


@dataclass
class MemoryBindings:
    """Keeps bindings in memory.

    Attributes:
        kept: by name; the first claim stands.
        dead: fail from now on.
        dead_for_claims: only claims fail.
    """

    kept: dict[ObjectName, Binding] = field(default_factory=dict)
    dead: bool = False
    dead_for_claims: bool = False

    async def find(self, names: Collection[ObjectName]) -> Mapping[ObjectName, Binding]:
        return self.find_now(names)

    async def claim(self, bindings: Sequence[Binding]) -> Mapping[ObjectName, Binding]:
        return self.bind_now(bindings)

    def find_now(self, names: Collection[ObjectName]) -> dict[ObjectName, Binding]:
        if self.dead:
            raise StoreError("planted")
        return {name: self.kept[name] for name in names if name in self.kept}

    def bind_now(
        self, bindings: Sequence[Binding], names: Collection[ObjectName] = ()
    ) -> dict[ObjectName, Binding]:
        if self.dead or self.dead_for_claims:
            raise StoreError("planted")
        claimed = {binding.name: self.kept.setdefault(binding.name, binding) for binding in bindings}
        return self.find_now(names) | claimed

"""Which zone server serves a model, or a path that names no model.

A request goes to exactly one server, chosen from the operator's list by the model that it names, or
by the longest path prefix for endpoints without a model. Nothing the client sends can name a server.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from zoneproxy.route.server_identity import ServerIdentity
from zoneproxy.terms.facts import FactValue

Separation = Literal["physical", "logical", "shared", "unknown"]


@dataclass(frozen=True, slots=True)
class Upstream:
    """A model server in the zone.

    Attributes:
        id: the operator's name for it.
        host: canonical host.
        port: 1-65535.
        models: ids of the models that it serves.
        paths: path prefixes of its endpoints that name no model, for example `/v1/files`.
        separation: how it is kept apart from domestic operation.
        tls: who it must prove to be before anything is sent to it; `None` where it speaks plain HTTP.
    """

    id: str
    host: str
    port: int
    models: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    separation: Separation = "unknown"
    tls: ServerIdentity | None = None


class UpstreamTable:
    """The operator's model servers, built once, never changed.

    Raises:
        ValueError: two servers share an id, a model or a path prefix.
    """

    def __init__(self, upstreams: Iterable[Upstream]) -> None:
        self.upstreams = tuple(upstreams)
        self._models: dict[str, Upstream] = {}
        self._paths: dict[str, Upstream] = {}
        ids = set[str]()
        for upstream in self.upstreams:
            if upstream.id in ids:
                raise ValueError(f"upstream `{upstream.id}` stands twice")
            ids.add(upstream.id)
            for model in upstream.models:
                _claim(self._models, model, upstream, "model")
            for path in upstream.paths:
                _claim(self._paths, path.rstrip("/"), upstream, "path")

    def for_model(self, model: str) -> Upstream | None:
        """Return the server of a model, or `None`."""
        return self._models.get(model)

    def by_id(self, upstream_id: str) -> Upstream | None:
        """Return the server of that name, or `None`."""
        return next((upstream for upstream in self.upstreams if upstream.id == upstream_id), None)

    def for_path(self, path: str) -> Upstream | None:
        """Return the server of the longest prefix of `path` that ends at a `/` or at its end, or `None`."""
        prefix = path.rstrip("/")
        while prefix:
            found = self._paths.get(prefix)
            if found is not None:
                return found
            prefix = prefix.rpartition("/")[0]
        return None


def _claim(owners: dict[str, Upstream], key: str, upstream: Upstream, what: str) -> None:
    if key in owners:
        raise ValueError(f"upstreams `{owners[key].id}` and `{upstream.id}` both claim {what} `{key}`")
    owners[key] = upstream


def upstream_facts(upstream: Upstream | None) -> dict[str, FactValue | None]:
    """Write a server's separation as a fact; `unknown` where no server was found."""
    return {"upstream.separation": upstream.separation if upstream is not None else "unknown"}

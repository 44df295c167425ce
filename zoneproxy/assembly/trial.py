"""A zone that is made for tests on the wire: everything that a zone has, for a moment, on loopback.

Its doors, networks and tenants are those that `zoneproxy.policy.wirefile` describes. Each door and each
network is a /24 of 127.77.0.0/16: the door listens at `.1`, callers of the network call from `.9`. What is
unregistered calls from 127.78.0.9. Keys are fresh, the log is a real one, and all of it lies in one folder
that whoever made it removes again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoneproxy.adapters.clock import SystemClock, SystemEntropy
from zoneproxy.adapters.files.settings import write_new
from zoneproxy.adapters.keys.keyfiles import load_signer, make_log_keys, make_private_key
from zoneproxy.adapters.keys.opening import make_opening_key
from zoneproxy.adapters.log.newlog import create
from zoneproxy.policy.bundle import Policy
from zoneproxy.policy.wirefile import Place, Wire, WireCase

_ORIGIN = "trial.invalid/log"
_UNREGISTERED = "127.78.0.9"
_HOME = "CN"
_PAUSE_S = 5.0


@dataclass(frozen=True, slots=True)
class Trial:
    """A zone that is ready to be assembled.

    Attributes:
        config: its zone.yaml.
        doors: host and port by the name of a door.
        peers: the address that callers of a door's own network call from.
        places: the same, by side and country.
        credentials: by tenant.
    """

    config: Path
    doors: Mapping[str, tuple[str, int]]
    peers: Mapping[str, str]
    places: Mapping[tuple[str, str], str]
    credentials: Mapping[str, str]

    def peer(self, wire: Wire) -> str:
        """Return the address that an exchange calls from."""
        if wire.origin == "unregistered":
            return _UNREGISTERED
        if isinstance(wire.origin, Place):
            return self.places[wire.origin.side, wire.origin.country]
        return self.peers[wire.door]

    def request(self, wire: Wire) -> bytes:
        """Return an exchange's request as it is sent."""
        asked = wire.request
        if asked.raw is not None:
            return asked.raw.encode("utf-8", "surrogateescape")
        text = asked.body
        if asked.document is not None:
            text = json.dumps(asked.document, ensure_ascii=False)
        body = (text or "").encode()
        host, port = self.doors[wire.door]
        headers = {"host": f"{host}:{port}", "connection": "close"}
        if wire.tenant is not None:
            headers["authorization"] = f"Bearer {self.credentials[wire.tenant]}"
        if text is not None:
            headers |= {"content-type": "application/json", "content-length": str(len(body))}
        headers |= {name.lower(): value for name, value in asked.headers.items()}
        lines = [asked.line, *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        return "\r\n".join(lines).encode("latin-1") + body


def together(cases: Iterable[WireCase]) -> list[list[WireCase]]:
    """Put cases into as few zones as will do: in one zone a tenant has one market, a cable one end."""
    groups: list[tuple[dict[tuple[str, str], str], list[WireCase]]] = []
    for case in cases:
        needs = {("door", case.wire.door): case.wire.lands or ""}
        if case.wire.tenant is not None:
            needs["tenant", case.wire.tenant] = case.market
        fitting = (
            one for one in groups if all(one[0].get(key, value) == value for key, value in needs.items())
        )
        made, members = next(fitting, ({}, []))
        if not members:
            groups.append((made, members))
        made.update(needs)
        members.append(case)
    return [members for _, members in groups]


def make_trial(
    folder: Path, cases: Sequence[WireCase], policies: Sequence[tuple[Policy, bytes]], upstream_port: int
) -> Trial:
    """Make the zone of some cases in an empty folder.

    Args:
        folder: where it is made.
        cases: what will be sent to it; one market for each tenant.
        policies: both layers, each with the bytes that it was loaded from.
        upstream_port: where the scripted server listens on 127.0.0.1.
    """
    operator = next(policy for policy, _ in policies if policy.layer == "operator")
    ends = {case.wire.door: case.wire.lands for case in cases if case.wire.lands is not None}
    doors = [
        (route.id, "overseas", ends.get(route.id, route.peer_country)) for route in operator.document.routes
    ]
    doors += [("inland", "domestic", _HOME), ("outward", "zone", _HOME)]
    hosts = {name: f"127.77.{number}" for number, (name, _, _) in enumerate(doors, 1)}
    networks = [(hosts[name], side, country) for name, side, country in doors]
    places = {(side, country): f"{net}.9" for net, side, country in reversed(networks)}
    for case in cases:
        if isinstance(place := case.wire.origin, Place) and (place.side, place.country) not in places:
            net = f"127.77.{len(networks) + 1}"
            networks.append((net, place.side, place.country))
            places[place.side, place.country] = f"{net}.9"
    port = _common_port([f"{net}.1" for net in hosts.values()])
    markets = {case.wire.tenant: case.market for case in cases if case.wire.tenant is not None}
    credentials = {tenant: f"zp-{secrets.token_urlsafe(32)}" for tenant in markets}
    config = _config(operator, doors, hosts, port, networks)
    config["tenants"] = [_tenant(operator, tenant, market, credentials) for tenant, market in markets.items()]
    models = [model.id for model in operator.document.models] or ["none"]
    config["servers"] = [
        {"id": "scripted", "address": f"127.0.0.1:{upstream_port}", "models": models,
         "paths": ["/v1/files", "/v1/models"], "separation": "physical"}
    ]  # fmt: skip
    _write(folder, config, policies)
    return Trial(
        folder / "zone.yaml",
        {name: (f"{net}.1", port) for name, net in hosts.items()},
        {name: f"{net}.9" for name, net in hosts.items()},
        places,
        credentials,
    )


def _config(
    operator: Policy,
    doors: Sequence[tuple[str, str, str]],
    hosts: Mapping[str, str],
    port: int,
    networks: Sequence[tuple[str, str, str]],
) -> dict[str, Any]:
    return {
        "zone": "trial",
        "log": {"directory": "log", "origin": _ORIGIN, "key": "keys/log.key", "shards": "none"},
        "privacy": {"key": "keys/opening.key"},
        "tag": {"key": "keys/tag.key"},
        "policies": {
            "unsigned": ["regulator", "operator"],
            "regulator": "policies/regulator.yaml",
            "operator": "policies/operator.yaml",
        },
        "routes": [
            {"id": name, "side": side, "country": country, "listen": f"{hosts[name]}.1:{port}"}
            for name, side, country in doors
        ],
        "networks": [
            {"prefix": f"{net}.0/24", "side": side, "country": country} for net, side, country in networks
        ],
        "scan": {"level": operator.document.detectors.level, "digest_key": "keys/scan.key"},
        "limits": {"header_timeout_s": _PAUSE_S, "idle_timeout_s": _PAUSE_S, "answer_timeout_s": _PAUSE_S,
                   "drain_timeout_s": 1.0, "drain_idle_s": 0.1},
    }  # fmt: skip


def _tenant(operator: Policy, tenant: str, market: str, credentials: Mapping[str, str]) -> dict[str, Any]:
    chains = operator.document.authorization.chains
    audience = next((chain.audience for chain in chains if chain.tenant == tenant), "overseas")
    digest = hashlib.sha256(credentials[tenant].encode()).hexdigest()
    return {"id": tenant, "market": market, "audience": audience, "credentials": [f"sha256:{digest}"]}


def _write(folder: Path, config: Mapping[str, Any], policies: Sequence[tuple[Policy, bytes]]) -> None:
    keys = folder / "keys"
    keys.mkdir(mode=0o700)
    make_log_keys(keys / "log.key")
    make_private_key(keys / "tag.key")
    make_opening_key(keys / "opening.key")
    write_new(keys / "scan.key", secrets.token_bytes(32), mode=0o600)
    (folder / "policies").mkdir()
    for policy, data in policies:
        write_new(folder / "policies" / f"{policy.layer}.yaml", data)
    # JSON is YAML.
    write_new(folder / "zone.yaml", json.dumps(config, indent=1).encode())
    create(
        folder / "log",
        log_origin=_ORIGIN,
        signer=load_signer(keys / "log.key", _ORIGIN),
        clock=SystemClock(),
        entropy=SystemEntropy(),
    )


def _common_port(hosts: Sequence[str]) -> int:
    """Find a port that is free at all of these addresses now."""
    with contextlib.ExitStack() as probes:
        port = 0
        for host in hosts:
            port = probes.enter_context(socket.create_server((host, port))).getsockname()[1]
        return port

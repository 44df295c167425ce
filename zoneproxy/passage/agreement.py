"""How much evidence of origin the policies ask for: their part `origins`, in the origin room's words.

    origins:
      agree_at_least: 3
      sources: [{id: door, kind: ingress_route}, {id: geo, kind: geoip, max_age: P30D}, ...]

A policy that does not write the part asks for nothing here; its rules on `origin.agreeing` still do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from zoneproxy.origin.evidence import Source
from zoneproxy.origin.tag import Agreement
from zoneproxy.policy.bundle import Policy
from zoneproxy.policy.model import OriginKind
from zoneproxy.policy.moment import duration_s

SOURCE_OF: Mapping[OriginKind, Source] = {
    "ingress_route": Source.DOOR,
    "network_registry": Source.NETWORK,
    "tenant_registry": Source.CREDENTIAL,
    "mtls_client": Source.CERTIFICATE,
    "geoip": Source.GEOIP,
    "address_registry": Source.REGISTRY,
    "bgp_origin_asn": Source.ROUTING,
}


def agreements(policies: Sequence[Policy]) -> tuple[Agreement, ...]:
    """Return what each policy that writes the part `origins` asks for."""
    return tuple(_agreement(policy) for policy in policies if "origins" in policy.document.model_fields_set)


def _agreement(policy: Policy) -> Agreement:
    origins = policy.document.origins
    return Agreement(
        origins.agree_at_least,
        {SOURCE_OF[one.kind]: one.weight for one in origins.sources},
        {SOURCE_OF[one.kind]: duration_s(one.max_age) * 1000 for one in origins.sources if one.max_age},
    )

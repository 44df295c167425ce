"""The parts of `zone.yaml` that say who proves what in TLS, at the doors and to the model servers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from zoneproxy.config.part import Part, Text
from zoneproxy.origin.certificate import CertificateError, read_identity
from zoneproxy.policy.read import Source
from zoneproxy.route.destination import DestinationError, read_destination, read_host
from zoneproxy.route.server_identity import ServerIdentity
from zoneproxy.terms.networks import read_prefix

_PIN = r"^sha256:[0-9a-f]{64}$"


class DoorTls(Part):
    """TLS that a door ends itself."""

    certificate: Text = Field(description="the door's certificate and its chain, PEM")
    key: Text = Field(description="its private key, PEM, mode 0600")
    names: list[Text] = Field(
        default_factory=list,
        description="names that callers may ask for (SNI); empty: any, which `Host` must repeat",
    )
    client_ca: Text | None = Field(
        None, description="authorities whose client certificates are taken, PEM; none are asked for without"
    )
    require: bool = Field(True, description="a caller without a client certificate is refused")  # noqa: FBT003
    crl: Text | None = Field(
        None,
        description="revocation lists of all these authorities, PEM; read again when it changes",
    )
    min_version: Literal["1.2", "1.3"] = Field("1.3", description="oldest version of TLS that is spoken")


class ServerTls(Part):
    """How a model server, or a destination of workloads, proves itself before anything is sent to it."""

    ca: Text = Field(description="the private authority of its certificate, PEM; no other is trusted")
    spki_pin: Annotated[
        list[Annotated[str, Field(pattern=_PIN)]],
        BeforeValidator(lambda value: [value] if isinstance(value, str) else value),
        Field(min_length=1, max_length=4),
    ] = Field(description="`sha256:` of its public key (SubjectPublicKeyInfo); two while it is rotated")
    name: Text | None = Field(None, description="name or address in its certificate; default: its host")
    client_certificate: Text | None = Field(None, description="what the boundary proves itself with, PEM")
    client_key: Text | None = Field(None, description="the private key of that, PEM, mode 0600")

    def identity(self, host: str) -> ServerIdentity:
        """Return who the server at `host` must prove to be.

        Raises:
            DestinationError: `name` is no name.
        """
        name = read_host(self.name)[0] if self.name is not None else host
        return ServerIdentity(name, frozenset(bytes.fromhex(pin.partition(":")[2]) for pin in self.spki_pin))


def check_proofs(source: Source, config: Any) -> None:
    """What routes, tenants and servers say of proofs makes sense together."""
    for index, route in enumerate(config.routes):
        _check_route(source, index, route)
    for index, tenant in enumerate(config.tenants):
        for at, identity in enumerate(tenant.certificates):
            try:
                read_identity(identity)
            except CertificateError as error:
                source.report(("tenants", index, "certificates", at), "ZC0006", str(error))
    for index, server in enumerate(config.servers):
        _check_server(source, index, server)


def _check_route(source: Source, index: int, route: Any) -> None:
    for at, prefix in enumerate(route.fronts):
        try:
            read_prefix(prefix)
        except ValueError:
            remedy = "write its first address and its length, for example `127.0.40.0/24`"
            path = ("routes", index, "fronts", at)
            source.report(path, "ZC0002", f"`{prefix}` is not a network", remedy=remedy)
    if bool(route.fronts) != (route.proxy_protocol is not None):
        source.report(
            ("routes", index, "fronts" if route.fronts else "proxy_protocol"),
            "ZC0006",
            "fronts and the protocol that they speak belong together",
            remedy="write both `fronts: [...]` and `proxy_protocol: v2`, or neither",
        )
    if route.tls is not None and route.tls.crl is not None and route.tls.client_ca is None:
        source.report(
            ("routes", index, "tls", "crl"),
            "ZC0006",
            "a revocation list needs a `client_ca`",
        )


def _check_server(source: Source, index: int, server: Any) -> None:
    if server.tls is None:
        return
    path = ("servers", index, "tls")
    if (server.tls.client_certificate is None) != (server.tls.client_key is None):
        source.report(path, "ZC0006", "`client_certificate` and `client_key` belong together")
    try:
        server.tls.identity(read_destination(server.address).host)
    except DestinationError as error:
        source.report(path, "ZC0001", str(error))

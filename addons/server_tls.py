"""TLS to model servers: contexts of our own, with nothing of mitmproxy's and nothing of the machine's.

mitmproxy asks for a connection in `tls_start_server` and sends the request only after the handshake. The
context that it gets here trusts the one authority of this server, has no session to resume and speaks TLS
1.2 or newer; the server's key, name and time are looked at inside the handshake, so that the boundary's own
certificate goes to nobody else. The boundary looks at them again before it sends a byte (`zone_dialled`).

Where no context is given the connection fails, and with it the exchange; so it does where the handshake
takes longer than a request's head may (`limits.header_timeout_s`).
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.serialization import Encoding
from mitmproxy import ctx
from OpenSSL import SSL, crypto

from zoneproxy.passage.leg_process import tls_of
from zoneproxy.route.server_identity import identity_flaw
from zoneproxy.terms.networks import read_address

if TYPE_CHECKING:
    from mitmproxy.tls import TlsData

    from addons.boundary import Boundary
    from zoneproxy.adapters.tls.server import ServerTls
    from zoneproxy.assembly import Boundary as Core
    from zoneproxy.passage.exchange import Exchange

# Numbers of OpenSSL's x509_vfy.h that a server's certificate meets.
_VERIFY = {
    9: "it is not valid yet",
    10: "it has expired",
    18: "it signed itself",
    19: "its chain ends at a foreign authority",
    20: "a foreign authority issued it",
    21: "a foreign authority issued it",
    24: "what issued it is no authority",
    26: "it is not for servers",
}
log = logging.getLogger("zoneproxy.server_tls")


class ServerTlsAddon:
    """Gives each connection to a model server the context of that server.

    Args:
        boundary: knows which exchange a connection is opened for.
    """

    name = "server_tls"

    def __init__(self, boundary: Boundary) -> None:
        self._boundary = boundary

    def tls_start_server(self, data: TlsData) -> None:
        """Begin the handshake that this exchange's server must pass."""
        crossing = self._boundary.crossings.current.get(data.context.client.id)
        core = self._boundary.assembled()
        wanted = wanted_of(core, crossing.passage.exchange) if crossing is not None else None
        if crossing is None or wanted is None:
            raise PermissionError("TLS to a server that no exchange is for")
        server, place = wanted
        address = getattr(data.conn, "address", None)
        if address is None or tuple(address[:2]) != place:
            raise PermissionError("TLS to another server than the exchange is for")
        crossing.distrust = ""

        def judge(flaw: str) -> None:
            crossing.distrust = crossing.distrust or flaw

        data.ssl_conn = connect(server, core.clock.now_ms(), judge)

        def too_slow() -> None:
            handler = ctx.master.addons.get("proxyserver").connections.get(data.context.client.id)
            if handler is not None and not data.conn.tls_established and data.conn in handler.transports:
                judge("its handshake came too slowly")
                handler.close_connection(data.conn)

        asyncio.get_running_loop().call_later(core.limits.header_timeout_s, too_slow)

    def tls_failed_server(self, data: TlsData) -> None:
        """Keep why the handshake failed."""
        crossing = self._boundary.crossings.current.get(data.context.client.id)
        if crossing is not None:
            crossing.distrust = crossing.distrust or str(data.conn.error or "the TLS handshake failed")
            log.warning("a model server could not prove itself: %s", crossing.distrust)


def wanted_of(core: Core, exchange: Exchange) -> tuple[ServerTls, tuple[str, int]] | None:
    """Return who must prove himself for an exchange, and where he is dialled; `None` where nobody must."""
    if tls_of(exchange) is None:
        return None
    to, upstream = exchange.destination, exchange.upstream
    if exchange.kind == "outward":
        proof = core.outward.proofs.get((to.host, to.port)) if to is not None else None
        return (proof, (str(exchange.address), to.port)) if proof is not None and to is not None else None
    return (core.servers[upstream.id], (upstream.host, upstream.port)) if upstream is not None else None


def connect(server: ServerTls, now_ms: int, judge: Any) -> SSL.Connection:
    """Make the client's end of a handshake with a model server.

    Args:
        server: who it must be, and by whose word.
        now_ms: milliseconds since 1970 UTC.
        judge: called with what is wrong with the server, in our words.
    """
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_NO_TICKET | SSL.OP_NO_RENEGOTIATION)
    store = context.get_cert_store()
    if store is None:
        raise PermissionError("there is no store of authorities")
    for authority in server.authorities:
        store.add_cert(crypto.X509.from_cryptography(authority))

    def verify(_: SSL.Connection, found: crypto.X509, number: int, depth: int, fine: int) -> bool:
        if not fine:
            judge(f"its certificate is refused: {words_of(number)}")
            return False
        flaw = "" if depth else identity_flaw(server.identity, _der(found), now_ms)
        if flaw:
            judge(flaw)
        return not flaw

    context.set_verify(SSL.VERIFY_PEER, verify)
    if server.certificates and server.key is not None:
        own, *chain = server.certificates
        context.use_certificate(own)
        for link in chain:
            context.add_extra_chain_cert(link)
        context.use_privatekey(server.key)
        context.check_privatekey()
    connection = SSL.Connection(context)
    if read_address(server.identity.name) is None:
        connection.set_tlsext_host_name(server.identity.name.encode("ascii"))
    connection.set_alpn_protos([b"http/1.1"])
    connection.set_connect_state()
    return connection


def _der(found: crypto.X509) -> bytes:
    return crypto.dump_certificate(crypto.FILETYPE_ASN1, found)


def words_of(number: int) -> str:
    """Say what OpenSSL's number of a verification error means."""
    return _VERIFY.get(number, f"error {number} of the verification")


def proof_of(server: Any) -> bytes:
    """Return the certificate with which a server connection was proven (DER), or nothing."""
    if not server.tls or not server.tls_established or not server.certificate_list:
        return b""
    der: bytes = server.certificate_list[0].to_cryptography().public_bytes(Encoding.DER)
    return der

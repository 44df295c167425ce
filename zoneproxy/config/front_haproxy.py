"""HAProxy's whole configuration, from a plan of the front. For HAProxy 2.6 and later.

How two customers never share a connection to the boundary: `http-reuse never` ties each server connection to
the client connection that it was opened for, and ends it with that. (A PROXY header says who calls once, at
the connection's beginning, so sharing one would also give the second caller the first one's address.)

HAProxy tells the boundary, in the PROXY header, the caller's address and port, that TLS was spoken, the name
that was asked for, and the common name of the verified client certificate; a checksum goes with it.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from zoneproxy.config.front_plan import (
    STRIPPED,
    UNTOLD,
    FrontPlan,
    PlannedDoor,
    heading,
    insist_on_fronts,
    refusal,
    shown,
)
from zoneproxy.terms.errors import ConfigError

# Codes that HAProxy lets one word anew.
_OWN = (400, 403, 408, 413, 421, 429, 500, 502, 503, 504)
_REWRITE_BYTES = 1024
_MOST_FIELDS = 128


def haproxy(plan: FrontPlan) -> str:
    """Return the file's text.

    Raises:
        ConfigError: a door hears no front, or a key lies where HAProxy does not look.
    """
    insist_on_fronts(plan, "HAProxy")
    parts = [heading(plan, "HAProxy", "`haproxy -c -f FILE`, reload"), _global(plan), _defaults(plan)]
    parts += [_passing(plan, door) if door.passes else _ending(plan, door) for door in plan.doors]
    return "\n".join(parts)


def _global(plan: FrontPlan) -> str:
    return f"""\
global
    log stderr format timed local0
    user haproxy
    group haproxy
    chroot /var/lib/haproxy
    maxconn {plan.connections}
    # After a reload the old process lets its streams end, and no longer than this.
    hard-stop-after {plan.longest_s}s
    # The largest head is a buffer without what HAProxy keeps free for itself: as the boundary's.
    tune.bufsize {plan.head_bytes + _REWRITE_BYTES}
    tune.maxrewrite {_REWRITE_BYTES}
    tune.http.maxhdr {_MOST_FIELDS}
    tune.h2.max-concurrent-streams {plan.streams}
    # No session is opened over HTTP/2 (RFC 8441), and clients are told so.
    h2-workaround-bogus-websocket-clients
    # No session is resumed: each connection proves its certificate.
    tune.ssl.cachesize 0
    ssl-default-bind-options no-tls-tickets
    ssl-default-bind-ciphers ECDHE+AESGCM:ECDHE+CHACHA20
    ssl-default-bind-ciphersuites TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256
"""


def _defaults(plan: FrontPlan) -> str:
    errors = "\n".join(
        f"    http-error status {code} content-type application/json string '{refusal(code)}' "
        "hdr cache-control no-store"
        for code in _OWN
    )
    return f"""\
defaults bytes
    mode tcp
    log global
    option dontlognull
    timeout connect {plan.connect_s}s
    timeout client {plan.answer_s}s
    timeout client-fin {plan.head_s}s
    # Longer than the boundary's own deadlines: its refusal comes first.
    timeout server {plan.answer_s}s
    timeout queue {plan.connect_s}s
    # A connection that was refused is tried again, as nothing was sent yet; a request never is.
    retries 2
    retry-on conn-failure

defaults requests from bytes
    mode http
    timeout client {plan.body_s}s
    timeout http-request {plan.head_s}s
    timeout http-keep-alive {plan.idle_s}s
    option http-keep-alive
    # Each server connection belongs to one client connection and ends with it.
    http-reuse never
    # Answers go out as they come: nothing is held, compressed or cached.
    option http-no-delay
{errors}
"""


def _binds(door: PlannedDoor, more: str = "") -> str:
    return "\n".join(f"    bind {shown(host, port)}{more}" for host, port in door.listen)


def _ending(plan: FrontPlan, door: PlannedDoor) -> str:
    entry = door.entry
    tls = f" ssl crt {_certificate(door)} strict-sni alpn h2,http/1.1 ssl-min-ver TLSv{entry.min_version}"
    if entry.client_ca is not None:
        tls += f" ca-file {entry.client_ca} verify required"
        tls += f" crl-file {entry.crl}" if entry.crl is not None else ""
    names = " ".join(entry.names)
    stripped = "\n".join(f"    http-request del-header {name}" for name in STRIPPED)
    untold = "\n".join(f"    http-response del-header {name}" for name in UNTOLD)
    return f"""\
frontend {door.route} from requests
{_binds(door, tls)}
    maxconn {plan.connections}
    # Who, when, how it ended; no path, no header, no content.
    log-format "%ci:%cp [%tr] %ft status=%ST in=%U out=%B ms=%Ta end=%tsc"
    # One address, or one /64 of IPv6: connections at once and in ten seconds, requests in ten seconds.
    stick-table type ipv6 size 200k expire 60s store conn_cur,conn_rate(10s),http_req_rate(10s)
    tcp-request connection track-sc0 src,ipmask(32,64)
    tcp-request connection reject if {{ sc0_conn_cur gt {plan.connections_per_peer} }}
    tcp-request connection reject if {{ sc0_conn_rate gt {10 * plan.connections_per_second} }}
    http-request deny status 429 default-errorfiles if {{ sc0_http_req_rate gt {_in_ten_seconds(plan)} }}
    # One name in the handshake, in the request, and registered here.
    http-request deny status 421 default-errorfiles unless {{ ssl_fc_sni -i {names} }}
    http-request deny status 421 default-errorfiles unless {{ req.hdr(host),field(1,:) -i {names} }}
    http-request deny status 413 default-errorfiles if {{ req.hdr_val(content-length) gt {plan.body_bytes} }}
{_upgrades(door)}\
{stripped}
{untold}
    default_backend {door.route}

backend {door.route} from requests
{_tunnel(door)}\
    server boundary {_server(plan, door, "ssl,cert-cn,authority,")}
"""


def _upgrades(door: PlannedDoor) -> str:
    """Refuse every upgrade, but for the one that opens a session."""
    asks = """\
    acl upgrading req.hdr(upgrade) -m found
    acl upgrading req.hdr(connection) -i upgrade
"""
    if door.sessions is None:
        return f"""\
    # Nothing becomes a tunnel.
{asks}\
    http-request deny status 403 default-errorfiles if upgrading
"""
    needed = (
        f"{{ path {' '.join(door.sessions.paths)} }}",
        "{ method GET }",
        "{ req.ver 1.1 }",
        "{ req.hdr(connection) -i upgrade }",
        "{ req.hdr_cnt(upgrade) eq 1 }",
        "{ req.hdr(upgrade) -i websocket }",
    )
    denials = "".join(
        f"    http-request deny status 403 default-errorfiles if upgrading !{one}\n" for one in needed
    )
    return f"""\
    # Of upgrades the one passes that opens a session: this path, this protocol, HTTP/1.1.
{asks}{denials}"""


def _tunnel(door: PlannedDoor) -> str:
    if door.sessions is None:
        return ""
    return f"""\
    # Once it is open: longer than the boundary's own bound of silence.
    timeout tunnel {door.sessions.silent_s}s
"""


def _passing(plan: FrontPlan, door: PlannedDoor) -> str:
    return f"""\
# The door ends TLS itself: bytes are passed on untouched, one server connection for each client's.
frontend {door.route} from bytes
{_binds(door)}
{_silence(plan, door, "client")}\
    maxconn {plan.connections}
    log-format "%ci:%cp [%t] %ft in=%U out=%B ms=%Tt end=%ts"
    stick-table type ipv6 size 200k expire 60s store conn_cur,conn_rate(10s)
    tcp-request connection track-sc0 src,ipmask(32,64)
    tcp-request connection reject if {{ sc0_conn_cur gt {plan.connections_per_peer} }}
    tcp-request connection reject if {{ sc0_conn_rate gt {10 * plan.connections_per_second} }}
    # Whoever says nothing, or something else than TLS, goes.
    tcp-request inspect-delay {plan.head_s}s
    tcp-request content accept if {{ req.ssl_hello_type 1 }}
    tcp-request content reject
    default_backend {door.route}

backend {door.route} from bytes
{_silence(plan, door, "server")}\
    server boundary {_server(plan, door, "")}
"""


def _silence(plan: FrontPlan, door: PlannedDoor, side: str) -> str:
    """Let sessions be silent for longer than an answer may, where that is so."""
    longer = plan.silent_s(door)
    return "" if longer == plan.answer_s else f"    timeout {side} {longer}s\n"


def _server(plan: FrontPlan, door: PlannedDoor, told: str) -> str:
    place = shown(door.host, door.port)
    return f"{place} maxconn {plan.connections} send-proxy-v2 proxy-v2-options {told}crc32c"


def _in_ten_seconds(plan: FrontPlan) -> int:
    return 10 * plan.requests_per_second + plan.request_burst


def _certificate(door: PlannedDoor) -> str:
    """HAProxy finds a key beside its certificate, by its name.

    Raises:
        ConfigError: the key is called otherwise.
    """
    certificate, key = door.entry.certificate or "", door.entry.key or ""
    if key not in (certificate, f"{certificate}.key"):
        raise ConfigError(
            f"HAProxy looks for the key of `{certificate}` in `{certificate}.key`, not in `{key}`",
            hint=f"call it `{PurePosixPath(certificate).name}.key`, or put both into one file",
        )
    return certificate

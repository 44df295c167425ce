"""nginx's whole configuration, from a plan of the front. For nginx 1.22 and later.

nginx can't speak PROXY protocol v2 to an HTTP server in any version (its `stream` module can, from 1.31.4,
and has no HTTP/2). So the boundary is told who calls by the kernel instead: nginx opens its connection to the
door *from the caller's own address* (`proxy_bind $remote_addr transparent`, Linux TPROXY). The door has no
`fronts` then; answers must be routed back through nginx's machine, which docs/deployment.md shows.

How two customers never share a connection to the boundary: nginx keeps none, each request has its own, opened
from its caller's address and closed after its answer. (nginx's `keepalive` pool must not be added: it looks
at the server's address only, so it would hand one caller's connection, and address, to another.)

What nginx can't do: pass on a client certificate's name, so tenants with registered certificates need a door
that ends TLS itself; and leave out `Server: nginx`, of which only the version goes.
"""

from __future__ import annotations

import re

from zoneproxy.config.front_plan import ERRORS, STRIPPED, FrontPlan, PlannedDoor, heading, refusal, shown
from zoneproxy.terms.errors import ConfigError

_KEPT_BYTES = 8192
_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"


def nginx(plan: FrontPlan) -> str:
    """Return the file's text.

    Raises:
        ConfigError: a door hears a PROXY header, which nginx can't write.
    """
    for door in plan.doors:
        if door.proxied:
            raise ConfigError(
                f"the door of `{door.route}` waits for PROXY protocol v2, which nginx can't speak to it",
                hint="leave `fronts` and `proxy_protocol` out of its route: nginx then calls it from the "
                "caller's own address (docs/deployment.md); or take haproxy or envoy",
            )
    ending = [door for door in plan.doors if not door.passes]
    passing = [door for door in plan.doors if door.passes]
    return "\n".join(
        [
            heading(plan, "nginx", "`nginx -t -c FILE`, reload"),
            _main(plan, streams=bool(passing)),
            *([_http(plan, ending)] if ending else []),
            *([_stream(plan, passing)] if passing else []),
        ]
    )


def _main(plan: FrontPlan, *, streams: bool) -> str:
    load = "load_module /usr/lib/nginx/modules/ngx_stream_module.so;\n" if streams else ""
    return f"""\
{load}user www-data;
worker_processes auto;
# Two sockets for each request, and some for itself.
worker_rlimit_nofile {2 * plan.connections + 1024};
# After a reload the old workers let their streams end, and no longer than this.
worker_shutdown_timeout {plan.longest_s}s;
error_log stderr warn;

events {{
    worker_connections {2 * plan.connections};
}}
"""


def _http(plan: FrontPlan, doors: list[PlannedDoor]) -> str:
    stripped = "\n".join(f'    proxy_set_header {name} "";' for name in STRIPPED)
    pages = "\n".join(f"    error_page {code} @refused-{code};" for code in ERRORS)
    # nginx's own codes: a head too large, plain HTTP on the TLS port, no or a false certificate.
    pages += "\n    error_page 494 @refused-431;\n    error_page 497 @refused-400;"
    pages += "\n    error_page 495 496 @closed;"
    servers = "\n".join(_server(door) for door in doors)
    opens = any(door.sessions for door in doors)
    if opens:
        sent = (
            "    proxy_set_header Connection $connection_sent;\n    proxy_set_header Upgrade $upgrade_sent;"
        )
    else:
        sent = "    proxy_set_header Connection close;"
    return f"""\
http {{
    # Who, when, how it ended; no path, no header, no content.
    log_format zone '$remote_addr:$remote_port [$time_iso8601] $server_addr:$server_port status=$status '
                    'in=$request_length out=$bytes_sent s=$request_time';
    access_log /var/log/nginx/access.log zone;
    server_tokens off;
    default_type application/octet-stream;
    gzip off;
    tcp_nodelay on;
    reset_timedout_connection on;
    merge_slashes off;

    # One address: connections at once, and requests. nginx counts no new connections.
    limit_conn_zone $binary_remote_addr zone=callers:10m;
    limit_req_zone $binary_remote_addr zone=requests:10m rate={plan.requests_per_second}r/s;
    limit_conn callers {plan.connections_per_peer};
    limit_req zone=requests burst={plan.request_burst} nodelay;
    limit_conn_status 429;
    limit_req_status 429;

    # The largest head and body, as the boundary's.
    client_header_buffer_size {min(_KEPT_BYTES, plan.head_bytes)};
    large_client_header_buffers {max(1, plan.head_bytes // _KEPT_BYTES)} {_KEPT_BYTES};
    client_max_body_size {plan.body_bytes};
    client_header_timeout {plan.head_s}s;
    client_body_timeout {plan.body_s}s;
    send_timeout {plan.body_s}s;
    keepalive_timeout {plan.idle_s}s;
    keepalive_requests 10000;
    http2_max_concurrent_streams {plan.streams};

{_upgrades(doors)}
    # Neither requests nor answers are kept: they go on as they come, and nothing touches a disk.
    proxy_request_buffering off;
    proxy_buffering off;
    proxy_max_temp_file_size 0;
    proxy_cache off;
    proxy_http_version 1.1;
    # From the caller's own address, in a connection of its own, closed after the answer.
    proxy_bind $remote_addr transparent;
{sent}
    proxy_set_header Host $host;
{stripped}
    # No request is ever sent twice.
    proxy_next_upstream off;
    proxy_connect_timeout {plan.connect_s}s;
    proxy_send_timeout {plan.body_s}s;
    # Longer than the boundary's own deadlines: its refusal comes first, and is passed on as it is.
    proxy_read_timeout {plan.answer_s}s;
    proxy_intercept_errors off;
    proxy_hide_header Via;
    proxy_hide_header X-Powered-By;
{pages}

    # No session is resumed: each connection proves its certificate.
    ssl_session_cache off;
    ssl_session_tickets off;
    ssl_ciphers {_CIPHERS};

{servers}}}
"""


def _upgrades(doors: list[PlannedDoor]) -> str:
    """Name what a request asks for: no upgrade (`none`), a session, or any `other`.

    Each part of a request is looked at by itself, so that no part can pass for another one.
    """
    told = """\
    # What asks for another protocol, and whether that is a session: this path, HTTP/1.1, WebSocket.
    map $http_connection $upgrade_meant {
        default 0;
        "~*(?:^|,)[ \\t]*upgrade[ \\t]*(?:,|$)" 1;
    }
    map $http_upgrade $upgrade_to {
        default other;
        "" none;
        "~*^websocket$" websocket;
    }
"""
    paths = next((door.sessions.paths for door in doors if door.sessions), ())
    if not paths:
        return f"""\
{told}\
    map "$upgrade_meant $upgrade_to" $upgrade_asked {{
        default other;
        "0 none" none;
    }}
"""
    known = "|".join(re.escape(path) for path in paths)
    return f"""\
{told}\
    map $request_uri $upgrade_path {{
        default 0;
        "~^(?:{known})(?:\\?|$)" 1;
    }}
    map "$upgrade_meant $upgrade_to $upgrade_path $request_method $server_protocol" $upgrade_asked {{
        default other;
        "~^0 none " none;
        "~^1 websocket 1 GET HTTP/1\\.1$" session;
    }}
    map $upgrade_asked $upgrade_sent {{
        default "";
        session websocket;
    }}
    map $upgrade_asked $connection_sent {{
        default close;
        session upgrade;
    }}
"""


def _locations(door: PlannedDoor) -> str:
    """Say where requests go; a session may be silent for longer."""
    longer = "".join(
        f"""\
        location = {path} {{
            # Longer than the boundary's own bound of silence.
            proxy_read_timeout {door.sessions.silent_s}s;
            proxy_pass http://{shown(door.host, door.port)};
        }}
"""
        for path in (door.sessions.paths if door.sessions else ())
        if door.sessions is not None
    )
    return f"""\
{longer}\
        location / {{
            proxy_pass http://{shown(door.host, door.port)};
        }}
"""


def _server(door: PlannedDoor) -> str:
    entry = door.entry
    listen = [f"        listen {shown(host, port)} ssl http2" for host, port in door.listen]
    versions = "TLSv1.3" if entry.min_version == "1.3" else "TLSv1.2 TLSv1.3"
    proofs = [f"ssl_certificate {entry.certificate};", f"ssl_certificate_key {entry.key};"]
    if entry.client_ca is not None:
        proofs += [
            "ssl_verify_client on;",
            "ssl_verify_depth 4;",
            f"ssl_client_certificate {entry.client_ca};",
        ]
        proofs += [f"ssl_crl {entry.crl};"] if entry.crl is not None else []
    told = "\n".join(
        f"""\
        location @refused-{code} {{
            default_type application/json;
            add_header cache-control no-store always;
            return {code} '{refusal(code)}';
        }}"""
        for code in ERRORS
    )
    return f"""\
    # {door.route}: names that are not registered get no handshake.
    server {{
{"\n".join(f"{line} default_server;" for line in listen)}
        ssl_reject_handshake on;
        ssl_protocols {versions};
    }}
    server {{
{"\n".join(f"{line};" for line in listen)}
        server_name {" ".join(entry.names)};
        ssl_protocols {versions};
{"\n".join(f"        {line}" for line in proofs)}
        # {"No upgrade but a session's." if door.sessions else "Nothing becomes a tunnel."}
        if ($upgrade_asked {"= other" if door.sessions else "!= none"}) {{
            return 403;
        }}
        # One name in the handshake and in the request.
        if ($ssl_server_name != $host) {{
            return 421;
        }}
{_locations(door)}\
        location @closed {{
            return 444;
        }}
{told}
    }}
"""


def _stream(plan: FrontPlan, doors: list[PlannedDoor]) -> str:
    servers = "".join(
        f"""\
    # {door.route}: the door ends TLS itself; bytes are passed on untouched.
    server {{
{"\n".join(f"        listen {shown(host, port)};" for host, port in door.listen)}
        proxy_pass {shown(door.host, door.port)};
{_silence(plan, door)}\
    }}
"""
        for door in doors
    )
    return f"""\
stream {{
    limit_conn_zone $binary_remote_addr zone=lines:10m;
    limit_conn lines {plan.connections_per_peer};
    # One connection to the door for each caller's, from the caller's own address.
    proxy_bind $remote_addr transparent;
    proxy_connect_timeout {plan.connect_s}s;
    # A caller is silent while the model thinks: the boundary knows how long that may last.
    proxy_timeout {plan.answer_s}s;
    proxy_next_upstream off;
    tcp_nodelay on;

{servers}}}
"""


def _silence(plan: FrontPlan, door: PlannedDoor) -> str:
    longer = plan.silent_s(door)
    return "" if longer == plan.answer_s else f"        proxy_timeout {longer}s;\n"

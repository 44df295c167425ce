"""Envoy's whole configuration (v3 API, YAML), from a plan of the front. For Envoy 1.36 and later.

How two customers never share a connection to the boundary: `connection_pool_per_downstream_connection` gives
each client connection a pool of its own, which ends with it.

Envoy tells the boundary, in the PROXY header, the caller's address and port, that TLS was spoken, and,
where the door has one name only, that name: it writes fixed values there. It can't pass a client
certificate's name on, so tenants with registered certificates need a door that ends TLS itself.

Envoy reads a whole request before it goes on (at most `limits.max_body_bytes`, in memory); answers go out as
they come. It counts requests by address, connections only in all.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable

from zoneproxy.config.front_plan import (
    STRIPPED,
    UNTOLD,
    FrontPlan,
    PlannedDoor,
    heading,
    insist_on_fronts,
)

_TYPE = "type.googleapis.com/envoy.extensions."
# PP2_TYPE_SSL of the PROXY protocol: the client spoke TLS; nothing is said of its certificate.
_SPOKE_TLS = base64.b64encode(b"\x01\x00\x00\x00\x00").decode()
_KIBIBYTE = 1024
_MOST_HEAD_KIBIBYTES = 8192
_WINDOW = 262_144


def envoy(plan: FrontPlan) -> str:
    """Return the file's text.

    Raises:
        ConfigError: a door hears no front.
    """
    insist_on_fronts(plan, "Envoy")
    listeners = "".join(_listener(plan, door) for door in plan.doors)
    clusters = "".join(_cluster(plan, door) for door in plan.doors)
    return f"""\
{heading(plan, "Envoy", "`envoy --mode validate -c FILE`, restart")}
# No `admin`: nothing here listens but the doors.
overload_manager:
  resource_monitors:
  - name: envoy.resource_monitors.global_downstream_max_connections
    typed_config:
      "@type": {_TYPE}resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig
      max_active_downstream_connections: {plan.connections}
static_resources:
  listeners:
{listeners}  clusters:
{clusters}"""


def _listener(plan: FrontPlan, door: PlannedDoor) -> str:
    (host, port), *others = door.listen
    more = "".join(f"\n    - {_address(*other)}" for other in others)
    inspector = f"""\
    listener_filters:
    - name: envoy.filters.listener.tls_inspector
      typed_config:
        "@type": {_TYPE}filters.listener.tls_inspector.v3.TlsInspector
    # Whoever says nothing goes.
    listener_filters_timeout: {plan.head_s}s
"""
    chain = _passing(plan, door) if door.passes else _ending(plan, door)
    return f"""\
  - name: {door.route}
    {_address(host, port)}
{"    additional_addresses:" + more + chr(10) if more else ""}\
    per_connection_buffer_limit_bytes: {_WINDOW}
{inspector}\
    filter_chains:
{chain}"""


def _passing(plan: FrontPlan, door: PlannedDoor) -> str:
    return f"""\
    # The door ends TLS itself: bytes are passed on untouched; what is no TLS finds no chain.
    - filter_chain_match: {{transport_protocol: tls}}
      filters:
      - name: envoy.filters.network.tcp_proxy
        typed_config:
          "@type": {_TYPE}filters.network.tcp_proxy.v3.TcpProxy
          stat_prefix: {door.route}
          cluster: {door.route}
          max_connect_attempts: 1
          # A caller is silent while the model thinks: the boundary knows how long that may last.
          idle_timeout: {plan.silent_s(door)}s
"""


def _ending(plan: FrontPlan, door: PlannedDoor) -> str:
    entry = door.entry
    validation = ""
    if entry.client_ca is not None:
        crl = f"\n              crl: {{filename: {entry.crl}}}" if entry.crl is not None else ""
        validation = f"""\
            validation_context:
              trusted_ca: {{filename: {entry.client_ca}}}{crl}
"""
    require = "true" if entry.client_ca is not None else "false"
    least = entry.min_version.replace(".", "_")
    names = _listed(entry.names)
    return f"""\
    # Names that are not registered find no chain, and get no handshake.
    - filter_chain_match: {{transport_protocol: tls, server_names: {names}}}
      transport_socket_connect_timeout: {plan.head_s}s
      transport_socket:
        name: envoy.transport_sockets.tls
        typed_config:
          "@type": {_TYPE}transport_sockets.tls.v3.DownstreamTlsContext
          require_client_certificate: {require}
          # No session is resumed: each connection proves its certificate.
          disable_stateless_session_resumption: true
          disable_stateful_session_resumption: true
          common_tls_context:
            tls_params: {{tls_minimum_protocol_version: TLSv{least}, tls_maximum_protocol_version: TLSv1_3}}
            alpn_protocols: [h2, http/1.1]
            tls_certificates:
            - certificate_chain: {{filename: {entry.certificate}}}
              private_key: {{filename: {entry.key}}}
{validation}\
      filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": {_TYPE}filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: {door.route}
{_manager(plan, door)}"""


def _manager(plan: FrontPlan, door: PlannedDoor) -> str:
    name = door.entry.names
    domains = _listed([*name, *(f"{one}:*" for one in name)])
    head = max(1, min(_MOST_HEAD_KIBIBYTES, plan.head_bytes // _KIBIBYTE))
    return f"""\
          codec_type: AUTO
          use_remote_address: true
          skip_xff_append: true
          generate_request_id: false
          server_header_transformation: PASS_THROUGH
          # What is judged is what was sent: no path is mended.
          normalize_path: false
          merge_slashes: false
          path_with_escaped_slashes_action: KEEP_UNCHANGED
          max_request_headers_kb: {head}
          request_headers_timeout: {plan.head_s}s
          request_timeout: {plan.head_s + plan.body_s}s
          # Longer than the boundary's own deadlines: its refusal comes first.
          stream_idle_timeout: {plan.answer_s}s
          drain_timeout: {plan.idle_s}s
          common_http_protocol_options:
            idle_timeout: {plan.idle_s}s
            max_headers_count: 128
            headers_with_underscores_action: ALLOW
          http_protocol_options: {{accept_http_10: false}}
          http2_protocol_options:
            max_concurrent_streams: {plan.streams}
            initial_stream_window_size: {_WINDOW}
            initial_connection_window_size: {4 * _WINDOW}
          # No `upgrade_configs` here: nothing becomes a tunnel{_BUT if door.sessions else ""}.
          local_reply_config:
            mappers:
            - filter:
                status_code_filter:
                  comparison: {{op: GE, value: {{default_value: 400, runtime_key: none}}}}
              headers_to_add:
              - {{header: {{key: cache-control, value: no-store}}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}}
            body_format:
              json_format:
                error:
                  message: the front refused this request
                  type: api_error
                  code: front-%RESPONSE_CODE%
                  param: null
          http_filters:
          - name: envoy.filters.http.local_ratelimit
            typed_config:
              "@type": {_TYPE}filters.http.local_ratelimit.v3.LocalRateLimit
              stat_prefix: {door.route}
              # Of all callers together: what the zone's connections could send at the rate of one address.
              token_bucket: {_bucket(plan, plan.connections)}
              filter_enabled: {_ALWAYS}
              filter_enforced: {_ALWAYS}
              descriptors:
              # A bucket for each address.
              - entries: [{{key: remote_address}}]
                token_bucket: {_bucket(plan, 1)}
              rate_limits:
              - actions: [{{remote_address: {{}}}}]
          - name: envoy.filters.http.buffer
            typed_config:
              "@type": {_TYPE}filters.http.buffer.v3.Buffer
              max_request_bytes: {plan.body_bytes}
          - name: envoy.filters.http.router
            typed_config:
              "@type": {_TYPE}filters.http.router.v3.Router
              suppress_envoy_headers: true
          route_config:
            request_headers_to_remove: {_listed([*STRIPPED, "x-envoy-external-address"])}
            response_headers_to_remove: {_listed(UNTOLD)}
            virtual_hosts:
            - name: {door.route}
              domains: {domains}
              routes:
{_sessions(door)}\
              # No retry policy: no request is ever sent twice.
              - match: {{prefix: /}}
                route:
                  cluster: {door.route}
                  timeout: 0s
                  max_stream_duration: {{max_stream_duration: {plan.exchange_s}s}}
"""


def _sessions(door: PlannedDoor) -> str:
    """Let one upgrade pass; over HTTP/2 none can be asked for, as extended CONNECT is not announced."""
    if door.sessions is None:
        return ""
    return "".join(
        f"""\
              # What opens a session: this path, this protocol. Its request has no end to wait for.
              - match:
                  path: {path}
                  headers:
                  - {{name: ":method", string_match: {{exact: GET}}}}
                  - {{name: upgrade, string_match: {{exact: websocket, ignore_case: true}}}}
                route:
                  cluster: {door.route}
                  timeout: 0s
                  idle_timeout: {door.sessions.silent_s}s
                  max_stream_duration: {{max_stream_duration: {door.sessions.whole_s}s}}
                  upgrade_configs: [{{upgrade_type: websocket}}]
                typed_per_filter_config:
                  envoy.filters.http.buffer:
                    "@type": {_TYPE}filters.http.buffer.v3.BufferPerRoute
                    disabled: true
"""
        for path in door.sessions.paths
    )


_BUT = " but what comes by the route of sessions"
_ALWAYS = "{runtime_key: none, default_value: {numerator: 100, denominator: HUNDRED}}"


def _bucket(plan: FrontPlan, times: int) -> str:
    tokens, fill = plan.request_burst * times, plan.requests_per_second * times
    return f"{{max_tokens: {tokens}, tokens_per_fill: {fill}, fill_interval: 1s}}"


def _cluster(plan: FrontPlan, door: PlannedDoor) -> str:
    names = door.entry.names
    # Envoy writes fixed values only. Where one name is served, whoever came this far asked for it.
    told = ", and this name was asked for" if len(names) == 1 else ""
    name = f"\n          - {{type: 2, value: {_encoded(names[0])}}}" if len(names) == 1 else ""
    ended = (
        ""
        if door.passes
        else f"""
          added_tlvs:
          # TLS was spoken with the front{told}.
          - {{type: 32, value: {_SPOKE_TLS}}}{name}"""
    )
    http = (
        ""
        if door.passes
        else f"""\
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": {_TYPE}upstreams.http.v3.HttpProtocolOptions
        common_http_protocol_options: {{idle_timeout: {plan.idle_s}s}}
        explicit_http_config: {{http_protocol_options: {{}}}}
"""
    )
    pool = (
        ""
        if door.passes
        else """\
    # Each client connection has a pool of its own, which ends with it.
    connection_pool_per_downstream_connection: true
"""
    )
    return f"""\
  - name: {door.route}
    type: STATIC
    connect_timeout: {plan.connect_s}s
{pool}\
    circuit_breakers:
      thresholds:
      - {{max_connections: {plan.connections}, max_requests: {plan.connections}, max_retries: 0}}
{http}\
    transport_socket:
      name: envoy.transport_sockets.upstream_proxy_protocol
      typed_config:
        "@type": {_TYPE}transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport
        config:
          version: V2{ended}
        transport_socket:
          name: envoy.transport_sockets.raw_buffer
          typed_config:
            "@type": {_TYPE}transport_sockets.raw_buffer.v3.RawBuffer
    load_assignment:
      cluster_name: {door.route}
      endpoints:
      - lb_endpoints:
        - endpoint: {{{_address(door.host, door.port)}}}
"""


def _encoded(name: str) -> str:
    return base64.b64encode(name.encode()).decode()


def _address(host: str, port: int) -> str:
    return f"address: {{socket_address: {{address: {json.dumps(host)}, port_value: {port}}}}}"


def _listed(words: Iterable[str]) -> str:
    return json.dumps(list(words))

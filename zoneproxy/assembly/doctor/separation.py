"""The self-test of separation: each forbidden path of a running zone is tried, and must be refused.

A path is closed if the door answers with a refusal that names its record (`zone-trace`), or closes without a
byte. Any other answer is a fault: something passed, or was refused without a record. What is sent holds no
data; each try is one refused request of the zone's log.

Where zone.yaml opens sessions, their handshake is tried without a credential, and must be refused for that;
where it opens none, the same handshake must be refused as the upgrade that it is.
"""

from __future__ import annotations

import base64
import contextlib
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass

from zoneproxy.assembly.doctor.findings import Finding, advice, fault, ok, unchecked
from zoneproxy.assembly.logs import Opening
from zoneproxy.config import Config, Route
from zoneproxy.content.served import SOCKETS
from zoneproxy.route.destination import read_destination

TIMEOUT_S = 5.0
_MOST_BYTES = 65_536
_SHUT, _NOBODY = "lane-upgrade", "origin-tenant-unknown"
_BODY = b'{"model": "doctor", "messages": []}'


@dataclass(frozen=True, slots=True)
class Try:
    """One forbidden path.

    Attributes:
        what: what is tried, for people.
        data: what is sent.
        silent: the door must close it without a word, since nothing of it is HTTP.
        code: the reason code that it must be refused by, or empty where any will do.
        wide: a refusal by another code shows that more is open than zone.yaml says; else that less is.
    """

    what: str
    data: bytes
    silent: bool = False
    code: str = ""
    wide: bool = False


def try_separation(opening: Opening, *, running: bool) -> Iterator[Finding]:
    """Try every forbidden path at every door."""
    if not running:
        yield unchecked(
            "separation", "the zone does not run, so its doors can't be tried", "start it, ask again"
        )
        return
    for route in opening.config.routes:
        at = read_destination(route.listen)
        for one in tries_at(route, opening.config):
            yield judge_answer(route.id, one, knock(at.host, at.port, one.data))


def tries_at(route: Route, config: Config) -> Iterator[Try]:
    """Name the forbidden paths of a door."""
    if route.tls is not None:
        yield Try("plain HTTP where TLS is due", request("POST", "/v1/chat/completions"), silent=True)
        return
    if route.fronts:
        yield Try("a caller that is no front", request("POST", "/v1/chat/completions"), silent=True)
        return
    host, port = "tools.invalid", 80
    yield Try("a tunnel (CONNECT)", connect(f"{host}:{port}"))
    yield Try("SOCKS", b"\x05\x01\x00" + b"\r\n\r\n")
    yield Try("an unknown protocol", b"\x16\x03\x01\x00\x05hello\r\n\r\n")
    if route.side == "zone":
        for name in _domestic(config):
            yield Try(f"a call to the domestic side ({name})", request("POST", f"http://{name}/"))
        yield Try("a call that works for no exchange", request("POST", f"http://{_registered(config)}/"))
        yield Try("a tunnel that works for no exchange", connect(_registered(config)))
        yield Try("a call to a host that nobody registered", request("POST", f"http://{host}/"))
        return
    if route.side == "domestic":
        yield Try("a domestic caller", request("POST", "/v1/chat/completions", authorization="Bearer doctor"))
        return
    yield Try("a request without a credential", request("POST", "/v1/chat/completions"))
    yield Try("a forged origin tag", request("POST", "/v1/chat/completions", zone_origin="overseas"))
    yield Try("a target in absolute form", request("POST", "http://tools.invalid/v1/chat/completions"))
    yield from _upgrades(config)
    yield Try("two lengths", request("POST", "/v1/chat/completions", transfer_encoding="chunked"))


def _upgrades(config: Config) -> Iterator[Try]:
    for path in SOCKETS:
        if config.realtime is None:
            yield Try(f"a session ({path}) where none is open", handshake(path), code=_SHUT, wide=True)
        else:
            yield Try(f"a session ({path}) without a credential", handshake(path), code=_NOBODY)
        yield Try(f"an upgrade to another protocol ({path})", handshake(path, "h2c"))
    yield Try("an upgrade at another path", handshake("/v1/chat/completions"), code=_SHUT, wide=True)


def handshake(path: str, protocol: str = "websocket") -> bytes:
    """Write the request that opens a session, but for the credential (RFC 6455, section 4.1)."""
    lines = [
        f"GET {path}?model=doctor HTTP/1.1",
        "host: zone",
        "connection: Upgrade, close",
        f"upgrade: {protocol}",
        "sec-websocket-version: 13",
        f"sec-websocket-key: {base64.b64encode(bytes(16)).decode()}",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def request(method: str, target: str, **headers: str) -> bytes:
    """Write a small request."""
    lines = [f"{method} {target} HTTP/1.1", "host: zone", "content-type: application/json"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += [] if "connection" in headers else ["connection: close"]
    lines += [f"content-length: {len(_BODY)}", "", ""]
    return "\r\n".join(lines).encode() + _BODY


def connect(place: str) -> bytes:
    """Write a request for a tunnel to a host, or to a host and port."""
    target = place if place.rpartition(":")[2].isdigit() else f"{place}:443"
    return f"CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n\r\n".encode()


def knock(host: str, port: int, data: bytes) -> bytes | None:
    """Send bytes to a door and return all that comes until it closes; `None` where it can't be reached."""
    got = b""
    try:
        with socket.create_connection((host, port), TIMEOUT_S) as peer:
            peer.settimeout(TIMEOUT_S)
            with contextlib.suppress(ConnectionError, TimeoutError):
                peer.sendall(data)
                while len(got) < _MOST_BYTES and (more := peer.recv(_MOST_BYTES)):
                    got += more
    except OSError:
        return None
    return got


def judge_answer(route: str, one: Try, answer: bytes | None) -> Finding:
    """Tell whether a path is closed, by what came back."""
    where = f"{one.what}, at the route `{route}`"
    if answer is None:
        return unchecked(
            "separation", f"the door could not be reached: {where}", "look why it does not listen"
        )
    if not answer:
        return ok("separation", f"closed without a word: {where}")
    head = answer.partition(b"\r\n\r\n")[0].lower()
    status = head.split(b" ", 2)[1:2]
    refused = head.startswith(b"http/1.1 ") and status and status[0][:1] in (b"4", b"5")
    if refused and b"\r\nzone-trace: " in head and not one.silent:
        if one.code and (code := _code_of(answer)) != one.code:
            return _otherwise(where, one, code)
        record = head.partition(b"\r\nzone-trace: ")[2].split(b"\r\n")[0].decode("ascii", "replace")
        return ok("separation", f"refused with {status[0].decode()} and recorded ({record}): {where}")
    shown = answer[:60].decode("ascii", "replace")
    if refused and not one.silent:
        return fault(
            "separation",
            f"refused without a record: {where}: `{shown}`",
            "stop the zone: `zoneproxy stop zone`",
        )
    return fault(
        "separation",
        f"NOT CLOSED: {where} was answered with `{shown}`",
        "stop the zone: `zoneproxy stop zone`",
    )


def _otherwise(where: str, one: Try, code: str) -> Finding:
    what = f"refused by `{code}` instead of `{one.code}`: {where}"
    remedy = "what runs is not what zone.yaml says: reload the zone"
    return fault("separation", what, remedy) if one.wide else advice("separation", what, remedy)


def _code_of(answer: bytes) -> str:
    """Return the reason code of a refusal, or `none`."""
    try:
        code = json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"]
    except (ValueError, KeyError, TypeError):
        return "none"
    return code[:64] if isinstance(code, str) else "none"


def _domestic(config: Config) -> list[str]:
    listed = [entry.host for entry in config.outward if entry.side == "domestic"]
    near = [entry.prefix.partition("/")[0] for entry in config.networks if entry.side == "domestic"]
    shown = [f"[{address}]" if ":" in address else address for address in near]
    return [*listed, *shown][:4] or ["inland.invalid"]


def _registered(config: Config) -> str:
    return next((entry.host for entry in config.outward if entry.side != "domestic"), "tools.invalid")

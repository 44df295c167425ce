"""Which files of a log anyone may have, under what type, and for how long a copy of them is good.

    checkpoint                        text/plain             seconds
    unwitnessed                       text/plain             seconds
    epoch/<sha256, 2 and 62 digits>   text/plain             for ever
    tile/<L>/<N>[.p/<W>]              application/octet-stream   for ever
    tile/entries/<N>[.p/<W>]          application/octet-stream   for ever, gzip
    tile/withheld/<N>[.p/<W>]         application/octet-stream   minutes
    policy/<sha256>.yaml              text/plain             for ever, gzip
    policy/<sha256>.zpb               application/x-tar      for ever, gzip
    timestamps/<size>.tsr             application/timestamp-reply    for ever
    timestamps/sizes                  text/plain             seconds
    handover/<n>.tlog-proof, .vkey    text/plain             for ever, gzip
    <name>.vkey                       text/plain             minutes
    log.json, retention.json          application/json       minutes

and, beside the shards of a log in monthly shards, each of which has the files above below its month:

    months                            text/plain             seconds
    trust                             text/plain             minutes
    trust-<sha256>                    text/plain             for ever
    shards.json                       application/json       minutes

Everything else is private (`wal/`, `open/`, `state/`, keys) or nothing: this is a list of what may be
given, not of what may not, so a file that a later version puts into the directory is private until it
stands here.

Worked example: `tile/0/x001/234` is a hash tile for ever; `tile/0/1234`, `tile/../wal/0` and
`state/signed` are nothing.

Source: C2SP tlog-tiles; RFC 9111; RFC 8246 (`immutable`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from zoneproxy.trace.epoch import UNWITNESSED, is_epoch_path
from zoneproxy.trace.ledger import CHECKPOINT, LOG_FILE
from zoneproxy.trace.retention import RETENTION_FILE
from zoneproxy.trace.tiles import ENTRIES, parse_path
from zoneproxy.trace.withheld import is_withheld_path

TIMESTAMPS = "timestamps"
SIZES = f"{TIMESTAMPS}/sizes"
_POLICY = re.compile(r"policy/[0-9a-f]{64}\.yaml\Z", re.ASCII)
_BUNDLE = re.compile(r"policy/[0-9a-f]{64}\.zpb\Z", re.ASCII)
_TOKEN = re.compile(rf"{TIMESTAMPS}/(0|[1-9][0-9]{{0,18}})\.tsr\Z", re.ASCII)
_KEYS = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,255}\.vkey\Z", re.ASCII)
_HANDOVER = re.compile(r"handover/[1-9][0-9]{0,3}\.(?:tlog-proof|vkey)\Z", re.ASCII)
_TRUST = re.compile(r"trust-[0-9a-f]{64}\Z", re.ASCII)
_TEXT, _BYTES = "text/plain; charset=utf-8", "application/octet-stream"
_FOR_EVER = "public, max-age=31536000, immutable"
_SECONDS = "public, max-age=1, must-revalidate"
_MINUTES = "public, max-age=300"


@dataclass(frozen=True, slots=True)
class PublicFile:
    """How a file is given out.

    Attributes:
        content_type: value of `Content-Type`.
        cache_control: value of `Cache-Control`.
        compressible: whether gzip makes it smaller.
    """

    content_type: str
    cache_control: str
    compressible: bool = False


def public_file(path: str) -> PublicFile | None:
    """Tell how the file at this path below the log's prefix is given out; `None` if it is not."""
    tile = parse_path(path)
    if tile is not None:
        return PublicFile(_BYTES, _FOR_EVER, tile.level == ENTRIES)
    if parse_path(is_withheld_path(path)) is not None:
        return PublicFile(_BYTES, _MINUTES)  # one more entry of it may be withheld later
    if is_epoch_path(path):
        return PublicFile(_TEXT, _FOR_EVER)
    if path in _NAMED:
        return _NAMED[path]
    return next((form for pattern, form in _FORMS if pattern.match(path)), None)


_NAMED = {
    **dict.fromkeys((CHECKPOINT, SIZES, UNWITNESSED), PublicFile(_TEXT, _SECONDS)),
    **dict.fromkeys((LOG_FILE, RETENTION_FILE), PublicFile("application/json", _MINUTES)),
}
_FORMS = (
    (_POLICY, PublicFile(_TEXT, _FOR_EVER, compressible=True)),
    (_BUNDLE, PublicFile("application/x-tar", _FOR_EVER, compressible=True)),
    (_TOKEN, PublicFile("application/timestamp-reply", _FOR_EVER)),
    (_HANDOVER, PublicFile(_TEXT, _FOR_EVER, compressible=True)),
    (_KEYS, PublicFile(_TEXT, _MINUTES)),
)


def shards_file(path: str) -> PublicFile | None:
    """Tell how a file beside the shards is given out; `None` if it is not."""
    if path == "months":
        return PublicFile(_TEXT, _SECONDS)
    if path == "trust":
        return PublicFile(_TEXT, _MINUTES)
    if _TRUST.match(path):
        return PublicFile(_TEXT, _FOR_EVER)
    return PublicFile("application/json", _MINUTES) if path == "shards.json" else None


RECEIPT = PublicFile(_TEXT, _SECONDS, compressible=True)
"""How a proof that is made when it is asked for is given out."""


def token_path(size: int) -> str:
    """Return where the time token of the tree of `size` entries lies."""
    return f"{TIMESTAMPS}/{size}.tsr"

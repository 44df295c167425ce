"""What is answered to whoever asks for a log over HTTP: its public files, and receipts.

    GET /checkpoint, /tile/..., /policy/..., ...   the file (`zoneproxy.trace.public_files`)
    GET /receipt/<index>                           a `.tlog-proof` of that entry, made now

Answers bear an `ETag`, and `304` follows where the asker has that version. Bundles and policies are
compressed for whoever takes gzip. A receipt is made against the newest checkpoint and checked before it is
given; an entry that no checkpoint covers yet is `404` with `Retry-After`.

With `receipts_only` nothing but `/receipt/<index>` is given, and that only to whoever holds the ticket of
the entry (header `Zone-Trace-Ticket`): so a customer's door shows each customer its own entries and no
other's.

Of a log in monthly shards every shard is served below its month, `/2026-11/checkpoint`, each as a whole log;
`/months` lists them (`zoneproxy.adapters.shards.folder`). A receipt is asked for where its entry stands:

    GET /2026-11/receipt/<index>
    GET /receipt/<origin>/<index>                  as the header `Zone-Trace: <origin>#<index>` has it
    GET /receipt/<index>                           with the ticket, which names the origin

Trust: every byte of a request comes from an enemy. Paths are looked up in a list of what is public, and
walked on the disk without following links; anything else is `404`, told in the same words.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from zoneproxy.adapters.files.disk import DiskFiles
from zoneproxy.adapters.keys.ticket import ticket_keys_of
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.adapters.shards.folder import is_sharded, shard_months
from zoneproxy.terms.errors import ConfigError, VerificationError
from zoneproxy.trace.months import Month, is_month, split_origin
from zoneproxy.trace.note import VerifierKey
from zoneproxy.trace.omission import read_leaf
from zoneproxy.trace.proof import SUFFIX
from zoneproxy.trace.prover import prove_entry
from zoneproxy.trace.public_files import RECEIPT, PublicFile, public_file, shards_file
from zoneproxy.trace.reader import LogReader
from zoneproxy.trace.ticket import HEADER, is_ticket_key, open_ticket, parse_ticket, read_ticket
from zoneproxy.trace.tiles import MAX_BUNDLE_BYTES

Headers = tuple[tuple[str, str], ...]

_RECEIPT = re.compile(r"/receipt/(0|[1-9][0-9]{0,18})\Z", re.ASCII)
_RECEIPT_OF = re.compile(
    r"/receipt/[!-*,-~]{1,240}/([0-9]{4}-(?:0[1-9]|1[0-2]))/(0|[1-9][0-9]{0,18})\Z", re.ASCII
)
_PLACE = re.compile(r"/([0-9]{4}-[0-9]{2})(/.*)\Z", re.ASCII)
_MAX_FILE_BYTES = MAX_BUNDLE_BYTES
_WORTH_BYTES = 512
_METHODS = frozenset({"GET", "HEAD"})
_OK, _NOT_MODIFIED, _FORBIDDEN, _NOT_FOUND, _METHOD, _FAULT = 200, 304, 403, 404, 405, 500


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: status, header fields without the length, body."""

    status: int
    headers: Headers
    body: bytes = b""


class LogDesk:
    """Answers requests about one log directory; it may be called from several threads.

    Args:
        root: the log's directory.
        vkeys: the log's keys and its ticket key; those that lie in the directory, where none are given.
        receipts_only: give nothing but receipts, each to the holder of its ticket.

    Raises:
        ConfigError: no such directory, or no key.
    """

    def __init__(self, root: Path, vkeys: Sequence[VerifierKey] = (), *, receipts_only: bool = False) -> None:
        reader = open_log(root, vkeys)
        self._vkeys = tuple(vkeys)
        given = [key for key in vkeys if is_ticket_key(key)]
        self._ticket_keys = given or ticket_keys_of(reader, reader.vkeys[0].name)
        self._origin = reader.vkeys[0].name
        self._root = root
        self._receipts_only = receipts_only

    def answer(self, method: str, target: str, headers: Mapping[str, str]) -> Answer:
        """Answer one request.

        Args:
            method: as it came.
            target: the request target in origin form.
            headers: fields by lower-case name.
        """
        if method not in _METHODS:
            return _UNANSWERED
        receipt = _RECEIPT.match(target)
        if receipt is not None:
            return self._receipt(int(receipt[1]), headers)
        return _NOTHING if self._receipts_only else _file(self._root, target, public_file, headers)

    def _receipt(self, index: int, headers: Mapping[str, str]) -> Answer:
        try:
            reader = open_log(self._root, self._vkeys)  # each time anew: a log may change its keys
            if self._receipts_only and not self._holds(headers.get(HEADER, ""), index):
                return _told(_FORBIDDEN, "send the ticket of this entry in a `Zone-Trace-Ticket` header")
            size = reader.checkpoint().size
            if index >= size:
                return _told(
                    _NOT_FOUND,
                    f"the newest checkpoint covers {size} entries, this one is not among them yet",
                    (("retry-after", "2"),),
                )
            if self._receipts_only and not self._fits(reader, headers[HEADER], index):
                return _told(_FORBIDDEN, "another entry stands there than the ticket says: check it with "
                             "`zoneproxy verify-ticket`")  # fmt: skip
            proof = prove_entry(reader, index)
        except (VerificationError, ConfigError, OSError):
            return _told(_FAULT, "the log's files do not show this entry: tell whoever keeps the log")
        answer = _given(RECEIPT, proof.data, headers)
        name = ("content-disposition", f'attachment; filename="{index}{SUFFIX}"')
        return Answer(answer.status, (*answer.headers, name), answer.body)

    def _holds(self, value: str, index: int) -> bool:
        try:
            ticket = open_ticket(read_ticket(value.encode()), self._ticket_keys)
        except VerificationError:
            return False
        return (ticket.origin, ticket.index) == (self._origin, index)

    def _fits(self, reader: LogReader, value: str, index: int) -> bool:
        ticket = open_ticket(read_ticket(value.encode()), self._ticket_keys)
        return read_leaf(reader, index)[0] == ticket.leaf


class ShardsDesk:
    """Answers requests about a log in monthly shards; it may be called from several threads.

    A new month is served as soon as its shard is there.

    Args:
        root: the directory of the shards.
        vkeys, receipts_only: as for `LogDesk`; keys of one shard count for that shard.
    """

    def __init__(self, root: Path, vkeys: Sequence[VerifierKey] = (), *, receipts_only: bool = False) -> None:
        self._root, self._vkeys, self._receipts_only = root, tuple(vkeys), receipts_only
        self._desks: dict[str, LogDesk] = {}
        self._desk(str(shard_months(root)[-1]))  # what can't be served at all is told at once

    def answer(self, method: str, target: str, headers: Mapping[str, str]) -> Answer:
        """Answer one request, as `LogDesk.answer` does."""
        if method not in _METHODS:
            return _UNANSWERED
        place = _PLACE.match(target)
        if place is not None and is_month(place[1]):
            return self._ask(place[1], method, place[2], headers)
        receipt = _RECEIPT_OF.match(target)
        if receipt is not None:
            return self._ask(receipt[1], method, f"/receipt/{receipt[2]}", headers)
        if _RECEIPT.match(target) is not None:
            return self._ask(_month_of(headers.get(HEADER, "")), method, target, headers)
        return _NOTHING if self._receipts_only else _file(self._root, target, shards_file, headers)

    def _ask(self, month: str, method: str, target: str, headers: Mapping[str, str]) -> Answer:
        if not month:
            return _told(
                _FORBIDDEN,
                "say which shard: ask at /2026-11/receipt/..., or send the entry's ticket in a "
                "`Zone-Trace-Ticket` header",
            )
        if Month.parse(month) not in shard_months(self._root):
            return _NOTHING
        try:
            return self._desk(month).answer(method, target, headers)
        except ConfigError:
            return _told(_FAULT, "this shard can't be read: tell whoever keeps the log")

    def _desk(self, month: str) -> LogDesk:
        if month not in self._desks:
            own = [key for key in self._vkeys if key.name.endswith(f"/{month}") or is_ticket_key(key)]
            self._desks[month] = LogDesk(self._root / month, own, receipts_only=self._receipts_only)
        return self._desks[month]


def _month_of(ticket: str) -> str:
    """Return the month of the shard that a ticket names, or nothing; whether it holds is for the shard."""
    try:
        parts = split_origin(parse_ticket(read_ticket(ticket.encode())).origin)
    except (VerificationError, UnicodeEncodeError):
        return ""
    return str(parts[1]) if parts else ""


def make_desk(
    root: Path, vkeys: Sequence[VerifierKey] = (), *, receipts_only: bool = False
) -> LogDesk | ShardsDesk:
    """Make the desk of a log, or of a log in monthly shards.

    Raises:
        ConfigError: no such directory, or no key.
    """
    made = ShardsDesk if is_sharded(root) else LogDesk
    return made(root, vkeys, receipts_only=receipts_only)


def _file(
    root: Path, target: str, form_of: Callable[[str], PublicFile | None], headers: Mapping[str, str]
) -> Answer:
    """Give a file below `root`, if `form_of` knows its path as a public one."""
    path = target.removeprefix("/")
    form = form_of(path)
    if form is None or path == target:
        return _NOTHING
    try:
        body = DiskFiles(root).read_limited(path, _MAX_FILE_BYTES)
    except (VerificationError, OSError):
        body = None
    return _NOTHING if body is None else _given(form, body, headers)


def _given(form: PublicFile, body: bytes, headers: Mapping[str, str]) -> Answer:
    fields = [
        ("content-type", form.content_type),
        ("cache-control", form.cache_control),
        ("x-content-type-options", "nosniff"),
    ]
    mark = hashlib.sha256(body).hexdigest()[:32]
    if form.compressible:
        fields.append(("vary", "accept-encoding"))
        if len(body) >= _WORTH_BYTES and _takes_gzip(headers.get("accept-encoding", "")):
            mark += "-gz"
            body = gzip.compress(body, 6, mtime=0)
            fields.append(("content-encoding", "gzip"))
    fields.append(("etag", f'"{mark}"'))
    if _is_known(headers.get("if-none-match", ""), mark):
        return Answer(_NOT_MODIFIED, tuple(field for field in fields if field[0] != "content-encoding"))
    return Answer(_OK, tuple(fields), body)


def _takes_gzip(accepted: str) -> bool:
    """Tell whether gzip is named and not refused (RFC 9110, section 12.5.3)."""
    for item in accepted.lower().split(","):
        name, _, quality = item.partition(";")
        if name.strip() == "gzip":
            return not re.match(r"\s*q\s*=\s*0(\.0*)?\s*\Z", quality)
    return False


def _is_known(given: str, mark: str) -> bool:
    known = {item.strip().removeprefix("W/") for item in given.split(",")}
    return "*" in known or f'"{mark}"' in known


def _told(status: int, words: str, more: Headers = ()) -> Answer:
    fields = (("content-type", "text/plain; charset=utf-8"), ("cache-control", "no-store"))
    return Answer(status, (*fields, *more), f"{words}\n".encode())


_NOTHING = _told(_NOT_FOUND, "there is no such file")
_UNANSWERED = _told(_METHOD, "only GET and HEAD are answered here", (("allow", "GET, HEAD"),))

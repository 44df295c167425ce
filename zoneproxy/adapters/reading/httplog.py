"""A log's files over HTTP: any web server, or object storage, that holds a copy of the public tree.

Connections are kept and shared by a few threads; while one file is looked at, the next ones of its kind
are under way (`AHEAD` of them, and only such as the checkpoint's size says are there). A file that is not
there (403, 404, 410; object storage says 403 where it may not list) is `None`, as it is on a disk. Server
errors and silence are tried again a few times; then the reading ends with a `ConfigError`, which says
nothing about the log: an answer that can't be had is no evidence against anybody.

Trust: none in the server, which may send any bytes; it can be made neither to send without end (each file
has its bound, also once decompressed) nor to lead elsewhere (redirects are not followed). TLS
certificates are verified against the system's authorities, or those in `SSL_CERT_FILE`.
"""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from urllib.parse import urlsplit

import urllib3

from zoneproxy import __version__
from zoneproxy.terms.errors import ConfigError, VerificationError
from zoneproxy.trace.checkpoint import parse_checkpoint
from zoneproxy.trace.ledger import CHECKPOINT
from zoneproxy.trace.merkle import HASH_BYTES
from zoneproxy.trace.note import parse_note
from zoneproxy.trace.opening_files import open_path
from zoneproxy.trace.opening_store import MAX_OPENINGS_BYTES
from zoneproxy.trace.tiles import ENTRIES, MAX_BUNDLE_BYTES, WIDTH, Tile, parse_path, width_at

AHEAD = 8
_ABSENT = frozenset({403, 404, 410})
_OK = 200
_AGAIN = (429, 500, 502, 503, 504)
_CONNECT_S, _SILENCE_S = 5.0, 15.0
_PIECE_BYTES = 65_536
_BROKE_OFF = (urllib3.exceptions.ProtocolError, urllib3.exceptions.TimeoutError)
_OPEN = "open/"


def is_url(place: str) -> bool:
    """Tell whether a log's place is a web address."""
    return place.lower().startswith(("http://", "https://"))


class HttpFiles:
    """The public files below an `http(s)://` prefix.

    Args:
        prefix: the log's address; `checkpoint` and `tile/` lie below it.
        tries: how often a file is asked for, where servers err or fall silent; at least once.
        backoff_s: the first pause between two tries; it doubles each time.

    Raises:
        ConfigError: the address can't be one of a log.
    """

    def __init__(self, prefix: str, *, tries: int = 3, backoff_s: float = 0.2) -> None:
        parts = urlsplit(prefix)
        if not is_url(prefix) or not parts.hostname or parts.query or parts.fragment or parts.username:
            raise ConfigError(
                f"`{prefix}` is no log's address",
                hint="give `https://host/path`, below which `checkpoint` lies, without `?`, `#` or password",
            )
        self.prefix = prefix.rstrip("/")
        self._tries = tries
        retry = urllib3.Retry(
            total=tries - 1,
            redirect=False,
            status_forcelist=_AGAIN,
            backoff_factor=backoff_s,
            raise_on_status=False,
            respect_retry_after_header=False,  # a server can't make us wait for hours
        )
        self._pool = urllib3.PoolManager(
            maxsize=AHEAD + 1,
            block=True,
            retries=retry,
            timeout=urllib3.Timeout(connect=_CONNECT_S, read=_SILENCE_S),
            headers={"User-Agent": f"zoneproxy/{__version__}", "Accept-Encoding": "gzip"},
        )
        self._threads = ThreadPoolExecutor(AHEAD, thread_name_prefix="log-reader")
        self._lock = threading.Lock()
        self._size = 0
        self._under_way: OrderedDict[str, Future[bytes | None]] = OrderedDict()
        self._last: dict[str, int] = {}  # kind of file -> the index that was asked for last

    def read_limited(self, path: str, limit: int) -> bytes | None:
        """Return a file's bytes; `None` if there is none.

        Raises:
            VerificationError: it is longer than `limit` bytes.
            ConfigError: the server can't be reached, or answers with errors.
        """
        with self._lock:
            expected = self._under_way.pop(path, None)
            self._look_ahead(path)
        if expected is None:
            data = self._get(path, limit)
        else:
            data = expected.result()
            if data is not None and len(data) > limit:
                raise _too_long(path, limit)
        if path == CHECKPOINT and data is not None:
            # Not verified: a false size only makes us ask for files too many or too few in advance.
            with contextlib.suppress(VerificationError):
                self._size = parse_checkpoint(parse_note(data).text).size
        return data

    def close(self) -> None:
        """Let connections and threads go."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._pool.clear()

    def _look_ahead(self, path: str) -> None:
        """Ask for the files that follow, where files of this kind are asked for one after the other."""
        kind, index = _kind_of(path)
        if index < 0:
            return
        follows = self._last.get(kind, -1) == index - 1
        self._last[kind] = index
        if not follows:
            return
        for later in range(index + 1, index + 1 + AHEAD):
            wanted, limit = _file_of(kind, later, self._size)
            if wanted and wanted not in self._under_way:
                self._under_way[wanted] = self._threads.submit(self._get, wanted, limit)
        while len(self._under_way) > 4 * AHEAD:  # whoever jumped elsewhere does not want them any more
            self._under_way.popitem(last=False)[1].cancel()

    def _get(self, path: str, limit: int) -> bytes | None:
        why = "it was not asked for"
        for _ in range(self._tries):
            try:
                return self._get_once(path, limit)
            except urllib3.exceptions.HTTPError as error:
                why = _plainly(error)
                if not isinstance(error, _BROKE_OFF):  # the pool has tried again already
                    break
        self._give_up()
        raise self._unreadable(path, why)

    def _get_once(self, path: str, limit: int) -> bytes | None:
        answer = self._pool.request("GET", f"{self.prefix}/{path}", preload_content=False)
        try:
            if answer.status in _ABSENT:
                answer.drain_conn()
                return None
            if answer.status != _OK:
                raise self._unreadable(path, f"the server answers {answer.status}")
            data = bytearray()
            while len(data) <= limit and (piece := answer.read(_PIECE_BYTES, decode_content=True)):
                data += piece
            if len(data) > limit:
                answer.close()
                raise _too_long(path, limit)
            return bytes(data)
        finally:
            answer.release_conn()

    def _give_up(self) -> None:
        """Drop what is under way: the reading ends here."""
        with self._lock:
            for future in self._under_way.values():
                future.cancel()
            self._under_way.clear()

    def _unreadable(self, path: str, why: str) -> ConfigError:
        return ConfigError(
            f"`{self.prefix}/{path}` can't be read: {why}",
            hint="this says nothing about the log; check the address, or read a copy in a directory",
        )


def _kind_of(path: str) -> tuple[str, int]:
    """Return what a file's neighbours have in common with it, and its number; -1 for a file without."""
    opening = path.startswith(_OPEN)
    tile = parse_path(f"tile/entries/{path.removeprefix(_OPEN)}" if opening else path)
    if tile is None:
        return "", -1
    return "open" if opening else str(tile.level), tile.index


def _file_of(kind: str, index: int, size: int) -> tuple[str, int]:
    """Return path and bound of a file of this kind in a log of `size` entries; empty for none."""
    level = ENTRIES if kind == "open" else int(kind)
    width = width_at(level, index, size)
    if not width:
        return "", 0
    if kind == "open":
        return open_path(index), MAX_OPENINGS_BYTES
    return Tile(level, index, width).path, MAX_BUNDLE_BYTES if level == ENTRIES else WIDTH * HASH_BYTES


def _too_long(path: str, limit: int) -> VerificationError:
    return VerificationError(f"the file is longer than {limit} bytes", where=path)


def _plainly(error: urllib3.exceptions.HTTPError) -> str:
    """Say in words what a foreign exception means."""
    cause: BaseException = error
    while isinstance(cause, urllib3.exceptions.MaxRetryError) and cause.reason is not None:
        cause = cause.reason
    match cause:
        case urllib3.exceptions.SSLError():
            return "the server's certificate can't be verified"
        case urllib3.exceptions.NameResolutionError():
            return "the host's name is not known"
        case urllib3.exceptions.NewConnectionError():
            return "nobody answers there"
        case urllib3.exceptions.TimeoutError():
            return "the server fell silent"
        case urllib3.exceptions.DecodeError():
            return "the answer's compression is broken"
        case urllib3.exceptions.ProtocolError():
            return "the connection broke off"
        case _:
            return "the answer is no HTTP"

"""Erasure: what a redaction does to the files, over and over the same until it is whole.

The order of a redaction; a crash after any step leaves what the next one finishes:

    1 `state/redaction`   the intent: canonical JSON of {at, bodies, size}: the records to write, and the
                          origin and size before them of the log, or shard, that they go to. Durable first,
                          so that nothing that was ordered is forgotten
    2 the records         of kind `redaction`, appended and published
    3 the files           `open/<N>`, the write-ahead log's copies, data keys: each replaced whole or deleted
    4 `state/redaction`   removed

Every step may be done again: a record that stands at an index from `size` on is not written twice, a
field that is gone is passed over, a file that is gone is gone. The process that finds an intent at its start
(`zoneproxy run`, `zoneproxy redact`) finishes it before it does anything else. Nobody else touches the files
meanwhile: either the directory's lock is held, or the process that writes the log does it itself, with
everything sealed and in segments that are not written any more (`zoneproxy.adapters.log.publisher`).

A sealed opening that loses fields is sealed again under a data key of this session. The old bytes are
unlinked; what a disk, a snapshot or a backup still holds of them is not reached. Destroying the data key
(`what` is `key`) reaches every copy of the sealed bytes.

The public bytes of an entry (`what` is `entry`) go by the emergency path of `zoneproxy.trace.withheld`: the
bundle with the hash in the entry's place is durable first, then the whole one is removed; the private part
goes as with `record`. The write-ahead log's copy goes with its segment, when the next bundle is full; that of
a closed shard, which nobody reads any more, goes at once.

Worked example: erasing `client.ip` of entry 300 rewrites `open/001` and each segment of the write-ahead log
that holds entry 300.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace import canonical
from zoneproxy.trace.datakey import FOLDER, Holder, read_label
from zoneproxy.trace.durable import folder_of, replace
from zoneproxy.trace.entry import peek
from zoneproxy.trace.files import Files
from zoneproxy.trace.opening import erase
from zoneproxy.trace.opening_files import decode_openings, encode_openings, open_path
from zoneproxy.trace.opening_store import Access, Found, OpeningStore
from zoneproxy.trace.sealer import Sealer
from zoneproxy.trace.tiles import ENTRIES, WIDTH, Tile, decode_bundle
from zoneproxy.trace.wal import (
    Group,
    Item,
    encode_group,
    encode_state,
    read_segment,
    read_state,
    segment_first,
)
from zoneproxy.trace.withheld import (
    Place,
    decode_withheld,
    encode_withheld,
    places_of,
    withheld_path,
    withhold,
)

INTENT = "state/redaction"
TEMPORARY = "state/neworder"
TEMPORARY_KEY = "state/newerasure"
"""Where an eraser's data keys grow: the writer may be drawing one of its own at the same time."""
_WAL = "wal"


@dataclass(frozen=True, slots=True)
class Intent:
    """What was ordered and may not be done yet.

    Attributes:
        at: origin of the log, or shard, that its records go to.
        size: that log's size before they were written.
        bodies: the records' public bodies.
    """

    at: str
    size: int
    bodies: tuple[Mapping[str, Any], ...]


def write_intent(files: Files, intent: Intent) -> None:
    """Make an order durable, before anything of it is done."""
    value = {"at": intent.at, "bodies": [dict(body) for body in intent.bodies], "size": intent.size}
    replace(files, INTENT, canonical.encode(value) + b"\n", private=True, temporary=TEMPORARY)


def read_intent(files: Files) -> Intent | None:
    """Read the order that was not finished; `None` if there is none.

    Raises:
        VerificationError: it can't be read.
    """
    data = files.read(INTENT)
    if data is None:
        return None
    try:
        value = canonical.decode(data.removesuffix(b"\n"))
        return Intent(str(value["at"]), int(value["size"]), tuple(dict(body) for body in value["bodies"]))
    except (KeyError, TypeError, ValueError):
        raise VerificationError("this is no order of a redaction", where=INTENT) from None


def remove_intent(files: Files) -> None:
    """Forget an order that is done."""
    if files.read(INTENT) is not None:
        files.remove(INTENT)
        files.sync_folder(folder_of(INTENT))


class Eraser:
    """Erases from a log that nobody else writes.

    Args:
        files: the log's directory.
        origin: the log's origin.
        holders: the keys that open what fields are to be taken out of.
        sealer: seals again what remains.
    """

    def __init__(self, files: Files, origin: str, holders: Sequence[Holder], sealer: Sealer | None) -> None:
        self._files = files
        self._sealer = sealer
        self._store = OpeningStore(lambda path, _: files.read(path), files.names, origin, holders)

    def erase(self, body: Mapping[str, Any]) -> None:
        """Do what a redaction's record says; a second time changes nothing.

        Raises:
            VerificationError: an opening can't be opened to take a field out of it.
            OSError: a write failed.
        """
        if body["what"] == "key":
            for key in body["keys"]:
                self._destroy(f"{FOLDER}/{key['day']}/{key['id']}")
            return
        if body["what"] == "entry":
            self._withhold(body["entries"])
        changes = self._changes(body)
        for bundle in sorted({index // WIDTH for index in changes}):
            self._rewrite_bundle(bundle, changes)
        for name in self._files.names(_WAL):
            if segment_first(name) is not None:
                self._rewrite_segment(f"{_WAL}/{name}", changes)

    def check(self, body: Mapping[str, Any]) -> None:
        """Find out, before anything is recorded, that `erase` can do it.

        Raises:
            VerificationError: it can't.
        """
        for index in body["entries"] if body["what"] == "field" else ():
            self._left(index, self._current(index), body["fields"])
        for bundle in (
            sorted({index // WIDTH for index in body["entries"]}) if body["what"] == "entry" else ()
        ):
            self._places(bundle)

    # ---- parts -------------------------------------------------------------------------------

    def _places(self, bundle: int) -> tuple[Tile, list[Place]]:
        """Return a bundle that nobody writes any more, by its tile.

        Raises:
            VerificationError: it is still being written, or it is gone.
        """
        full = Tile(ENTRIES, bundle)
        folders = (f"{full.folder}.p", f"{withheld_path(full)}.p")
        widths = [int(name) for folder in folders for name in self._files.names(folder) if name.isdigit()]
        for tile in (full, *(Tile(ENTRIES, bundle, width) for width in sorted(widths, reverse=True)[:1])):
            away, data = self._files.read(withheld_path(tile)), self._files.read(tile.path)
            if away is not None:
                return tile, decode_withheld(away, tile.width)
            if data is not None:
                entries = decode_bundle(data, tile.width)
                if tile.width < WIDTH and peek(entries[-1]).kind != "log_close":
                    break
                return tile, places_of(entries)
        raise VerificationError(
            f"the bundle of the entries {bundle * WIDTH} to {bundle * WIDTH + WIDTH - 1} is not full yet",
            where=f"entry {bundle * WIDTH}",
            hint="public bytes can be withheld once the log has outgrown their bundle: try again then",
        )

    def _withhold(self, indexes: Sequence[int]) -> None:
        """Serve bundles with hashes in the place of these entries; a second time changes nothing."""
        for bundle in sorted({index // WIDTH for index in indexes}):
            tile, places = self._places(bundle)
            made = withhold(places, {index % WIDTH for index in indexes if index // WIDTH == bundle})
            # A crash here leaves the whole bundle beside it, which the next run removes.
            replace(self._files, withheld_path(tile), encode_withheld(made))
            older = [f"{tile.folder}.p/{name}" for name in self._files.names(f"{tile.folder}.p")]
            for path in (*older, tile.path):
                self._destroy(path)
            if tile.width < WIDTH:
                for name in self._files.names(_WAL):
                    self._destroy(f"{_WAL}/{name}")

    def _changes(self, body: Mapping[str, Any]) -> dict[int, Callable[[bytes], bytes]]:
        fields = body["fields"] if body["what"] == "field" else None

        def change_at(index: int) -> Callable[[bytes], bytes]:
            return lambda record: b"" if fields is None else self._without(index, record, fields)

        return {index: change_at(index) for index in body["entries"]}

    def _current(self, index: int) -> bytes:
        return self._store.raw(index) or next(
            (item.opening for number, item in self._logged() if number == index), b""
        )

    def _logged(self) -> list[tuple[int, Item]]:
        """List what the write-ahead log holds."""
        found: list[tuple[int, Item]] = []
        for name in self._files.names(_WAL):
            if segment_first(name) is not None:
                for group in read_segment(self._files.read(f"{_WAL}/{name}") or b"")[0]:
                    found += enumerate(group.items, group.first)
        return found

    def _without(self, index: int, record: bytes, fields: Sequence[str]) -> bytes:
        """Return an opening without some fields; itself where none of them is there."""
        found, left = self._left(index, record, fields)
        if left == found.record:
            return record
        if not found.key_id:
            return left
        label = read_label(self._store.key_file(found.key_id) or b"")
        if self._sealer is None:
            raise VerificationError("no key is here to encrypt it again", where=f"opening of entry {index}")
        return self._sealer.seal_for(label.tenant, label.day, label.retention, index, left)

    def _left(self, index: int, record: bytes, fields: Sequence[str]) -> tuple[Found, bytes]:
        """Return an opening as it was found, and what is left of it without some fields."""
        found = self._store.look(index, record)
        if found.access is Access.SEALED:
            raise VerificationError(
                f"the opening of entry {index} lies under a key that is not here",
                where=f"opening of entry {index}",
                hint="give the key-encryption key that was in use then with `--opening-key FILE`, or erase "
                "the whole record",
            )
        return found, erase(found.record, fields) if found.access is Access.OPEN else found.record

    def _rewrite_bundle(self, bundle: int, changes: Mapping[int, Callable[[bytes], bytes]]) -> None:
        """Replace a bundle's openings; a crash leaves the old file or the new one."""
        path = open_path(bundle)
        data = self._files.read(path)
        if data is None:
            return
        openings = decode_openings(data)
        made = [
            changes[index](opening) if (index := bundle * WIDTH + number) in changes else opening
            for number, opening in enumerate(openings)
        ]
        if made != openings:
            replace(self._files, path, encode_openings(made), private=True)

    def _rewrite_segment(self, path: str, changes: Mapping[int, Callable[[bytes], bytes]]) -> None:
        """Replace the openings in a segment; its entries stay, and so does a tail that was torn off.

        A crash leaves the old segment or the new one, which hold the same entries.
        """
        data = self._files.read(path) or b""
        groups, good = read_segment(data)
        made = [_changed(group, changes) for group in groups]
        if made == groups:
            return
        state = read_state(data)
        head = b"" if state is None else encode_state(*state)
        replace(self._files, path, head + b"".join(map(encode_group, made)) + data[good:], private=True)

    def _destroy(self, path: str) -> None:
        if self._files.read(path) is not None:
            self._files.remove(path)
            self._files.sync_folder(folder_of(path))


def _changed(group: Group, changes: Mapping[int, Callable[[bytes], bytes]]) -> Group:
    items = tuple(
        Item(item.entry, changes[index](item.opening))
        if (index := group.first + number) in changes and item.opening
        else item
        for number, item in enumerate(group.items)
    )
    return Group(group.first, items)

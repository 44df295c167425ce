"""The folder of the write-ahead log: which segments there are, which is written, which may go.

The bytes of a segment are those of `zoneproxy.trace.wal`. A segment that the log rolled over to begins with
the state of the chains there; once the published tree covers that place (`zoneproxy.trace.restore`), no
start looks at any segment before it, so those may be deleted in any order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.durable import replace
from zoneproxy.trace.files import Files
from zoneproxy.trace.restore import is_covered
from zoneproxy.trace.wal import (
    SEGMENT_BYTES,
    Group,
    encode_group,
    encode_state,
    join_segments,
    read_segment,
    read_state,
    segment_first,
    segment_name,
)

FOLDER = "wal"


class Segments:
    """The segments of one log.

    `append` and `roll` may run in one thread and `delete_covered` in another.

    Args:
        files: the log's directory.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        self._current = segment_name(0)
        self._bytes = 0
        self._starts: deque[int] = deque()  # where segments begin that have a state

    # ---- reading -----------------------------------------------------------------------------

    def names(self) -> list[str]:
        """Return the names of all segments, in the order of their indexes."""
        return [name for name in self._files.names(FOLDER) if segment_first(name) is not None]

    def _read(self, name: str) -> bytes:
        return self._files.read(f"{FOLDER}/{name}") or b""

    def find_start(self, published: int) -> tuple[int, bytes] | None:
        """Return the newest place with a state that a published tree of this size covers, and the state."""
        for name in reversed(self.names()):
            found = read_state(self._read(name))
            if found is not None and found[0] == segment_first(name):
                self._starts.appendleft(found[0])
                if is_covered(found[0], published):
                    return found
        return None

    def groups(self, start: int) -> Iterator[Group]:
        """Yield the groups from the segment that begins at `start`.

        Raises:
            VerificationError: the write-ahead log is damaged, see `zoneproxy.trace.wal`.
        """
        names = [name for name in self.names() if (segment_first(name) or 0) >= start]
        yield from join_segments(names, self._read, start)

    # ---- writing -----------------------------------------------------------------------------

    def secure_tail(self, last: Group | None) -> None:
        """Write the last group again: what was read back may only have stood in the page cache.

        A crash before the removal of an unacknowledged tail, between it and the rewriting, or after,
        leaves the same groups to read.

        Raises:
            VerificationError: there is no group at all.
        """
        if last is None:
            raise VerificationError("the write-ahead log is empty", where=FOLDER)
        newest = self.names()[-1]
        if not read_segment(self._read(newest))[0]:
            if self._starts and self._starts[-1] == segment_first(newest):
                self._starts.pop()
            self._files.remove(f"{FOLDER}/{newest}")
            self._files.sync_folder(FOLDER)
        self._current = segment_name(last.first)
        state = read_state(self._read(self._current))  # where it is the first group of its segment
        data = (encode_state(*state) if state else b"") + encode_group(last)
        self._bytes = len(data)
        replace(self._files, f"{FOLDER}/{self._current}", data, private=True)

    @property
    def full(self) -> bool:
        """True if the next group should go into a new segment."""
        return self._bytes >= SEGMENT_BYTES

    def begin(self, first: int, state: bytes | None) -> None:
        """Begin a new segment, with the state of the chains after all entries before it.

        A crash in here leaves a segment without a group, which recovery removes. The state is durable
        before any group is written behind it.
        """
        head = b"" if state is None else encode_state(first, state)
        self._current, self._bytes = segment_name(first), len(head)
        path = f"{FOLDER}/{self._current}"
        self._files.create(path, private=True)
        if head:
            self._files.append(path, head)
            self._files.sync(path)
        self._files.sync_folder(FOLDER)
        if head:
            self._starts.append(first)

    def append(self, group: Group) -> None:
        """Make a group durable with one flush."""
        data = encode_group(group)
        path = f"{FOLDER}/{self._current}"
        self._files.append(path, data)
        self._files.sync(path)
        self._bytes += len(data)

    def delete_covered(self, published: int) -> None:
        """Delete the segments before the newest state that a published tree of this size covers.

        A crash leaves any of them: recovery does not look at them, and the next deletion takes them.
        """
        keep = 0
        while self._starts and is_covered(self._starts[0], published):
            keep = self._starts.popleft()
        old = [name for name in self.names() if (segment_first(name) or 0) < keep] if keep else []
        for name in old:
            self._files.remove(f"{FOLDER}/{name}")
        if old:
            self._files.sync_folder(FOLDER)

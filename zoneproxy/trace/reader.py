"""Reading a log from wherever its files lie: a directory, a copy of one, a web server.

A reader asks for paths of the public tree (and, where it may, of the private openings) and gets bytes
or nothing. It verifies the checkpoint's signatures; that the entries belong to the checkpoint is the
audit's work (`zoneproxy.replay.audit`).

Trust: whoever serves the files may lie in every byte; only the verifier keys are believed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.checkpoint import Checkpoint, open_checkpoint
from zoneproxy.trace.ledger import CHECKPOINT
from zoneproxy.trace.merkle import HASH_BYTES
from zoneproxy.trace.note import MAX_NOTE_BYTES, VerifierKey
from zoneproxy.trace.opening_files import decode_openings, open_path
from zoneproxy.trace.tiles import ENTRIES, MAX_BUNDLE_BYTES, WIDTH, Tile, decode_bundle, width_at

MAX_POLICY_BYTES = 16 * 1024 * 1024
MAX_OPENINGS_BYTES = 64 * 1024 * 1024

Fetch = Callable[[str, int], bytes | None]
"""Returns a file's bytes by its path and a limit on its length; `None` if there is none."""

Names = Callable[[str], list[str]]
"""Returns the sorted names in a folder, those of folders with a `/` at the end."""


def policy_path(digest: str) -> str:
    """Return where the policy with this SHA-256 (hex) is archived."""
    return f"policy/{digest}.yaml"


class LogReader:
    """A log to be read.

    Args:
        fetch: returns files.
        vkeys: the log's verifier keys: what the reader trusts.
        names: lists folders; `None` where the place can't (then stray files go unseen).
    """

    def __init__(self, fetch: Fetch, vkeys: Sequence[VerifierKey], names: Names | None = None) -> None:
        self._fetch = fetch
        self.vkeys = tuple(vkeys)
        self.names = names
        self._openings: tuple[int, list[bytes]] = (-1, [])

    def note(self) -> bytes:
        """Return the checkpoint's bytes, unverified.

        Raises:
            VerificationError: there is none.
        """
        data = self._fetch(CHECKPOINT, MAX_NOTE_BYTES)
        if data is None:
            raise VerificationError(
                "the log has no checkpoint", where=CHECKPOINT, hint="give the log's directory"
            )
        return data

    def checkpoint(self) -> Checkpoint:
        """Return the checkpoint, its signatures verified.

        Raises:
            VerificationError: there is none, or it does not verify.
        """
        return open_checkpoint(self.note(), self.vkeys)

    def exact(self, tile: Tile) -> bytes | None:
        """Return exactly this file's bytes, whatever they are; `None` if there is none."""
        limit = MAX_BUNDLE_BYTES if tile.level == ENTRIES else WIDTH * HASH_BYTES
        return self._fetch(tile.path, limit)

    def tile(self, tile: Tile) -> bytes | None:
        """Return a hash tile's bytes, cut from the full tile where the partial one is gone."""
        data = self.exact(tile)
        if data is None and tile.width < WIDTH:
            full = self.exact(tile.full)
            data = None if full is None else full[: tile.width * HASH_BYTES]
        return data

    def bundle(self, index: int, size: int) -> list[bytes] | None:
        """Return the entries of bundle `index` of a log of `size` entries; `None` if it is gone.

        Raises:
            VerificationError: the bundle is broken.
        """
        width = width_at(ENTRIES, index, size)
        data = self.exact(Tile(ENTRIES, index, width))
        if data is not None:
            return decode_bundle(data, width)
        full = self.exact(Tile(ENTRIES, index)) if width < WIDTH else None
        return None if full is None else decode_bundle(full, WIDTH)[:width]

    def entries(self, start: int = 0, end: int | None = None) -> Iterator[tuple[int, bytes]]:
        """Yield index and bytes of the entries start..end (the checkpoint's size where not given).

        Raises:
            VerificationError: a bundle is missing or broken, or the checkpoint does not verify.
        """
        size = self.checkpoint().size
        end = size if end is None else min(end, size)
        for bundle in range(start // WIDTH, -(-end // WIDTH)):
            entries = self.bundle(bundle, size)
            first = bundle * WIDTH
            if entries is None:
                place = Tile(ENTRIES, bundle, width_at(ENTRIES, bundle, size)).path
                raise VerificationError("an entry bundle is missing", where=place)
            for offset, entry in enumerate(entries):
                if start <= first + offset < end:
                    yield first + offset, entry

    def opening(self, index: int) -> bytes | None:
        """Return the opening record of an entry; `None` if it has none, or it is withheld.

        Raises:
            VerificationError: the file of openings is broken.
        """
        bundle, offset = divmod(index, WIDTH)
        if self._openings[0] != bundle:
            data = self._fetch(open_path(bundle), MAX_OPENINGS_BYTES)
            self._openings = (bundle, [] if data is None else decode_openings(data))
        openings = self._openings[1]
        return openings[offset] or None if offset < len(openings) else None

    def policy(self, digest: str) -> bytes | None:
        """Return the archived policy with this SHA-256 (hex); `None` if it is not there.

        Raises:
            VerificationError: the archived bytes have another digest.
        """
        path = policy_path(digest)
        data = self._fetch(path, MAX_POLICY_BYTES)
        if data is not None and hashlib.sha256(data).hexdigest() != digest:
            raise VerificationError("an archived policy was changed", where=path)
        return data

"""A body of whatever type, looked into as deep as the budgets go.

decode -> structure -> normalise -> prefilter -> locate -> validate -> context -> label: containers
and charsets first (`containers`), then the body's structure (`structure`), then what stands encoded
in its texts (`encodings`), each layer at most `MOST_DEPTH` deep and all together at most
`MOST_DECODED` characters beyond the body itself. Whatever the budgets leave out is not scanned, and said so.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from zoneproxy.content import artefacts, containers, encodings, sealed, structure
from zoneproxy.content.artefacts import weights
from zoneproxy.content.detectors.view import Hit
from zoneproxy.content.effort import Effort
from zoneproxy.content.locate import locate
from zoneproxy.content.media import MediaType, read_media_type
from zoneproxy.content.registered.trail import Trail, trail_of
from zoneproxy.content.settings import ScanSettings
from zoneproxy.terms.finding import Segment

MOST_DEPTH = 4
MOST_DECODED = 4_000_000
MOST_PARTS = 1000
# Decoded bytes that say nothing: a hash or a key where short, at the paranoid levels a doubt where long.
_LARGE_NOISE = 1024
_PARANOID = 3


@dataclass(slots=True)
class Inspection:
    """What was seen in a body.

    Attributes:
        settings: how closely is looked.
        leaving: the body leaves the zone, so the zone's assets count.
        hits: what was found, each kind and value once, with whose words it stands in.
        whole: everything in it could be looked into.
        steps: the decoding steps taken, in order of first use.
        characters: how many characters stood in whose words.
        budget: how many characters may still be decoded.
        effort: how many steps closer looks may still take, over all texts together.
    """

    settings: ScanSettings
    leaving: bool = True
    hits: list[tuple[Hit, Segment]] = field(default_factory=list)
    whole: bool = True
    steps: list[str] = field(default_factory=list)
    characters: dict[Segment, int] = field(default_factory=dict)
    budget: int = MOST_DECODED
    effort: Effort = field(init=False)
    _trail: Trail | None = field(init=False)
    _seen: set[tuple[str, str]] = field(default_factory=set)
    _read: set[tuple[str, Segment, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Give the body its steps."""
        self.effort = Effort(self.settings.most_steps)
        self._trail = trail_of(self.settings)

    @property
    def spent_up(self) -> bool:
        """True where a budget left something out."""
        return self.budget < 0 or self.effort.spent_up

    def begin(self, *, leaving: bool) -> None:
        """Forget what was found, for the next string of the same body; the budgets stay spent."""
        self.leaving = leaving
        self.hits.clear()
        self._seen.clear()

    def body(
        self, data: bytes, content_type: str | None, content_encoding: str | None, segment: Segment
    ) -> None:
        """Look into a whole body."""
        opened = containers.decoded(data, content_encoding)
        if not opened.whole:
            self.whole = False
        if opened.data is not data:
            self._step(content_encoding or "")
        self.budget += len(opened.data or data)
        self.data(opened.data or data, read_media_type(content_type), segment, 0)
        self.close()

    def close(self) -> None:
        """What lies past a budget was not looked into: that is a finding, never a pass."""
        if self.spent_up:
            self.seal("budget", Segment.UNKNOWN)

    def data(self, data: bytes, media: MediaType | None, segment: Segment, depth: int) -> None:
        """Look into bytes: what they are, what they contain, what they say."""
        if not self._spend(len(data), depth):
            return
        self._known(data, segment)
        if media is not None and media.essence.startswith("multipart/"):
            self._step("multipart")
            for count, (head, content) in enumerate(structure.parts(data, media)):
                if count >= MOST_PARTS:
                    self.whole = False
                    self.seal("multipart", segment, len(data))
                    return
                self.text(head.decode("utf-8", "replace"), None, segment, depth + 1)
                self.data(content, None, segment, depth + 1)
            return
        if containers.is_container(data):
            self._container(data, segment, depth)
            return
        if medium := sealed.medium_of(data):
            self.seal(medium, segment, len(data))
            return
        text = containers.text_of(data, media.charset if media else "")
        if text is None:
            self.whole = False
        else:
            self.text(text, media, segment, depth)

    def _container(self, data: bytes, segment: Segment, depth: int) -> None:
        self._step("container")
        names: list[bytes] = []
        adapter = False
        for opened in containers.members(data):
            if not opened.whole:
                self._unopened(data, segment)
            names.append(opened.name)
            adapter = adapter or weights.speaks_of_adapters(opened.data)
            if opened.data:
                self.data(opened.data, None, segment, depth + 1)
        if self.leaving and (kind := weights.archive_kind(names, adapter=adapter)):
            self._add(Hit(kind, 0, len(data), 1, 1000, artefacts.CATEGORIES[kind], kind), segment)

    def text(self, text: str, media: MediaType | None, segment: Segment, depth: int) -> None:
        """Look into a text by its structure."""
        taken = structure.taken_apart(text, media, segment)
        for medium in taken.sealed:
            self.seal(medium, segment, 0)
        for owner, piece in taken.texts:
            whose = owner if depth == 0 else segment
            self.characters[whose] = self.characters.get(whose, 0) + len(piece)
            # Events repeat ids and names: the same text in the same words says the same.
            if (piece, whose, depth) not in self._read:
                self._read.add((piece, whose, depth))
                self.string(piece, whose, depth)

    def string(self, text: str, segment: Segment, depth: int) -> None:
        """Look into one string, and into what stands encoded in it."""
        for hit in locate(text, self.settings, effort=self.effort).hits:
            self._add(hit, segment)
        if self._trail is not None:
            for hit in self._trail.read(text, self.effort):
                self._add(hit, segment)
        self.veiled(text, segment, depth)

    def veiled(self, text: str, segment: Segment, depth: int, *, spaced: bool = True) -> None:
        """Look into what stands encoded in a string; `spaced` letters are left out where false."""
        if depth >= MOST_DEPTH:
            self.whole = self.whole and next(encodings.pieces(text), None) is None
            return
        for piece in encodings.pieces(text):
            if isinstance(piece.data, str):
                if (spaced or piece.step != "spaced") and self._spend(len(piece.data), depth):
                    self._step(piece.step)
                    self._placed(piece, segment, depth)
            else:
                self._bytes(piece, piece.data, segment, depth)

    def _unopened(self, data: bytes, segment: Segment) -> None:
        """A container is encrypted, broken or too large; what looks like zlib by chance is none."""
        self.whole = False
        if not containers.is_by_chance(data):
            self.seal("container", segment, len(data))

    def _bytes(self, piece: encodings.Piece, data: bytes, segment: Segment, depth: int) -> None:
        """Look into decoded bytes where they say something: most long words decode to noise."""
        if containers.is_container(data) or sealed.medium_of(data):
            self._step(piece.step)
            self._placed(piece, segment, depth)
        elif (text := containers.text_of(data)) is not None:
            self._step(piece.step)
            if self._spend(len(data), depth + 1):
                before = len(self.hits)
                self._known(data, segment)
                self.text(text, None, segment, depth + 1)
                self._place(before, piece)
        elif self.leaving and (hit := next(artefacts.find(data), None)):
            self._step(piece.step)
            before = len(self.hits)
            self._add(hit, segment)
            self._place(before, piece)
        elif len(data) >= _LARGE_NOISE:
            self.seal("bytes", segment, len(data), level=_PARANOID)

    def _known(self, data: bytes, segment: Segment) -> None:
        """Tell the zone's assets by their headers."""
        if self.leaving:
            for hit in artefacts.find(data):
                self._add(hit, segment)

    def _placed(self, piece: encodings.Piece, segment: Segment, depth: int) -> None:
        """Look into a decoded piece; what is found there stands where the piece stood."""
        before = len(self.hits)
        if isinstance(piece.data, str):
            self.string(piece.data, segment, depth + 1)
        else:
            whole = self.whole
            self.data(piece.data, None, segment, depth + 1)
            self.whole = whole
        self._place(before, piece)

    def _place(self, before: int, piece: encodings.Piece) -> None:
        """Let what was found since `before` stand where the piece stands."""
        for place in range(before, len(self.hits)):
            hit, owner = self.hits[place]
            self.hits[place] = (
                Hit(hit.kind, piece.start, piece.end, hit.level, hit.score, hit.category, hit.value),
                owner,
            )

    def _spend(self, size: int, depth: int) -> bool:
        self.budget -= size
        if self.budget < 0 or depth > MOST_DEPTH:
            self.whole = False
            return False
        return True

    def seal(self, medium: str, segment: Segment, size: int = 0, level: int = 1) -> None:
        """Something is there that can't be looked into: a finding of its own, never a pass."""
        hit = Hit(sealed.KIND, 0, size, level, 0, sealed.CATEGORY, medium)
        if level <= self.settings.level:
            self.whole = False
        self._add(hit, segment)

    def _step(self, name: str) -> None:
        if name not in self.steps:
            self.steps.append(name)

    def _add(self, hit: Hit, segment: Segment) -> None:
        if (hit.kind, hit.value) not in self._seen and hit.level <= self.settings.level:
            self._seen.add((hit.kind, hit.value))
            self.hits.append((hit, segment))

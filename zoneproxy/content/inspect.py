"""A body of whatever type, looked into as deep as the budgets go.

decode -> structure -> normalise -> prefilter -> locate -> validate -> context -> label: containers
and charsets first (`containers`), then the body's structure (`structure`), then what stands encoded
in its texts (`encodings`), each layer at most `MOST_DEPTH` deep and all together at most
`MOST_DECODED` characters beyond the body itself. Whatever the budgets leave out is not scanned, and said so.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from zoneproxy.content import artefacts, containers, encodings, structure
from zoneproxy.content.artefacts import weights
from zoneproxy.content.detectors.view import Hit
from zoneproxy.content.locate import locate
from zoneproxy.content.media import MediaType, read_media_type
from zoneproxy.content.settings import ScanSettings
from zoneproxy.terms.finding import Segment

MOST_DEPTH = 4
MOST_DECODED = 4_000_000


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
    """

    settings: ScanSettings
    leaving: bool = True
    hits: list[tuple[Hit, Segment]] = field(default_factory=list)
    whole: bool = True
    steps: list[str] = field(default_factory=list)
    characters: dict[Segment, int] = field(default_factory=dict)
    budget: int = MOST_DECODED
    _seen: set[tuple[str, str]] = field(default_factory=set)

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

    def data(self, data: bytes, media: MediaType | None, segment: Segment, depth: int) -> None:
        """Look into bytes: what they are, what they contain, what they say."""
        if not self._spend(len(data), depth):
            return
        if self.leaving:
            for hit in artefacts.find(data):
                self._add(hit, segment)
        if media is not None and media.essence.startswith("multipart/"):
            self._step("multipart")
            for head, content in structure.parts(data, media):
                self.text(head.decode("utf-8", "replace"), None, segment, depth + 1)
                self.data(content, None, segment, depth + 1)
            return
        if containers.is_container(data):
            self._container(data, segment, depth)
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
            self.whole = self.whole and opened.whole
            names.append(opened.name)
            adapter = adapter or weights.speaks_of_adapters(opened.data)
            if opened.data:
                self.data(opened.data, None, segment, depth + 1)
        if self.leaving and (kind := weights.archive_kind(names, adapter=adapter)):
            self._add(Hit(kind, 0, len(data), 1, 1000, artefacts.CATEGORIES[kind], kind), segment)

    def text(self, text: str, media: MediaType | None, segment: Segment, depth: int) -> None:
        """Look into a text by its structure."""
        for owner, piece in structure.texts(text, media, segment):
            whose = owner if depth == 0 else segment
            self.characters[whose] = self.characters.get(whose, 0) + len(piece)
            self.string(piece, whose, depth)

    def string(self, text: str, segment: Segment, depth: int) -> None:
        """Look into one string, and into what stands encoded in it."""
        for hit in locate(text, self.settings).hits:
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
            elif containers.is_container(piece.data) or self._says(piece.data):
                self._step(piece.step)
                self._placed(piece, segment, depth)

    def _placed(self, piece: encodings.Piece, segment: Segment, depth: int) -> None:
        """Look into a decoded piece; what is found there stands where the piece stood."""
        before = len(self.hits)
        if isinstance(piece.data, str):
            self.string(piece.data, segment, depth + 1)
        else:
            whole = self.whole
            self.data(piece.data, None, segment, depth + 1)
            self.whole = whole
        for place in range(before, len(self.hits)):
            hit, owner = self.hits[place]
            self.hits[place] = (
                Hit(hit.kind, piece.start, piece.end, hit.level, hit.score, hit.category, hit.value),
                owner,
            )

    def _says(self, data: bytes) -> bool:
        """Tell whether decoded bytes say something: a text, or a file that is known by its header."""
        known = self.leaving and next(artefacts.find(data), None) is not None
        return known or containers.text_of(data) is not None

    def _spend(self, size: int, depth: int) -> bool:
        self.budget -= size
        if self.budget < 0 or depth > MOST_DEPTH:
            self.whole = False
            return False
        return True

    def _step(self, name: str) -> None:
        if name not in self.steps:
            self.steps.append(name)

    def _add(self, hit: Hit, segment: Segment) -> None:
        if (hit.kind, hit.value) not in self._seen and hit.level <= self.settings.level:
            self._seen.add((hit.kind, hit.value))
            self.hits.append((hit, segment))

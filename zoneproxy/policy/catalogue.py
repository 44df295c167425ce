"""Catalogues of regulated data: negative lists and lists of important data, dated and hashed.

A catalogue says what an authority has published, where it was read, and whether anybody has confirmed the
text. It decides nothing by itself: a policy's detectors name the catalogue and version that they look for
in `data`, and the record of a decision names the policy. A hit means *it stands in the catalogue*, never
*a program thinks that it is important*.

`digest` is `sha256:` and the SHA-256 (hex) of the entries as JSON: keys sorted, no spaces, UTF-8. So a
changed entry can't pass for the version that was reviewed; comments and layout may change.

Worked example::

    apiVersion: zoneproxy/v1
    kind: ZoneDataCatalogue
    metadata:
      name: some-zone-negative-list
      list: negative_list
      version: "2026-01-01"
      authority: the zone's office
      effective: {from: "2026-01-01", until: "2026-12-31"}
      sources: ["the office's notice of that day"]
      unverified: true
    digest: sha256:5d0f...
    entries:
      - {id: nl-001, sector: retail, subject: order histories of one million persons or more, class: personal}
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from zoneproxy.policy.model import Moment, Name, Note, Part, Text, Window
from zoneproxy.policy.moment import moment_ms
from zoneproxy.policy.read import read
from zoneproxy.policy.validate import validate

_SAYS_SO = re.compile(rb"^kind:\s*[\"']?ZoneDataCatalogue\b", re.MULTILINE)


class CatalogueMetadata(Part):
    """What the catalogue is, who published it, and where it was read."""

    name: Name
    about: Literal["negative_list", "important_data"] = Field(alias="list")
    version: Moment = Field(description="the day of the text")
    authority: Text
    effective: Window
    sources: Annotated[list[Text], Field(min_length=1)]
    description: Note = ""
    unverified: bool = Field(default=False, description="nobody has confirmed the text as a whole")


class CatalogueEntry(Part):
    """One kind of data."""

    id: Name
    sector: Text
    subject: Text = Field(description="what data it is, in words")
    level: Literal["core", "important", "personal", "general"] = Field(
        alias="class", description="GB/T 43697-2024's classes, and personal information"
    )
    threshold: Note = Field(default="", description="from which number or precision on it counts")
    source: Note = ""
    unverified: bool = False


class CatalogueDocument(Part):
    """A catalogue file."""

    api_version: Literal["zoneproxy/v1"] = Field(alias="apiVersion")
    kind: Literal["ZoneDataCatalogue"]
    metadata: CatalogueMetadata
    digest: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
    entries: Annotated[list[CatalogueEntry], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A catalogue whose digest holds."""

    document: CatalogueDocument

    @property
    def unverified(self) -> int:
        """How many entries rest on a text that nobody has confirmed."""
        whole = self.document.metadata.unverified
        return sum(whole or entry.unverified for entry in self.document.entries)


def read_catalogue(data: bytes, file: str) -> Catalogue:
    """Read and check a catalogue.

    Raises:
        PolicyError: with every mistake, at its place; a wrong digest is one.
    """
    source = read(data, file)
    document, _ = validate(source, CatalogueDocument)
    source.fail_if_faulty()
    first: dict[str, int] = {}
    for index, entry in enumerate(document.entries):
        if entry.id in first:
            message = f"duplicate id `{entry.id}` (first at line {first[entry.id]})"
            source.report(("entries", index, "id"), "ZP2011", message, remedy="give each its own")
        first.setdefault(entry.id, source.span(("entries", index)).line)
    window = document.metadata.effective
    if moment_ms(window.start) > moment_ms(window.until, end=True):
        message = f"`until` ({window.until}) lies before `from` ({window.start})"
        source.report(("metadata", "effective"), "ZP2025", message, remedy="exchange the two")
    digest = digest_of(source.data["entries"])
    if document.digest != digest:
        source.report(
            ("digest",),
            "ZP2033",
            "the entries are not those that this digest was made of",
            remedy=f"review the change, then write `{digest}`",
        )
    source.fail_if_faulty()
    return Catalogue(document)


def is_catalogue(data: bytes) -> bool:
    """Tell whether a file says of itself that it is a catalogue; it may be wrong in all else."""
    return _SAYS_SO.search(data) is not None


def digest_of(entries: Any) -> str:
    """Return the digest of entries as they were read."""
    text = json.dumps(entries, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()

"""Catalogues of regulated data: dated, hashed, and honest about what nobody has confirmed."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoneproxy.policy.assist import diagnose
from zoneproxy.policy.catalogue import digest_of, is_catalogue, read_catalogue
from zoneproxy.policy.read import read
from zoneproxy.terms.errors import PolicyError

DATA = Path(__file__).resolve().parents[3] / "policies" / "data"
FILES = sorted(DATA.glob("*.yaml"))
GOOD = """\
apiVersion: zoneproxy/v1
kind: ZoneDataCatalogue
metadata:
  name: some-list
  list: negative_list
  version: "2026-01-01"
  authority: an office
  effective: {from: "2026-01-01", until: "2026-12-31"}
  sources: [a notice]
digest: DIGEST
entries:
  - {id: nl-001, sector: retail, subject: orders, class: personal, unverified: true}
  - {id: nl-002, sector: retail, subject: shelves, class: general}
"""


def signed(text: str) -> bytes:
    """Write the digest that belongs to a text's entries."""
    return text.replace("DIGEST", digest_of(read(text.encode(), "x").data["entries"])).encode()


def faults(data: bytes) -> list[tuple[int, str]]:
    with pytest.raises(PolicyError) as caught:
        read_catalogue(data, "x.yaml")
    return [(problem.line, problem.code) for problem in caught.value.problems]


def test_a_good_catalogue_is_read() -> None:
    """With the entries that nobody has confirmed counted."""
    catalogue = read_catalogue(signed(GOOD), "x.yaml")
    assert catalogue.document.entries[0].level == "personal"
    assert catalogue.unverified == 1
    whole = GOOD.replace("  sources: [a notice]\n", "  sources: [a notice]\n  unverified: true\n")
    assert read_catalogue(signed(whole), "x.yaml").unverified == 2


def test_a_changed_entry_is_not_the_version_that_was_reviewed() -> None:
    """The remedy names the new digest, for whoever reviews it."""
    changed = signed(GOOD).replace(b"shelves", b"persons")
    assert faults(changed) == [(10, "ZP2033")]
    assert b"# a note" in (noted := signed(GOOD) + b"# a note\n")
    assert read_catalogue(noted, "x.yaml").unverified == 1


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("list: negative_list", "list: negatives", "ZP1003"),
        ("class: general", "class: generally", "ZP1003"),
        ("id: nl-002", "id: nl-001", "ZP2011"),
        ("sources: [a notice]", "sources: []", "ZP1000"),
        ('version: "2026-01-01"', "version: lately", "ZP1005"),
        ('until: "2026-12-31"', 'until: "2025-12-31"', "ZP2025"),
        ("sector: retail, subject: orders", "sectr: retail, subject: orders", "ZP1002"),
    ],
)
def test_each_mistake_has_its_place(old: str, new: str, code: str) -> None:
    """As in policies: a closed format, all mistakes at once."""
    assert code in [found for _, found in faults(signed(GOOD.replace(old, new)))]


def test_a_file_says_what_it_is() -> None:
    """By its kind, also where it is broken elsewhere; an editor underlines it by the same rules."""
    assert is_catalogue(GOOD.encode())
    assert not is_catalogue(b"kind: ZonePolicy\n")
    assert [problem.code for problem in diagnose(GOOD.encode(), "x")] == ["ZP1004"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_shipped_catalogues_hold(path: Path) -> None:
    """Each is dated, names its sources, and calls unconfirmed what is."""
    catalogue = read_catalogue(path.read_bytes(), path.name)
    assert catalogue.document.metadata.sources
    assert catalogue.unverified == len(catalogue.document.entries)


def test_both_lists_are_shipped() -> None:
    """The negative list and the catalogue of important data."""
    lists = {read_catalogue(path.read_bytes(), path.name).document.metadata.about for path in FILES}
    assert lists == {"negative_list", "important_data"}

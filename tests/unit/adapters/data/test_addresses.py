"""Data files on addresses: MMDB layouts in use, read whole, checked, hashed and dated."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path
from typing import Any

import pytest

from tests.support.tiny_mmdb import EPOCH, write_mmdb
from tests.unit.origin.test_delegated import GOOD
from zoneproxy.adapters.data.addresses import AddressFiles
from zoneproxy.origin.places import PlaceError, Places
from zoneproxy.terms.errors import ConfigError
from zoneproxy.terms.networks import read_address

HOME = frozenset({"CN"})
COUNTRIES = {
    "203.0.113.0/24": {"country": {"iso_code": "CN", "names": {"en": "China"}}},
    "198.51.100.0/24": {"country_code": "SG"},
    "192.0.2.0/25": {"country": "MY"},
    "2001:db8::/32": {"country": {"iso_code": "CN"}},
    "100.64.0.0/10": {"country": {"iso_code": 7}},
    "10.0.0.0/8": {"registered_country": {"iso_code": "CN"}},
}
NUMBERS = {
    "203.0.113.0/24": {"autonomous_system_number": 64500},
    "198.51.100.0/24": {"asn": "AS64501"},
    "192.0.2.0/25": {"asn": "nobody"},
    "2001:db8::/32": {"asn": 0},
}


def files(folder: Path, **changes: Any) -> AddressFiles:
    (folder / "country.mmdb").write_bytes(write_mmdb(COUNTRIES))
    (folder / "asn.mmdb").write_bytes(write_mmdb(NUMBERS, kind="Tiny-ASN"))
    (folder / "delegated-apnic").write_text(GOOD)
    given = {
        "country_mmdb": folder / "country.mmdb",
        "asn_mmdb": folder / "asn.mmdb",
        "delegated": (folder / "delegated-apnic",),
    }
    return AddressFiles(HOME, **{**given, **changes})


def said(places: Places, address: str) -> tuple[str | None, int | None]:
    place = places.find(read_address(address))
    return place.countries.get("geoip"), place.asn


@pytest.mark.parametrize(
    ("address", "country", "asn"),
    [
        ("203.0.113.9", "CN", 64500),
        ("::ffff:203.0.113.9", "CN", 64500),
        ("198.51.100.9", "SG", 64501),
        ("192.0.2.9", "MY", None),
        ("192.0.2.200", None, None),
        ("2001:db8::9", "CN", None),
        ("2001:db9::9", None, None),
        ("100.64.0.1", None, None),
        ("10.1.2.3", None, None),
    ],
)
def test_layouts_in_use_are_read(address: str, country: str | None, asn: int | None, tmp_path: Path) -> None:
    """Z1: MaxMind's, DB-IP's and IPinfo's spellings; anything else is no answer."""
    assert said(files(tmp_path).read(), address) == (country, asn)


def test_files_are_hashed_and_dated(tmp_path: Path) -> None:
    """Z15: the digest is of the very bytes that are used, the day is the makers' own."""
    read = files(tmp_path).read()
    assert [file.name for file in read.files] == ["country.mmdb", "asn.mmdb", "delegated-apnic"]
    assert read.files[0].digest == hashlib.sha256(write_mmdb(COUNTRIES)).hexdigest()
    assert read.files[0].date_ms == EPOCH * 1000
    strange = tmp_path / "länder liste"
    strange.write_text(GOOD)
    assert files(tmp_path, delegated=(strange,)).read().files[-1].name == "l_nder_liste"


@pytest.mark.parametrize("data", [b"", b"nonsense", write_mmdb(COUNTRIES)[:-80], write_mmdb(COUNTRIES)[-60:]])
def test_a_broken_database_is_refused(data: bytes, tmp_path: Path) -> None:
    """Z22: what is no database, or cut off, is told by name."""
    path = tmp_path / "broken.mmdb"
    path.write_bytes(data)
    with pytest.raises(ConfigError, match=r"broken\.mmdb"):
        files(tmp_path, country_mmdb=path).read()


def test_a_missing_or_broken_list_is_refused(tmp_path: Path) -> None:
    """Z22: all files are read, or none is used."""
    with pytest.raises(ConfigError, match="no such file"):
        files(tmp_path, delegated=(tmp_path / "missing",)).read()
    path = tmp_path / "cut"
    path.write_text(GOOD[:-20])
    with pytest.raises(ConfigError, match=r"cut.*line"):
        files(tmp_path, delegated=(path,)).read()
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="is no text"):
        files(tmp_path, delegated=(path,)).read()
    path.write_text(GOOD)
    with pytest.raises(ConfigError, match="contradict"):
        files(tmp_path, delegated=(path, path)).read()


def test_damage_inside_is_refused_or_objects(tmp_path: Path) -> None:
    """Z22: a database with changed bytes is refused, or answers, or says that it can't; it never crashes."""
    whole, path = write_mmdb(COUNTRIES), tmp_path / "damaged.mmdb"
    dice = random.Random(7)
    objections = 0
    for _ in range(200):
        data = bytearray(whole)
        for _ in range(3):
            data[dice.randrange(len(data))] = dice.randrange(256)
        path.write_bytes(data)
        try:
            read = files(tmp_path, country_mmdb=path, asn_mmdb=None).read()
        except ConfigError:
            continue
        for address in ("203.0.113.9", "198.51.100.9", "2001:db8::9", "192.0.2.9"):
            place = read.find(read_address(address))
            objections += len(place.broken)
            assert place.countries.get("geoip", "XX").isalpha()
    assert objections


def test_a_replaced_file_is_seen(tmp_path: Path) -> None:
    """A file that was renamed into place has other marks, whatever its date says."""
    found = files(tmp_path)
    before = found.marks()
    other = tmp_path / "new"
    other.write_bytes((tmp_path / "country.mmdb").read_bytes())
    other.replace(tmp_path / "country.mmdb")
    assert found.marks() != before
    (tmp_path / "asn.mmdb").unlink()
    assert found.marks()[1] is None


def test_reading_failures_are_ours(tmp_path: Path) -> None:
    """Whatever the reader raises comes as one error."""
    read = files(tmp_path).read()
    assert read.geoip is not None
    with pytest.raises(PlaceError):
        read.geoip("nonsense")  # type: ignore[arg-type]

"""The operator's data files on addresses, read whole into memory: MMDB and delegation lists.

Databases are those of the MMDB layouts in use: a country is at `country.iso_code` (MaxMind, DB-IP),
`country_code` or `country` (IPinfo, IP2Location); an AS at `autonomous_system_number` or `asn`, as a number
or as `AS64500`. What a record says in another way is no answer.

A set of files is taken whole or not at all: each is read, its digest taken from the very bytes that are
used, its own date and shape checked, and a few addresses asked, before the set takes the place of another.
"""

from __future__ import annotations

import hashlib
import io
import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zoneproxy.adapters.files.trouble import why
from zoneproxy.origin.delegated import DelegationError, DelegationList, Delegations, read_delegations
from zoneproxy.origin.places import SAYS, DataFile, PlaceError, Places, PlaceSource, Says
from zoneproxy.terms.errors import ConfigError
from zoneproxy.terms.networks import Address

MAX_BYTES = 1 << 30
_COUNTRY = re.compile(r"[A-Z]{2}\Z", re.ASCII)
_ASN = re.compile(r"(?:AS)?([0-9]{1,10})\Z", re.ASCII)
_MAX_ASN = 2**32 - 1
_PROBES = ("192.0.2.1", "1.1.1.1", "2001:db8::1", "2400::1")

Marks = tuple[tuple[int, int, int] | None, ...]
"""What tells cheaply that a file was replaced: inode, size and time of change; `None` for a missing one."""


@dataclass(frozen=True, slots=True)
class AddressFiles:
    """What is read, and what it says.

    Attributes:
        home: countries whose addresses are domestic.
        country_mmdb, asn_mmdb: databases, or `None`.
        delegated: the registries' lists.
        says: what each source speaks of.
    """

    home: frozenset[str]
    country_mmdb: Path | None = None
    asn_mmdb: Path | None = None
    delegated: tuple[Path, ...] = ()
    says: Mapping[PlaceSource, Says] = field(default_factory=lambda: dict(SAYS))

    @property
    def paths(self) -> tuple[Path, ...]:
        """All files, in a fixed order."""
        return tuple(path for path in (self.country_mmdb, self.asn_mmdb, *self.delegated) if path is not None)

    def marks(self) -> Marks:
        """Return the files' marks, in the order of `paths`."""
        return tuple(map(_mark, self.paths))

    def read(self) -> Places:
        """Read all files.

        Raises:
            ConfigError: one of them can't be used.
        """
        files: list[DataFile] = []
        geoip = None if self.country_mmdb is None else _country_reader(self.country_mmdb, files)
        asn = None if self.asn_mmdb is None else _asn_reader(self.asn_mmdb, files)
        lists = [_read_list(path, files) for path in self.delegated]
        try:
            delegations = Delegations(lists) if lists else None
        except DelegationError as error:
            raise ConfigError(
                f"the delegation lists contradict each other: {error}",
                hint="fetch all of them again",
            ) from None
        return Places(self.home, geoip, asn, delegations, self.says, tuple(files))


def _mark(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _shown(path: Path) -> str:
    return re.sub(r"[^!-*,-~]", "_", path.name, flags=re.ASCII)[:255]


def _read_whole(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size > MAX_BYTES:
                raise ConfigError(
                    f"the data file `{path}` is larger than 1 GiB", hint="is this the right file?"
                )
            return file.read(MAX_BYTES)
    except OSError as error:
        raise ConfigError(
            f"the data file `{path}` can't be read: {why(error)}", hint="check `address_data` and the file"
        ) from None


def _read_list(path: Path, files: list[DataFile]) -> DelegationList:
    data = _read_whole(path)
    try:
        found = read_delegations(data.decode("ascii"))
    except (DelegationError, UnicodeDecodeError) as error:
        what = str(error) if isinstance(error, DelegationError) else "it is no text"
        raise ConfigError(
            f"the delegation list `{path}` can't be used: {what}", hint="fetch it again: it may be cut off"
        ) from None
    files.append(DataFile(_shown(path), hashlib.sha256(data).hexdigest(), found.date_ms))
    return found


def _open_mmdb(path: Path, files: list[DataFile]) -> Callable[[Address], Any]:
    try:
        import maxminddb  # noqa: PLC0415 - only a boundary that is given databases needs it
    except ImportError:
        raise ConfigError(
            "databases (MMDB) can't be read here", hint="install it: pip install 'zoneproxy[proxy]'"
        ) from None
    data = _read_whole(path)
    try:
        reader = maxminddb.Reader(_InMemory(data), maxminddb.MODE_FD)
        date_ms = int(reader.metadata().build_epoch) * 1000
        for probe in _PROBES:
            if ":" not in probe or reader.metadata().ip_version == 6:  # noqa: PLR2004 - the IP version
                reader.get(ipaddress.ip_address(probe))
    except Exception as error:  # noqa: BLE001 - whatever a broken database does to its reader
        raise ConfigError(
            f"the database `{path}` can't be used: {str(error)[:200]}",
            hint="fetch it again: it may be cut off",
        ) from None
    files.append(DataFile(_shown(path), hashlib.sha256(data).hexdigest(), date_ms))
    only_v4 = reader.metadata().ip_version == 4  # noqa: PLR2004 - the IP version

    def ask(address: Address) -> Any:
        if only_v4 and isinstance(address, ipaddress.IPv6Address):
            return None
        try:
            return reader.get(address)
        except Exception as error:
            # A database that is broken at this place would have said something: nobody knows what.
            raise PlaceError(str(error)[:200]) from error

    return ask


class _InMemory(io.BytesIO):
    """Bytes that look like an open file to the reader, which takes them over."""

    name = "database"


def _country_reader(path: Path, files: list[DataFile]) -> Callable[[Address], str | None]:
    ask = _open_mmdb(path, files)

    def country(address: Address) -> str | None:
        record = ask(address)
        if not isinstance(record, dict):
            return None
        inner = record.get("country")
        found = inner.get("iso_code") if isinstance(inner, dict) else record.get("country_code") or inner
        return found if isinstance(found, str) and _COUNTRY.match(found) else None

    return country


def _asn_reader(path: Path, files: list[DataFile]) -> Callable[[Address], int | None]:
    ask = _open_mmdb(path, files)

    def asn(address: Address) -> int | None:
        record = ask(address)
        if not isinstance(record, dict):
            return None
        found = record.get("autonomous_system_number", record.get("asn"))
        spelled = _ASN.match(str(found)) if type(found) in (int, str) else None
        number = int(spelled[1]) if spelled is not None else 0
        return number if 0 < number <= _MAX_ASN else None

    return asn

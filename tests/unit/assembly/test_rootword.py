"""`zoneproxy.assembly.rootword`: see `tests/unit/cli/log/test_revoke.py` for the whole way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.private_log import zone_of
from zoneproxy.adapters.files.disk import DirectoryLock
from zoneproxy.assembly.logs import Opening
from zoneproxy.assembly.rootword import give_up, record_revocations
from zoneproxy.terms.errors import ConfigError
from zoneproxy.trace.roottrust import RootTrust
from zoneproxy.trace.trust import parse_trust

NOTHING = RootTrust(parse_trust(b"quorum none\n"), 1, 0)


@pytest.fixture
def zone(tmp_path: Path) -> Path:
    return zone_of(tmp_path / "zone")


def test_nothing_revoked_is_nothing_recorded(zone: Path) -> None:
    """The file is laid beside the shards all the same: it is the newest one."""
    assert record_revocations(Opening.read(zone / "zone.yaml"), b"text\n", NOTHING) == []
    assert (zone / "log/trust").read_bytes() == b"text\n"


def test_a_shard_is_not_given_up_lightly(zone: Path) -> None:
    """Not while a process holds the log, not without the root's word, not without shards (Z22)."""
    opening = Opening.read(zone / "zone.yaml")
    before = sorted(path.name for path in (zone / "log").iterdir())
    with DirectoryLock(zone / "log"), pytest.raises(ConfigError, match="in use"):
        give_up(opening, NOTHING)
    with pytest.raises(ConfigError, match="does not revoke"):
        give_up(opening, NOTHING)
    text = (zone / "zone.yaml").read_text().replace("shards: monthly", "shards: none")
    (zone / "zone.yaml").write_text(text)
    with pytest.raises(ConfigError, match="only a log in monthly shards"):
        give_up(Opening.read(zone / "zone.yaml"), NOTHING)
    assert sorted(path.name for path in (zone / "log").iterdir()) == before

"""The zone's outward authority: bound to its destinations, and never written down further than its files."""

from __future__ import annotations

import socket
import ssl
import stat
import threading
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from tests.support.tiny_ca import Pair, TinyCa, now
from zoneproxy.adapters.tls.authority import Authority, Leafs, insist_on_hosts, make_authority, read_authority
from zoneproxy.terms.errors import ConfigError

NOW_MS = int(now().timestamp()) * 1000
HOUR_MS = 3_600_000
HOSTS = frozenset({"tools.example", "127.0.10.7", "2001:db8::7"})


def make(folder: Path, hosts: frozenset[str] = HOSTS, days: int = 30) -> Authority:
    folder.mkdir(exist_ok=True)
    return make_authority(
        folder / "ca.pem", folder / "ca.key", zone="test", hosts=hosts, days=days, now_ms=NOW_MS
    )


def handshake(context: ssl.SSLContext, trusted: Path, name: str) -> str:
    """Shake hands with a leaf's context as a workload does; return what the workload complains of."""
    ours, theirs = socket.socketpair()

    def serve() -> None:
        try:
            with context.wrap_socket(ours, server_side=True) as served:
                served.recv(1)
        except OSError:
            ours.close()

    serving = threading.Thread(target=serve)
    serving.start()
    client = ssl.create_default_context(cafile=str(trusted))
    try:
        with client.wrap_socket(theirs, server_hostname=name) as shaken:
            shaken.sendall(b"x")
            return ""
    except ssl.SSLError as error:
        return getattr(error, "verify_message", "") or str(error.reason)
    finally:
        theirs.close()
        serving.join(10)
        ours.close()


def yes(_: str) -> bool:
    return True


def test_it_is_made_once_and_read_again(tmp_path: Path) -> None:
    """Z17: the key is its owner's alone; nothing is overwritten."""
    made = make(tmp_path)
    assert stat.S_IMODE((tmp_path / "ca.key").stat().st_mode) == 0o600
    found = read_authority(tmp_path / "ca.pem", tmp_path / "ca.key", NOW_MS)
    assert (found.certificate, found.hosts) == (made.certificate, HOSTS)
    with pytest.raises(ConfigError, match="exists already"):
        make(tmp_path)
    (tmp_path / "ca.pem").unlink()
    with pytest.raises(ConfigError, match="exists already"):
        make(tmp_path)


def test_one_for_nobody_is_not_made(tmp_path: Path) -> None:
    """Without constraints it would be believed of every host."""
    with pytest.raises(ConfigError, match="no destination needs"):
        make(tmp_path, frozenset())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["tools.example", "127.0.10.7"])
def test_a_workload_believes_its_leafs(name: str, tmp_path: Path) -> None:
    """Z5: by name and by address, with every check that Python's strictest context makes."""
    leafs = Leafs(make(tmp_path), HOSTS, hours=2, most=4)
    assert handshake(leafs.context(name, NOW_MS, yes), tmp_path / "ca.pem", name) == ""


def test_a_stolen_key_proves_no_other_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Z5: a leaf for a host that the certificate does not name is refused by the workload itself."""
    made = make(tmp_path)
    stolen = Authority(made.certificate, made.key, frozenset({"mail.example"}))
    leafs = Leafs(stolen, {"mail.example"}, hours=2, most=4)
    words = handshake(leafs.context("mail.example", NOW_MS, yes), tmp_path / "ca.pem", "mail.example")
    assert words == "permitted subtree violation"


@pytest.mark.parametrize("host", ["mail.example", "a.tools.example", "example", "", "127.0.10.8"])
def test_no_leaf_is_made_for_another_host(host: str, tmp_path: Path) -> None:
    """Z5: not even below a registered one."""
    with pytest.raises(ConfigError, match="no certificate is made"):
        Leafs(make(tmp_path), HOSTS, hours=2, most=4).leaf(host, NOW_MS)


def test_leafs_are_young_and_few(tmp_path: Path) -> None:
    """A leaf is used for half of its life; their memory is bounded; a clock put back makes a new one."""
    hosts = frozenset(f"h{n}.example" for n in range(6))
    leafs = Leafs(make(tmp_path, hosts), hosts, hours=2, most=3)
    first = leafs.leaf("h0.example", NOW_MS)
    assert leafs.leaf("h0.example", NOW_MS + HOUR_MS - 1000) == first
    assert leafs.leaf("h0.example", NOW_MS + HOUR_MS + 1000) != first
    again = leafs.leaf("h0.example", NOW_MS)
    assert again != first
    for host in sorted(hosts):
        leafs.leaf(host, NOW_MS)
    assert len(leafs) == 3
    read = x509.load_pem_x509_certificate(first)
    life = read.not_valid_after_utc - read.not_valid_before_utc
    assert life.total_seconds() == 3 * 3600  # two hours, and one for a workload's slow clock


@given(st.integers(0, 40 * 24))
def test_no_leaf_outlives_its_authority(hour: int) -> None:
    """Whatever the moment: a leaf ends with its authority, and behind it none is made."""
    when = NOW_MS + hour * HOUR_MS
    leafs = Leafs(SHARED, HOSTS, hours=48, most=4)
    end = SHARED.certificate.not_valid_after_utc
    if when / 1000 >= end.timestamp():
        with pytest.raises(ConfigError, match="not inside its time"):
            leafs.leaf("tools.example", when)
    else:
        assert x509.load_pem_x509_certificate(leafs.leaf("tools.example", when)).not_valid_after_utc <= end


@pytest.fixture(scope="module", autouse=True)
def _shared(tmp_path_factory: pytest.TempPathFactory) -> None:
    global SHARED  # noqa: PLW0603 - one authority for all examples
    SHARED = make(tmp_path_factory.mktemp("shared"))


SHARED: Authority


def test_a_leafs_key_is_not_written_to_a_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Z17: OpenSSL's loader reads it from memory; where there is none of that kind, from a file that goes."""
    leafs = Leafs(make(tmp_path / "a"), HOSTS, hours=2, most=4)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    before = set(tmp_path.iterdir())
    leafs.context("tools.example", NOW_MS, yes)

    def without(_: str) -> int:
        raise OSError("planted")

    monkeypatch.setattr("os.memfd_create", without)
    leafs.context("tools.example", NOW_MS, yes)
    assert set(tmp_path.iterdir()) == before


def test_an_authority_that_can_not_be_used_refuses_the_start(tmp_path: Path) -> None:
    """Z22: gone, over, readable by others, another's key, or bound to nothing."""
    make(tmp_path)
    pem, key = tmp_path / "ca.pem", tmp_path / "ca.key"
    with pytest.raises(ConfigError, match="expired"):
        read_authority(pem, key, NOW_MS + 31 * 24 * HOUR_MS)
    key.chmod(0o640)
    with pytest.raises(ConfigError, match="may be read by others"):
        read_authority(pem, key, NOW_MS)
    key.chmod(0o600)
    make(tmp_path / "other")
    with pytest.raises(ConfigError, match="is not the key of the certificate"):
        read_authority(pem, tmp_path / "other" / "ca.key", NOW_MS)
    pem.write_bytes(pem.read_bytes() * 2)
    with pytest.raises(ConfigError, match="holds 2 certificates"):
        read_authority(pem, key, NOW_MS)
    key.unlink()
    with pytest.raises(ConfigError, match="is missing"):
        read_authority(tmp_path / "other" / "ca.pem", key, NOW_MS)
    unbound = TinyCa()
    Pair(unbound.certificate, unbound.key).write(tmp_path, "unbound")
    pem = tmp_path / "unbound.pem"
    with pytest.raises(ConfigError, match="is not bound to the names"):
        read_authority(pem, tmp_path / "unbound.key", NOW_MS)


def test_an_authority_names_every_destination(tmp_path: Path) -> None:
    """Z22: where the list has grown, the zone does not start with the old one."""
    made = make(tmp_path)
    insist_on_hosts(made, {"tools.example"}, tmp_path / "ca.pem")
    with pytest.raises(ConfigError, match=r"does not name `new\.example`"):
        insist_on_hosts(made, {"tools.example", "new.example"}, tmp_path / "ca.pem")

"""`zoneproxy.adapters.keys.keyfiles`: private keys stay private, verifier keys are checked."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.support.logs import ORIGIN, signer
from zoneproxy.adapters.keys.keyfiles import (
    load_signer,
    make_log_keys,
    make_private_key,
    mldsa_path,
    read_private_key,
    read_vkeys,
)
from zoneproxy.terms.errors import ConfigError
from zoneproxy.trace.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint


def test_make_and_read(tmp_path: Path) -> None:
    """A key that was made is read again, from a file of mode 0600, and never overwritten."""
    path = tmp_path / "log.pem"
    key = make_private_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_private_key(path).private_bytes_raw() == key.private_bytes_raw()
    assert load_signer(path, ORIGIN).verifiers[0].public == key.public_key().public_bytes_raw()
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="exists already"):
        make_private_key(path)
    assert path.read_bytes() == before
    with pytest.raises(ConfigError, match="can't be made"):
        make_private_key(tmp_path / "nowhere" / "log.pem")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620, 0o601])
def test_a_key_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    """A key that group or world may read, write or run is refused, with the remedy."""
    path = tmp_path / "log.pem"
    make_private_key(path)
    path.chmod(mode)
    with pytest.raises(ConfigError, match="read by others") as told:
        read_private_key(path)
    assert "chmod 600" in told.value.hint


def test_what_is_no_key(tmp_path: Path) -> None:
    """Missing files, links, folders, other keys and rubbish are refused with a hint."""
    path = tmp_path / "log.pem"
    with pytest.raises(ConfigError, match="missing"):
        read_private_key(path)
    make_private_key(path)
    link = tmp_path / "link.pem"
    link.symlink_to(path)
    with pytest.raises(ConfigError, match="can't be read"):
        read_private_key(link)
    with pytest.raises(ConfigError, match="plain file"):
        read_private_key(tmp_path)
    other = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for data in (other, b"rubbish", b""):
        wrong = tmp_path / "wrong.pem"
        wrong.write_bytes(data)
        wrong.chmod(0o600)
        with pytest.raises(ConfigError, match="no Ed25519"):
            read_private_key(wrong)


def test_a_logs_two_keys(tmp_path: Path) -> None:
    """A log's two keys are made side by side, both 0600, never overwritten, and both sign."""
    path = tmp_path / "log.key"
    make_log_keys(path)
    second = mldsa_path(path)
    assert second == tmp_path / "log-mldsa.key"
    assert [stat.S_IMODE(file.stat().st_mode) for file in (path, second)] == [0o600, 0o600]
    joint = load_signer(path, ORIGIN)
    assert [key.type for key in joint.verifiers] == [1, 6]
    head = Checkpoint(ORIGIN, 3, b"r" * 32)
    assert open_checkpoint(sign_checkpoint(head, [joint]).data, joint.verifiers) == head
    path.unlink()
    with pytest.raises(ConfigError, match=r"log-mldsa\.key` exists already"):
        make_log_keys(path)


def test_a_second_key_that_can_not_be_used(tmp_path: Path) -> None:
    """A second key that others may read, or that is none, is refused, never passed over."""
    path = tmp_path / "log.key"
    make_log_keys(path)
    second = mldsa_path(path)
    second.chmod(0o644)
    with pytest.raises(ConfigError, match="read by others"):
        load_signer(path, ORIGIN)
    second.chmod(0o600)
    second.write_bytes(path.read_bytes())
    with pytest.raises(ConfigError, match="no ML-DSA-44"):
        load_signer(path, ORIGIN)
    second.unlink()
    second.symlink_to(tmp_path / "nowhere")
    with pytest.raises(ConfigError):
        load_signer(path, ORIGIN)
    second.unlink()
    assert [key.type for key in load_signer(path, ORIGIN).verifiers] == [1]


def test_origin_that_is_no_name(tmp_path: Path) -> None:
    """An origin that can't be a key's name is refused."""
    make_private_key(tmp_path / "log.pem")
    with pytest.raises(ConfigError, match="origin"):
        load_signer(tmp_path / "log.pem", "two words")


def test_vkeys(tmp_path: Path) -> None:
    """Verifier keys stand one a line; comments and empty lines don't count."""
    path = tmp_path / "log.vkey"
    key = signer().verifiers[0]
    path.write_text(f"# the log's key\n\n{key.vkey}\r\n")
    assert read_vkeys(path) == [key]


@pytest.mark.parametrize(
    "data", [b"", b"# nothing\n", b"rubbish\n", b"\xff\n", signer().verifiers[0].vkey.encode()[:-2]]
)
def test_no_vkeys(tmp_path: Path, data: bytes) -> None:
    """A file without a sound verifier key is refused."""
    path = tmp_path / "log.vkey"
    path.write_bytes(data)
    with pytest.raises(ConfigError):
        read_vkeys(path)
    with pytest.raises(ConfigError, match="can't be read"):
        read_vkeys(tmp_path / "absent.vkey")

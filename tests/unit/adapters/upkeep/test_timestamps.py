"""`zoneproxy.adapters.upkeep.timestamps`: tokens of an authority that `openssl ts` plays."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.support.logs import joint_signer, write_log
from tests.support.served import scripted, served
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.adapters.upkeep import timestamps
from zoneproxy.adapters.upkeep.timestamps import available, check_tokens, read_roots, request_token, sizes
from zoneproxy.terms.errors import ConfigError, VerificationError

CONFIG = """\
[tsa]
default_tsa = one
[one]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
[ext]
extendedKeyUsage = critical,timeStamping
[ca]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[req]
distinguished_name = dn
[dn]
"""


def always(body: bytes, _: str, __: int) -> tuple[int, dict[str, str], bytes]:
    return 200, {}, body


def openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate authority with a time-stamping certificate."""
    if shutil.which("openssl") is None:
        pytest.skip("the openssl program is not installed")
    folder = tmp_path_factory.mktemp("tsa")
    (folder / "serial").write_text("01\n")
    (folder / "cnf").write_text(CONFIG.format(folder=folder))
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-config", "cnf")
    openssl(folder, "req", "-x509", *key, "-subj", "/CN=root", "-extensions", "ca", "-keyout", "ca.key",
            "-out", "ca.pem", "-days", "30")  # fmt: skip
    openssl(folder, "req", *key, "-subj", "/CN=tsa", "-keyout", "tsa.key", "-out", "tsa.csr")
    openssl(folder, "x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "30",
            "-extfile", "cnf", "-extensions", "ext", "-out", "tsa.pem")  # fmt: skip
    return folder


@pytest.fixture
def url(authority: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The authority over HTTP."""
    kept: list[bytes] = []
    ask = timestamps._ask

    def remember(address: str, request: bytes) -> bytes:
        kept.append(request)
        return ask(address, request)

    monkeypatch.setattr(timestamps, "_ask", remember)

    def answer(_: str, __: int) -> tuple[int, dict[str, str], bytes]:
        (authority / "query").write_bytes(kept[-1])
        openssl(
            authority,
            "ts",
            "-reply",
            "-config",
            "cnf",
            "-section",
            "one",
            "-queryfile",
            "query",
            "-out",
            "reply",
        )
        return 200, {"content-type": "application/timestamp-reply"}, (authority / "reply").read_bytes()

    with scripted(answer) as (address, _):
        yield address


def test_a_token_over_a_log_that_grows(authority: Path, url: str, tmp_path: Path) -> None:
    """A token is kept, and checked when the log has grown, over HTTP too, and by openssl itself (Z14)."""
    assert available()
    root, roots = write_log(tmp_path / "log", [3], joint_signer()), read_roots(authority / "ca.pem")
    assert sizes(open_log(root)) == []
    token = request_token(open_log(root), root, url, roots)
    assert token.size == 7
    text = open_log(root).checkpoint().text
    grown = write_log(tmp_path / "grown", [3, 300], joint_signer())
    shutil.copytree(root / "timestamps", grown / "timestamps")
    again = request_token(open_log(grown), grown, url, roots)
    assert request_token(open_log(grown), grown, url, roots).size == again.size
    assert sizes(open_log(grown)) == [7, 607]
    with served(grown) as address:
        for reader in (open_log(grown), open_log(address)):
            tokens, flaws = check_tokens(reader, roots)
            assert [found.size for found in tokens] == [7, 607]
            assert tokens[0] == token
            assert flaws == ()
    (tmp_path / "text").write_text(text)
    openssl(tmp_path, "ts", "-verify", "-data", "text", "-in", str(grown / "timestamps/7.tsr"), "-CAfile",
            str(authority / "ca.pem"), "-untrusted", str(authority / "tsa.pem"))  # fmt: skip


def test_tokens_that_do_not_hold(authority: Path, url: str, tmp_path: Path) -> None:
    """Another tree's token, a cut one, one that is gone, another authority: each is found (Z14)."""
    root, roots = write_log(tmp_path / "log", [3], joint_signer()), read_roots(authority / "ca.pem")
    request_token(open_log(root), root, url, roots)
    path, listed = root / "timestamps/7.tsr", root / "timestamps/sizes"
    good = path.read_bytes()

    def found(data: bytes | None, told: str = "7\n", certificates: Path = authority / "ca.pem") -> list[str]:
        path.unlink(missing_ok=True)
        if data is not None:
            path.write_bytes(data)
        listed.write_text(told)
        return [
            f"{flaw.kind.value} {flaw.where}"
            for flaw in check_tokens(open_log(root), read_roots(certificates))[1]
        ]

    assert found(good) == []
    assert found(None) == ["missing timestamps/7.tsr"]
    for data in (good[:-1], b"", good[:100] + bytes([good[100] ^ 1]) + good[101:], bytes(70_000)):
        assert found(data) == ["invalid timestamps/7.tsr"]
    assert found(good, certificates=authority / "tsa.pem") in ([], ["invalid timestamps/7.tsr"])
    (root / "timestamps/5.tsr").write_bytes(good)
    assert found(good, "5\n7\n") == ["invalid timestamps/5.tsr"]
    (root / "timestamps/99.tsr").write_bytes(good)
    assert found(good, "7\n99\n") == ["invalid timestamps/99.tsr"]
    for broken in ("7", "07\n", "x\n", "\xff\n"):
        listed.write_bytes(broken.encode("latin-1"))
        with pytest.raises(VerificationError, match="list of time tokens is broken"):
            sizes(open_log(root))


def test_an_answer_that_is_not_to_the_question_is_not_kept(authority: Path, url: str, tmp_path: Path) -> None:
    """A replayed token, an error page, a refusal and silence leave nothing behind."""
    root, roots = write_log(tmp_path / "log", [3], joint_signer()), read_roots(authority / "ca.pem")
    request_token(open_log(root), root, url, roots)
    replayed = (root / "timestamps/7.tsr").read_bytes()
    fresh = write_log(tmp_path / "fresh", [3], joint_signer())
    refusal = bytes.fromhex("30053003020102")
    for bad in (replayed, b"<html>", refusal):
        with (
            scripted(partial(always, bad)) as (address, _),
            pytest.raises(VerificationError),
        ):
            request_token(open_log(fresh), fresh, address, roots)
    with (
        scripted(lambda _, __: (500, {}, b"")) as (address, _),
        pytest.raises(ConfigError, match="answers 500"),
    ):
        request_token(open_log(fresh), fresh, address, roots)
    with scripted(lambda _, __: (200, {}, bytes(100_000))) as (address, _), pytest.raises(ConfigError):
        request_token(open_log(fresh), fresh, address, roots)
    with pytest.raises(ConfigError, match="does not answer"):
        request_token(open_log(fresh), fresh, "http://127.0.0.1:1/", roots)
    with pytest.raises(ConfigError, match="no authority's address"):
        request_token(open_log(fresh), fresh, "tsa.example", roots)
    assert not (fresh / "timestamps").exists()


def test_certificates(tmp_path: Path) -> None:
    """A file that is none is told."""
    with pytest.raises(ConfigError, match="can't be read"):
        read_roots(tmp_path / "nowhere")
    (tmp_path / "bad").write_text("x")
    with pytest.raises(ConfigError, match="holds no PEM certificate"):
        read_roots(tmp_path / "bad")


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the package is not installed, that is said, with the command that installs it."""
    monkeypatch.setitem(__import__("sys").modules, "rfc3161_client", None)
    assert not available()
    with pytest.raises(ConfigError, match="not installed") as caught:
        timestamps._client()
    assert "zoneproxy[timestamps]" in caught.value.hint

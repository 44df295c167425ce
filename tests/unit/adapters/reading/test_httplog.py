"""`zoneproxy.adapters.reading.httplog`: a log's files from a server that nobody trusts."""

from __future__ import annotations

import gzip
import socket
import threading
from pathlib import Path

import pytest

from tests.support.logs import signer, write_log
from tests.support.served import scripted
from zoneproxy.adapters.reading.httplog import AHEAD, HttpFiles, is_url
from zoneproxy.terms.errors import ConfigError, VerificationError
from zoneproxy.trace.reader import LogReader

FAST = 0.001


def test_what_is_an_address() -> None:
    """Only web addresses are; one with a query, a fragment or a password is refused."""
    assert is_url("https://zone.example/log")
    assert is_url("HTTP://127.0.0.1:80")
    assert not is_url("/var/log")
    assert not is_url("ftp://zone.example")
    for bad in ("http://", "http://h/?q", "http://h/#f", "http://user@h/", "/var/log"):
        with pytest.raises(ConfigError, match="no log's address"):
            HttpFiles(bad)


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_file_that_is_not_there(status: int) -> None:
    """Missing is missing, as on a disk, also where object storage may not say so."""
    with scripted(lambda _, __: (status, {}, b"no")) as (url, asked):
        assert HttpFiles(url + "/").read_limited("checkpoint", 10) is None
        assert asked == ["/checkpoint"]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_errors_are_tried_again(status: int) -> None:
    """Two errors and then an answer is an answer; errors without end are no evidence against the log."""
    with scripted(lambda _, count: (status if count < 3 else 200, {}, b"here")) as (url, _):
        assert HttpFiles(url, backoff_s=FAST).read_limited("checkpoint", 10) == b"here"
    with (
        scripted(lambda _, __: (status, {"retry-after": "3600"}, b"")) as (url, asked),
        pytest.raises(ConfigError, match=f"the server answers {status}") as caught,
    ):
        HttpFiles(url, backoff_s=FAST).read_limited("checkpoint", 10)
    assert len(asked) == 3
    assert "says nothing about the log" in caught.value.hint


def test_an_answer_that_breaks_off_is_tried_again() -> None:
    """A body shorter than promised is not believed: it is asked for again, then given up."""
    with scripted(lambda _, count: (200, {"content-length": "9"} if count < 3 else {}, b"here")) as (url, _):
        assert HttpFiles(url, backoff_s=FAST).read_limited("checkpoint", 10) == b"here"
    with (
        scripted(lambda _, __: (200, {"content-length": "9"}, b"here")) as (url, _),
        pytest.raises(ConfigError, match="the connection broke off"),
    ):
        HttpFiles(url, backoff_s=FAST).read_limited("checkpoint", 10)


def test_nothing_is_longer_than_its_bound() -> None:
    """A file that is too long, also one that only becomes so by decompression, is refused, not held."""
    bomb = gzip.compress(bytes(50_000_000))
    with (
        scripted(lambda _, __: (200, {"content-encoding": "gzip"}, bomb)) as (url, _),
        pytest.raises(VerificationError, match="longer than 1000 bytes"),
    ):
        HttpFiles(url).read_limited("checkpoint", 1000)
    with scripted(lambda _, __: (200, {}, bytes(1001))) as (url, _):
        with pytest.raises(VerificationError, match="longer than 1000 bytes"):
            HttpFiles(url).read_limited("checkpoint", 1000)
        assert HttpFiles(url).read_limited("checkpoint", 1001) == bytes(1001)


def test_compressed_files_are_opened_and_broken_ones_refused() -> None:
    """Gzip without being asked is allowed by tlog-tiles; what is no gzip is no answer."""
    with scripted(lambda _, __: (200, {"content-encoding": "gzip"}, gzip.compress(b"here"))) as (url, _):
        assert HttpFiles(url).read_limited("tile/entries/000", 10) == b"here"
    with (
        scripted(lambda _, __: (200, {"content-encoding": "gzip"}, b"here")) as (url, _),
        pytest.raises(ConfigError, match="compression is broken"),
    ):
        HttpFiles(url, backoff_s=FAST).read_limited("checkpoint", 10)


def test_redirects_are_not_followed() -> None:
    """A server can't send a reader elsewhere."""
    with (
        scripted(lambda _, __: (302, {"location": "/other"}, b"")) as (url, asked),
        pytest.raises(ConfigError, match="answers 302"),
    ):
        HttpFiles(url, backoff_s=FAST).read_limited("checkpoint", 10)
    assert "/other" not in asked


def test_nobody_there() -> None:
    """A closed port, and a peer that speaks no HTTP, are told in plain words."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(ConfigError, match="nobody answers there"):
        HttpFiles(f"http://127.0.0.1:{port}", tries=1).read_limited("checkpoint", 10)
    with socket.create_server(("127.0.0.1", 0)) as rude:

        def answer() -> None:
            peer, _ = rude.accept()
            peer.recv(4096)
            peer.sendall(b"220 mail.example\r\n")
            peer.close()

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        with pytest.raises(ConfigError, match=r"can't be read"):
            HttpFiles(f"http://127.0.0.1:{rude.getsockname()[1]}", tries=1).read_limited("checkpoint", 10)
        thread.join(5)


def test_a_certificate_of_nobody_is_refused() -> None:
    """TLS is verified: a peer that can't show a certificate is not read."""
    with socket.create_server(("127.0.0.1", 0)) as plain:

        def hang_up() -> None:
            plain.accept()[0].close()

        thread = threading.Thread(target=hang_up, daemon=True)
        thread.start()
        with pytest.raises(ConfigError):
            HttpFiles(f"https://127.0.0.1:{plain.getsockname()[1]}", tries=1).read_limited("checkpoint", 10)
        thread.join(5)


def test_the_next_files_are_under_way(tmp_path: Path) -> None:
    """Files that are asked for in a row are fetched ahead, each once, and none that is not there."""
    root = write_log(tmp_path / "log", [128 * 5])
    files = {f"/{path.relative_to(root)}": path.read_bytes() for path in root.rglob("*") if path.is_file()}

    def script(path: str, _: int) -> tuple[int, dict[str, str], bytes]:
        return (200, {}, files[path]) if path in files else (404, {}, b"")

    with scripted(script) as (url, asked):
        web = HttpFiles(url)
        reader = LogReader(web.read_limited, signer().verifiers)
        assert sum(1 for _ in reader.entries()) == 128 * 5 * 2 + 1
        web.close()
        bundles = [path for path in asked if path.startswith("/tile/entries/")]
        assert sorted(bundles) == sorted(set(bundles))
        assert len(bundles) == 6
        assert all(path in files for path in asked)
    assert AHEAD > 1


def test_a_full_tile_stands_in_for_a_partial_one_that_is_gone(tmp_path: Path) -> None:
    """A log may delete a partial file once the full one is there (C2SP tlog-tiles)."""
    root = write_log(tmp_path / "log", [2])
    note = (root / "checkpoint").read_bytes()
    grown = write_log(tmp_path / "grown", [2, 200])
    files = {f"/{path.relative_to(grown)}": path.read_bytes() for path in grown.rglob("*") if path.is_file()}
    with scripted(
        lambda path, _: (200, {}, files[path]) if path in files and ".p/" not in path else (404, {}, b"")
    ) as (url, _):
        web = HttpFiles(url)
        reader = LogReader(web.read_limited, signer().verifiers, note=note)
        assert [index for index, _ in reader.entries()] == list(range(5))
        web.close()

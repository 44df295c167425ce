"""`zoneproxy.adapters.serving.desk`: what is answered to whoever asks for a log."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.support.logs import ORIGIN, joint_signer, signer, write_log
from zoneproxy.adapters.keys.ticket import publish_ticket_key
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.adapters.serving.desk import Answer, LogDesk
from zoneproxy.trace.omission import read_leaf
from zoneproxy.trace.proof import check_proof, parse_proof
from zoneproxy.trace.ticket import Ticket, header_value, key_name, sign_ticket

TICKET_KEY = signer(key_name(ORIGIN))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = write_log(tmp_path / "log", [2, 200], joint_signer())
    publish_ticket_key(made, TICKET_KEY)
    return made


def fields(answer: Answer) -> dict[str, str]:
    return dict(answer.headers)


def test_public_files_are_given_as_they_are(root: Path) -> None:
    """Every public file comes byte by byte, with its type and how long it is good."""
    desk = LogDesk(root)
    for path in ("checkpoint", "tile/0/000", "tile/entries/001.p/149", "log.json"):
        answer = desk.answer("GET", f"/{path}", {})
        assert (answer.status, answer.body) == (200, (root / path).read_bytes())
    assert fields(desk.answer("GET", "/tile/0/000", {}))["cache-control"].endswith("immutable")
    assert "max-age=1," in fields(desk.answer("GET", "/checkpoint", {}))["cache-control"]


@pytest.mark.parametrize(
    "target",
    [
        "/state/signed", "/state/lock", "/open/000", "/wal/00000000000000000000.wal", "/../log/checkpoint",
        "/", "checkpoint", "//checkpoint", "/tile/0/../../state/signed", "/%2e%2e/zone.yaml", "/checkpoint/",
        "/receipt/", "/receipt/01", "/receipt/-1", "/receipt/1/",
        "http://127.0.0.1/checkpoint", "*", "/tile/0/999",
    ],
)  # fmt: skip
def test_nothing_private_and_nothing_above(root: Path, target: str) -> None:
    """What is private, elsewhere or not there is told in the same words (Z17)."""
    answer = LogDesk(root).answer("GET", target, {})
    assert (answer.status, answer.body) == (404, b"there is no such file\n")


def test_a_link_is_not_followed(root: Path, tmp_path: Path) -> None:
    """Whoever may write links into the log's directory can't publish other files by them."""
    (tmp_path / "secret").write_text("secret")
    tile = root / "tile/0/000"
    tile.unlink()
    tile.symlink_to(tmp_path / "secret")
    assert LogDesk(root).answer("GET", "/tile/0/000", {}).status == 404


def test_versions_and_compression(root: Path) -> None:
    """An asker that has the file is told so; gzip comes to whoever takes it, under a mark of its own."""
    desk = LogDesk(root)
    plain = desk.answer("GET", "/tile/entries/000", {})
    small = desk.answer("GET", "/tile/entries/000", {"accept-encoding": "br, gzip;q=0.5"})
    assert gzip.decompress(small.body) == plain.body
    assert fields(small)["etag"] != fields(plain)["etag"]
    assert fields(small)["vary"] == fields(plain)["vary"] == "accept-encoding"
    for refused in ("gzip;q=0", "gzip; q=0.000", "identity", ""):
        assert desk.answer("GET", "/tile/entries/000", {"accept-encoding": refused}).body == plain.body
    for known in (fields(plain)["etag"], f'"x", W/{fields(plain)["etag"]}', "*"):
        answer = desk.answer("GET", "/tile/entries/000", {"if-none-match": known})
        assert (answer.status, answer.body) == (304, b"")
    assert desk.answer("GET", "/tile/entries/000", {"if-none-match": '"other"'}).status == 200
    assert "content-encoding" not in fields(desk.answer("GET", "/tile/0/000", {"accept-encoding": "gzip"}))


def test_only_reading(root: Path) -> None:
    """Nothing can be sent."""
    answer = LogDesk(root).answer("POST", "/checkpoint", {})
    assert (answer.status, fields(answer)["allow"]) == (405, "GET, HEAD")


def test_receipts_hold(root: Path) -> None:
    """A receipt is a proof file that is checked without the log (Z14, Z19)."""
    desk = LogDesk(root)
    for index in (0, 255, 256, 404):
        answer = desk.answer("GET", f"/receipt/{index}", {})
        proof = parse_proof(answer.body)
        assert proof.index == index
        check_proof(proof, joint_signer().verifiers)
        assert f'filename="{index}.tlog-proof"' in fields(answer)["content-disposition"]
    beyond = desk.answer("GET", "/receipt/405", {})
    assert (beyond.status, fields(beyond)["retry-after"]) == (404, "2")


def test_a_receipt_that_does_not_hold_is_not_given(root: Path) -> None:
    """Where the files do not show the entry there is no receipt, and no word of why."""
    bundle = root / "tile/entries/000"
    bundle.chmod(0o644)
    data = bytearray(bundle.read_bytes())
    data[40] ^= 1
    bundle.write_bytes(data)
    assert LogDesk(root).answer("GET", "/receipt/0", {}).status == 500


def test_receipts_for_those_who_hold_the_ticket(root: Path) -> None:
    """With receipts only, each caller gets its own entries and no other's (Z7)."""
    desk = LogDesk(root, receipts_only=True)
    reader = open_log(root)

    def ask(index: int, of: int, leaf: bytes | None = None, number: int = 1) -> int:
        ticket = Ticket(ORIGIN, of, leaf or read_leaf(reader, of)[0], 0)
        value = header_value(sign_ticket(ticket, signer(key_name(ORIGIN), number)))
        return desk.answer("GET", f"/receipt/{index}", {"zone-trace-ticket": value}).status

    assert ask(7, 7) == 200
    assert ask(8, 7) == ask(7, 7, bytes(32)) == ask(7, 7, number=2) == 403
    assert desk.answer("GET", "/receipt/7", {}).status == 403
    assert desk.answer("GET", "/receipt/7", {"zone-trace-ticket": "x"}).status == 403
    assert ask(405, 405, bytes(32)) == 404
    for path in ("/checkpoint", "/tile/0/000", "/log.json"):
        assert desk.answer("GET", path, {}).status == 404

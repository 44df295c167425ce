"""Registered data through a real proxy: refused, a near miss passes, revoked it passes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from demo.echo_server import EchoServer, serving
from tests.support import registered_data
from tests.support.boundary_lab import Lab, lab
from tests.support.zone_world import CREDENTIAL
from zoneproxy.adapters.data.registered import read_index, revoke_index

pytestmark = pytest.mark.live

ROW = "the file of 周明霞 is ZX-2024-00917, and that is all"
NEAR_MISS = "the file of 周明霞 is ZX-2024-00918, and that is all"
DATA_MIXED = "policy-domestic-data-mixed"


@pytest.fixture
def upstream() -> Iterator[EchoServer]:
    with serving() as server:
        yield server


def chat(text: str, *, stream: bool = False) -> bytes:
    request = {"model": "zone-llm-01", "messages": [{"role": "user", "content": text}], "stream": stream}
    body = json.dumps(request).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: zone\r\nauthorization: Bearer {CREDENTIAL}\r\n"
        f"content-type: application/json\r\nconnection: close\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def register(running: Lab, path: Path, key: Path) -> None:
    """Put what the files hold now in the place of what is looked for, as a zone's reload does."""
    index = read_index(path, key, today=registered_data.TODAY).index
    rules = running.core.rules
    scan = replace(rules.scan, registered=() if index is None else (index,))
    running.core.rules = replace(rules, scan=scan)


async def test_a_registered_row_is_refused_until_it_is_revoked(upstream: EchoServer, tmp_path: Path) -> None:
    """Z11, Z12: the row is refused, in any disguise; a near miss passes; revoked, the row passes."""
    path, key = registered_data.make(tmp_path)
    async with lab(upstream.port) as running:
        register(running, path, key)
        for text in (ROW, ROW.replace("-", " "), "\u200b".join(ROW), ROW.swapcase()):
            answer = await running.raw(chat(text))
            assert answer.startswith(b"HTTP/1.1 403 "), answer
            assert DATA_MIXED.encode() in answer
            assert b"00917" not in answer
        assert not upstream.seen
        kinds = {one["kind"] for one in running.journal.entries[0][1]["findings"]}
        assert kinds == {f"registered_{what}:{registered_data.ID}" for what in ("cell", "row")}

        assert (await running.raw(chat(NEAR_MISS))).startswith(b"HTTP/1.1 200 ")

        revoke_index(path, key, today=registered_data.TODAY, reason="consent withdrawn")
        assert (await running.raw(chat(ROW))).startswith(b"HTTP/1.1 403 ")
        register(running, path, key)
        assert (await running.raw(chat(ROW))).startswith(b"HTTP/1.1 200 ")


async def test_an_answer_that_gives_out_a_registered_value_is_cut(
    upstream: EchoServer, tmp_path: Path
) -> None:
    """Z11, Z12: whole answers are withheld; of a stream nothing of the value has left when it is cut."""
    async with lab(upstream.port) as running:
        register(running, *registered_data.make(tmp_path))
        backwards = "echo-reversed: " + ROW[::-1]
        whole = await running.raw(chat(backwards))
        assert b"00917" not in whole
        assert DATA_MIXED.encode() in whole
        cut = await running.raw(chat(backwards, stream=True))
        assert cut.startswith(b"HTTP/1.1 200 ")
        assert b"the file" in cut.replace(b'"}', b"") or b"file " in cut
        assert b"ZX" not in cut
        assert b"00917" not in cut
        assert DATA_MIXED.encode() in cut
        assert [kind for kind, _, reason in running.journal.verdicts() if reason == DATA_MIXED] == [
            "return"
        ] * 2


async def test_a_passage_of_a_registered_document_is_refused(upstream: EchoServer, tmp_path: Path) -> None:
    """Z12: a piece of about 50 characters, in other words' midst."""
    async with lab(upstream.port) as running:
        register(running, *registered_data.make(tmp_path))
        piece = registered_data.DOCUMENT[30:110]
        assert (await running.raw(chat(f"please translate: {piece}"))).startswith(b"HTTP/1.1 403 ")
        assert (await running.raw(chat(f"please translate: {piece[:24]}"))).startswith(b"HTTP/1.1 200 ")

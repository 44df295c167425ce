"""The scanner: a clean chat request of 1 KB, and the bodies of the development corpus.

- `content.request`: CPU of reading and scanning clean requests of 1 KB, each with other words, against
  `json.loads` of the same bodies.
- `content.corpus`: CPU of scanning every body of `../shared/data/detection/dev.jsonl` through its encodings
  and containers, against one bare pass of NFKC and a regular expression for long numbers over the same
  bytes. Left out where the corpus is not there.
- `content.token`: CPU of one token event of a clean stream through the window.
- `content.argus`, `content.presidio`: how many times more bytes of the corpus a CPU second scans than that
  of a peer, in the same run; only where `PEERS_PYTHON` names an interpreter that has them (`peer_scanners`).
"""

from __future__ import annotations

import base64
import json
import os
import re
import statistics
import subprocess
import time
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

from bench.load import chat, words
from bench.results import ROOT, in_turns, keep, ratio
from zoneproxy.content.dialects import recognise
from zoneproxy.content.request import RequestLimits, read_request
from zoneproxy.content.scan import ScanSettings, scan_body, scan_text
from zoneproxy.content.stream import AnswerStream

CORPUS = ROOT.parent / "shared" / "data" / "detection" / "dev.jsonl"
REQUESTS = 500
_SETTINGS = ScanSettings(2, bytes(32))
_NUMBER = re.compile(r"\d{11,19}")
_BODY_BYTES = 1024
_WORDS_ASKED = 80
_STREAMS = 20
_MEGA = 1e6


def cpu_of(work: Callable[[Any], object], pieces: Sequence[Any]) -> Callable[[], float]:
    """Return a measurement: CPU seconds of doing a work for each piece."""

    def measure() -> float:
        began = time.process_time()
        for piece in pieces:
            work(piece)
        return time.process_time() - began

    return measure


def scan_request(body: bytes) -> None:
    """Read a request and scan every string in it, as the boundary does."""
    endpoint = recognise("POST", "/v1/chat/completions")
    if endpoint is None:
        raise ValueError("chat is no known endpoint")
    reading = read_request(endpoint, "application/json", None, body, RequestLimits())
    if reading.state != "ok" or any(scan_text(text, owner, _SETTINGS) for owner, text in reading.segments):
        raise ValueError("the request is not clean")


def scan_record(record: tuple[bytes, str | None, str | None]) -> None:
    """Scan a body of the corpus."""
    scan_body(*record, _SETTINGS)


def bare_pass(record: tuple[bytes, str | None, str | None]) -> None:
    """Normalise a body and look for long numbers."""
    _NUMBER.findall(unicodedata.normalize("NFKC", record[0].decode("utf-8", "replace")))


def corpus() -> list[tuple[bytes, str | None, str | None]]:
    """Read the bodies, each with its type and encoding; none where the corpus is not there."""
    if not CORPUS.is_file():
        return []
    found = []
    for line in CORPUS.read_bytes().splitlines():
        record = json.loads(line)
        coded = record.get("body_b64")
        data = base64.b64decode(coded) if coded else record.get("text", "").encode()
        found.append((data, record["content_type"] or None, record["content_encoding"] or None))
    return found


def token(text: str) -> bytes:
    """One token event of a streamed chat answer."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    chunk = {"id": "chatcmpl-a", "object": "chat.completion.chunk", "created": 1, "choices": [choice]}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def scan_stream(events: Sequence[bytes]) -> None:
    """Take a stream in event by event."""
    endpoint = recognise("POST", "/v1/chat/completions")
    if endpoint is None:
        raise ValueError("chat is no known endpoint")
    stream = AnswerStream(endpoint, _SETTINGS, strip_usage=False)
    for event in events:
        stream.feed(event)


def peers() -> dict[str, float]:
    """Measure the peers, in MB of the corpus for each CPU second; none where they are not there."""
    python = os.environ.get("PEERS_PYTHON")
    if not python:
        return {}
    command = [python, "-W", "ignore", str(ROOT / "bench" / "peer_scanners.py"), str(CORPUS)]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return {name: seen["bytes"] / _MEGA / seen["cpu_s"] for name, seen in told.items()}


def main() -> None:
    """Measure, print and keep."""
    bodies = [
        chat(words(_WORDS_ASKED, seed), credential="", size_bytes=_BODY_BYTES).partition(b"\r\n\r\n")[2]
        for seed in range(REQUESTS)
    ]
    scanned, parsed = in_turns(cpu_of(scan_request, bodies), cpu_of(json.loads, bodies), rounds=5)
    ratios = {"content.request": ratio(scanned, parsed)}
    figures = {"content.request.us": statistics.median(scanned) / REQUESTS * _MEGA}
    events = [token(word + " ") for word in words(_WORDS_ASKED, 1).split()]
    streamed, read = in_turns(cpu_of(scan_stream, [events] * _STREAMS), cpu_of(json.loads, bodies), rounds=5)
    figures["content.token.us"] = statistics.median(streamed) / (_STREAMS * len(events)) * _MEGA
    ratios["content.token"] = ratio(streamed, read)
    if records := corpus():
        whole, bare = in_turns(cpu_of(scan_record, records), cpu_of(bare_pass, records))
        ratios["content.corpus"] = ratio(whole, bare)
        size_mb = sum(len(data) for data, _, _ in records) / _MEGA
        figures["content.corpus.mb_per_cpu_s"] = size_mb / statistics.median(whole)
        for name, rate in peers().items():
            figures[f"content.{name}.mb_per_cpu_s"] = rate
            figures[f"content.{name}.times"] = figures["content.corpus.mb_per_cpu_s"] / rate
    keep(ratios, figures)


if __name__ == "__main__":
    main()

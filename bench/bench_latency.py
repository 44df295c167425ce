"""What the boundary adds to the time of one request at low load, and to a stream's first token.

One caller asks one thing at a time, in turns of three: the model server itself, a bare proxy before it
(`mitmdump --quiet` that streams), the boundary before it. Between the turns one block is appended to a file
on the log's disk and flushed, as the log flushes a record. All of them meet the same neighbours.

- `latency.request.added.p99.ms`: the 99th percentile of a chat request of 1 KB through the boundary, less
  that of the bare proxy, less that of one flush. A request waits for two flushes: its decision is durable
  before it is forwarded, its end before the last byte leaves.
- `latency.first_token.added.ms`: the median time to the first event of a paced stream (a token every
  10 ms) through the boundary, less that of the bare proxy, less one flush, less the hold-back.
- `latency.hold_back.events`: how many more events the scanner waits for before it lets the first one go,
  counted with the scanner alone: an event waits as long as its text may still become an identifier. Plain
  words: none. An answer of nothing but numbers, the longest: until 160 characters wait.
- `latency.hold_back.ms`: the same in time, as the bare proxy's events came.
- `latency.numbers.added.ms`: as `first_token.added`, for that answer of numbers.
- `latency.event.late.p99.ms`: the 99th percentile of the pauses between two events of words, less that of
  the bare proxy.

1,000 requests by default, 5,000 with `ZONE_BENCH_LONG=1`. Only a quiet machine gives figures worth keeping.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from bench.bench_boundary import bare_proxy
from bench.caller import Caller
from bench.load import LoadError, Target, chat, words
from bench.results import LONG, SCRATCH, keep
from bench.spread import quantile
from demo import scripts
from demo.programs import running
from tests.support.zone_process import make_zone
from zoneproxy.content.dialects import recognise
from zoneproxy.content.scan import ScanSettings
from zoneproxy.content.stream import AnswerStream

REQUESTS = 5_000 if LONG else 1_000
STREAMS = 200 if LONG else 50
NUMBER_STREAMS = 30 if LONG else 8
EVENTS = 12
NUMBERS = 64
PAUSE_S = 0.01
_REST_S = 0.002
_BODY_BYTES = 1024
_WORDS_ASKED = 80
_BLOCK = bytes(4096)
_MILLI = 1e3
_LEVEL = 2
_SOURCE = "127.0.10.9"
WAYS = ("direct", "bare", "boundary")


class Disk:
    """A file on the log's disk that grows by a block and is flushed, as the log's own.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def flush(self) -> float:
        """Return the seconds of one append with its flush."""
        began = time.perf_counter()
        os.write(self._handle, _BLOCK)
        os.fdatasync(self._handle)
        return time.perf_counter() - began

    def close(self) -> None:
        """Close the file."""
        os.close(self._handle)


def held_events(tokens: Iterable[str]) -> int:
    """Count the events that must follow an answer's first one before the scanner lets it go.

    Raises:
        LoadError: it waits for the answer's end.
    """
    endpoint = recognise("POST", "/v1/chat/completions")
    if endpoint is None:
        raise LoadError("chat is no known endpoint")
    stream = AnswerStream(endpoint, ScanSettings(_LEVEL, bytes(32)), strip_usage=False)
    for number, token in enumerate(tokens):
        choice = {"index": 0, "delta": {"content": token}, "finish_reason": None}
        if stream.feed(b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n").release:
            return number
    raise LoadError("the first event waits for the answer's end")


def rotated[T](ways: Sequence[T], turn: int) -> list[T]:
    """Return the ways in the order of a turn: each comes first equally often."""
    at = turn % len(ways)
    return [*ways[at:], *ways[:at]]


def in_rotation[T](
    count: int, works: Mapping[str, Callable[[int], T]], between: Callable[[], object]
) -> dict[str, list[T]]:
    """Do each work `count` times, one after the other in changing order; return what each gave."""
    seen: dict[str, list[T]] = {name: [] for name in works}
    for turn in range(count):
        for name in rotated(list(works), turn):
            time.sleep(_REST_S)
            seen[name].append(works[name](turn))
        between()
    return seen


def added(seen: Mapping[str, Sequence[float]], flushes: Sequence[float], share: float) -> float:
    """Return what a share of the boundary's times has beyond the bare proxy's and a flush's."""
    ours, theirs = (quantile(seen[way], share) for way in ("boundary", "bare"))
    return ours - theirs - quantile(flushes, share)


def measure_requests(callers: Mapping[str, Caller], credential: str, disk: Disk) -> dict[str, float]:
    """Time whole answers; return figures."""
    requests = [
        chat(words(_WORDS_ASKED, seed), credential=credential, size_bytes=_BODY_BYTES)
        for seed in range(REQUESTS)
    ]
    for caller in callers.values():
        for request in requests[: REQUESTS // 10]:
            caller.ask(request)
    flushes: list[float] = []
    works = {name: (lambda turn, one=one: one.ask(requests[turn])) for name, one in callers.items()}
    seen = in_rotation(REQUESTS, works, lambda: flushes.append(disk.flush()))
    figures = {"latency.request.count": float(REQUESTS)}
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        for way, times in (*seen.items(), ("flush", flushes)):
            figures[f"latency.request.{way}.{name}.ms"] = quantile(times, share) * _MILLI
        figures[f"latency.request.added.{name}.ms"] = added(seen, flushes, share) * _MILLI
    return figures


def measure_streams(
    callers: Mapping[str, Caller], request: Callable[[int], bytes], count: int, disk: Disk
) -> tuple[dict[str, list[list[float]]], list[float]]:
    """Listen to streams; return the times of their events by way, and the flushes between."""
    flushes: list[float] = []
    works = {name: (lambda turn, one=one: one.listen(request(turn))) for name, one in callers.items()}
    return in_rotation(count, works, lambda: flushes.append(disk.flush())), flushes


def first_figures(callers: Mapping[str, Caller], credential: str, disk: Disk) -> dict[str, float]:
    """Time the first events, of words and of numbers; return figures."""
    texts = [words(EVENTS, seed) for seed in range(STREAMS)]
    held = max(held_events(scripts.words(text)) for text in texts)

    def asked(text: str) -> bytes:
        return chat(text, credential=credential, stream=True)

    plain, flushes = measure_streams(callers, lambda turn: asked(texts[turn]), STREAMS, disk)
    script = f"events-{NUMBERS}"
    wait = held_events(scripts.answer(script, ""))
    numbers, more = measure_streams(callers, lambda _: asked(f"{script}: go"), NUMBER_STREAMS, disk)
    flush = statistics.median(flushes + more)
    first = {way: statistics.median(times[0] for times in plain[way]) for way in WAYS}
    hold = statistics.median(times[held] - times[0] for times in plain["bare"])
    late = {way: statistics.median(times[0] for times in numbers[way]) for way in WAYS}
    long = statistics.median(times[wait] - times[0] for times in numbers["bare"])
    pauses = {
        way: quantile([b - a for times in plain[way] for a, b in itertools.pairwise(times)], 0.99)
        for way in WAYS
    }
    figures = {f"latency.first_token.{way}.ms": first[way] * _MILLI for way in WAYS}
    figures |= {f"latency.event.{way}.p99.ms": pauses[way] * _MILLI for way in WAYS}
    return figures | {
        "latency.first_token.added.ms": (first["boundary"] - first["bare"] - flush - hold) * _MILLI,
        "latency.first_token.held.events": float(held),
        "latency.numbers.ms": late["boundary"] * _MILLI,
        "latency.numbers.added.ms": (late["boundary"] - late["bare"] - flush - long) * _MILLI,
        "latency.hold_back.events": float(wait),
        "latency.hold_back.ms": long * _MILLI,
        "latency.event.late.p99.ms": (pauses["boundary"] - pauses["bare"]) * _MILLI,
    }


def main() -> None:
    """Measure, print and keep."""
    SCRATCH.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=SCRATCH)))
        model = [sys.executable, "-m", "demo.echo_server", "--pause", str(PAUSE_S)]
        upstream_port = int(stack.enter_context(running(model)).url.rpartition(":")[2])
        zone = make_zone(folder / "zone", upstream_port)
        stack.enter_context(zone.serving())
        _, bare_port = stack.enter_context(bare_proxy(folder / "bare", upstream_port))
        targets = {
            "direct": Target("127.0.0.1", upstream_port, _SOURCE),
            "bare": Target("127.0.0.1", bare_port, _SOURCE),
            "boundary": Target("127.0.10.1", zone.port, _SOURCE),
        }
        callers = {way: stack.enter_context(Caller(targets[way])) for way in WAYS}
        disk = stack.enter_context(contextlib.closing(Disk(folder / "flushed")))
        credential = zone.credentials["toyco-sg"]
        figures = measure_requests(callers, credential, disk)
        figures |= first_figures(callers, credential, disk)
    keep({}, figures)


if __name__ == "__main__":
    main()

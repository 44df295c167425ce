"""CPU of the whole boundary for a request and for a streamed event, against a bare proxy that only streams.

Both stand before the same model server (the demo's scripted one, in a process of its own) and get the same
load in turns: chat requests of 1 KB answered with JSON of 2 KB, and streams of 200 events, one every 10 ms.
The boundary tags, scans, judges, writes two durable records and meters; the peer, `mitmdump --quiet` with
`stream_large_bodies=1`, does none of it. CPU is that of each process tree; the load and the model server
are not counted. A ratio is the median of those of five turns; how far they lie apart is told beside it.
"""

from __future__ import annotations

import contextlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bench.load import CONNECTIONS, LoadError, Target, chat, drive, words
from bench.processes import cpu_seconds, resident_mb
from bench.results import SCRATCH, in_turns, keep, ratio
from demo.programs import StartError, running
from tests.support.ports import free_port
from tests.support.zone_process import make_zone

REQUESTS = 480
STREAMS = 2 * CONNECTIONS
EVENTS = 200
_BODY_BYTES = 1024
_WORDS_ASKED = 80
_ANSWER = "words-250: "  # some 1,750 bytes of text: 2 KB with what stands around it
_TURNS = 5
_MICRO = 1e6
_SOURCE = "127.0.10.9"
_START_SECONDS = 30.0


@contextlib.contextmanager
def bare_proxy(folder: Path, upstream_port: int) -> Iterator[tuple[int, int]]:
    """Run the peer; give its process id and port."""
    port = free_port()
    program = str(Path(sys.executable).with_name("mitmdump"))
    mode = f"reverse:http://127.0.0.1:{upstream_port}@127.0.0.1:{port}"
    settings = ["--set", "stream_large_bodies=1", "--set", f"confdir={folder}"]
    process = subprocess.Popen(
        [program, "--quiet", "--mode", mode, *settings], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(port)
        yield process.pid, port
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port: int) -> None:
    late = time.monotonic() + _START_SECONDS
    while time.monotonic() < late:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise StartError("the bare proxy did not get ready")


def cpu_of(pid: int, target: Target, requests: Sequence[bytes], events: int = 0) -> Callable[[], float]:
    """Return a measurement: microseconds of CPU for each request, or for each event where some are due."""

    def measure() -> float:
        began = cpu_seconds(pid)
        bodies = drive(target, requests)
        used = cpu_seconds(pid) - began
        seen = sum(body.count(b"data: {") for body in bodies)
        if seen < events * len(requests) or len(bodies) != len(requests):
            raise LoadError(f"{len(bodies)} answers with {seen} events arrived")
        return used * _MICRO / (seen if events else len(bodies))

    return measure


def main() -> None:
    """Measure, print and keep."""
    SCRATCH.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=SCRATCH)))
        model = [sys.executable, "-m", "demo.echo_server", "--pause", "0.01"]
        upstream_port = int(stack.enter_context(running(model)).url.rpartition(":")[2])
        zone = make_zone(folder / "zone", upstream_port)
        boundary = stack.enter_context(zone.serving()).process.pid
        bare, bare_port = stack.enter_context(bare_proxy(folder / "bare", upstream_port))
        credential = zone.credentials["toyco-sg"]
        plain = [
            chat(_ANSWER + words(_WORDS_ASKED, seed), credential=credential, size_bytes=_BODY_BYTES)
            for seed in range(REQUESTS)
        ]
        streams = [chat(words(EVENTS, seed), credential=credential, stream=True) for seed in range(STREAMS)]
        zone_target = Target("127.0.10.1", zone.port, _SOURCE)
        bare_target = Target("127.0.0.1", bare_port, _SOURCE)
        for target in (zone_target, bare_target):
            drive(target, plain[: REQUESTS // 2])
        by_request = in_turns(
            cpu_of(boundary, zone_target, plain), cpu_of(bare, bare_target, plain), rounds=_TURNS
        )
        by_event = in_turns(
            cpu_of(boundary, zone_target, streams, EVENTS),
            cpu_of(bare, bare_target, streams, EVENTS),
            rounds=_TURNS,
        )
        memory = resident_mb(boundary)
    figures = {"boundary.memory.mb": memory}
    for name, (ours, theirs) in (("request", by_request), ("event", by_event)):
        figures[f"boundary.{name}.us"] = statistics.median(ours)
        figures[f"boundary.{name}.bare.us"] = statistics.median(theirs)
        ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
        print(f"boundary.{name}: from {min(ratios):.2f} to {max(ratios):.2f} in {_TURNS} turns")
    keep({"boundary.request": ratio(*by_request), "boundary.event": ratio(*by_event)}, figures)


if __name__ == "__main__":
    main()

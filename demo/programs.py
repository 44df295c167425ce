"""Programs started beside this one: wait until they are ready, read what they said, end them."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent


class StartError(Exception):
    """A program ended, or stayed silent, before it said that it is ready."""


@dataclass(frozen=True, slots=True)
class Program:
    """A running program.

    Attributes:
        process: the process.
        ready: the line with which it said that it is ready.
    """

    process: subprocess.Popen[str]
    ready: str

    @property
    def url(self) -> str:
        """The last word of the ready line: where a model server listens."""
        return self.ready.split()[-1]


@contextlib.contextmanager
def running(command: Sequence[str], *, timeout_seconds: float = 60.0) -> Iterator[Program]:
    """Start a program, wait for its line `ready ...`, and end it with the `with` block.

    It is asked to end by closing its standard input and by SIGTERM; after ten seconds it is killed.

    Args:
        command: the program and its arguments.
        timeout_seconds: how long it may take to be ready.

    Raises:
        StartError: it did not get ready; the message carries the end of what it wrote to stderr.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=errors, text=True)
        # Whatever it prints once it is ready is read away, so that it never waits for its reader.
        reader = threading.Thread(target=_drain, args=(process.stdout,), daemon=True)
        try:
            ready = _wait_ready(process, errors, timeout_seconds)
            reader.start()
            yield Program(process, ready)
        finally:
            _end(process)
            if reader.is_alive():
                reader.join()
            if process.stdout is not None:
                process.stdout.close()


def _wait_ready(process: subprocess.Popen[str], errors: IO[str], timeout_seconds: float) -> str:
    late = threading.Timer(timeout_seconds, process.kill)
    late.start()
    try:
        for line in process.stdout or ():
            if line.startswith("ready"):
                return line.strip()
    finally:
        late.cancel()
    process.wait()
    errors.seek(0)
    said = errors.read()[-2000:].strip()
    raise StartError(f"the program did not get ready, and said: {said or 'nothing'}")


def _drain(stream: IO[str] | None) -> None:
    for _ in stream or ():
        pass


def _end(process: subprocess.Popen[str]) -> None:
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

"""Fuzz one target: `python -m tests.fuzz NAME [libFuzzer options]`.

It ends with exit code 0 after the runs that `-runs=N` allows, and with a stack trace at the first bytes
that break the rule; libFuzzer writes those beside it.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import atheris


def main(name: str, options: list[str]) -> None:
    """Fuzz until the options say that it is enough."""
    with atheris.instrument_imports(include=["zoneproxy"]):
        from tests.fuzz.targets import TARGETS  # noqa: PLC0415 - what is imported here is instrumented
    target = TARGETS[name]

    def one(data: bytes) -> None:
        try:
            target.run(data)
        except target.errors:
            return

    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(target.seeds):
            Path(corpus, str(number)).write_bytes(seed)
        # libFuzzer ends the process itself, so what lies here is cleared by the system's own cleaner.
        atheris.Setup([sys.argv[0], corpus, "-max_len=8192", "-timeout=20", *options], one)
        atheris.Fuzz()


if __name__ == "__main__":
    os.chdir(tempfile.gettempdir())  # where libFuzzer leaves what it found
    main(sys.argv[1], sys.argv[2:])

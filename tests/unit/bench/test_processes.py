"""`bench.processes`: what a process holds, and what it was started with."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

from bench.processes import command_line, cpu_seconds, holding, own_cpu_seconds, tree


def test_a_process_is_its_tree() -> None:
    """A child counts with its parent while it runs, and by itself."""
    command = [sys.executable, "-c", "print(sum(range(3_000_000)), flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert child.pid in tree(os.getpid())
        assert command_line(child.pid) == command
        assert cpu_seconds(os.getpid()) >= own_cpu_seconds(child.pid) > 0
        child.communicate(b"\n")


def test_who_is_gone_has_used_nothing() -> None:
    """A process that ended between two looks is no error."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert command_line(child.pid) == []
    assert own_cpu_seconds(child.pid) == 0


def test_files_and_threads_are_counted() -> None:
    """What would leak is seen one by one."""
    before = holding(os.getpid())
    stop = threading.Event()
    waiting = threading.Thread(target=stop.wait)
    waiting.start()
    with open(os.devnull, "rb"):  # noqa: PTH123 - one descriptor
        held = holding(os.getpid())
    stop.set()
    waiting.join()
    assert (held.files - before.files, held.threads - before.threads) == (1, 1)
    assert held.resident_mb > 1
    assert 0 < held.own_mb <= held.share_mb <= held.resident_mb

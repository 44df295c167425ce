"""Programs are waited for, and ended."""

from __future__ import annotations

import sys

import pytest

from demo.programs import StartError, running


def test_a_program_is_ready_when_it_says_so_and_ends_with_the_block():
    """What it printed before is passed over; afterwards it is gone."""
    text = "import sys; print('first'); print('ready http://x', flush=True); sys.stdin.read()"
    with running([sys.executable, "-c", text]) as program:
        assert program.url == "http://x"
        assert program.process.poll() is None
    assert program.process.poll() is not None


def test_a_program_that_fails_is_told_with_its_own_words():
    """The message carries what the program wrote to stderr."""
    text = "import sys; sys.exit('port is taken')"
    with pytest.raises(StartError, match="port is taken"), running([sys.executable, "-c", text]):
        pass


def test_a_silent_program_is_not_waited_for_for_ever():
    """Past its time it is killed and told."""
    text = "import time; time.sleep(60)"
    with pytest.raises(StartError), running([sys.executable, "-c", text], timeout_seconds=0.2):
        pass

"""`zoneproxy.adapters.logs`: the operator's log on stderr."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from zoneproxy.adapters.logs import configure


@pytest.fixture(autouse=True)
def kept() -> Iterator[None]:
    """Put the process' own logging back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_one_event_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    """To a file, each event is a JSON object with its level, logger and time in UTC."""
    configure()
    logging.getLogger("zoneproxy.test").warning("door shut", extra={"count": 3, "body": "secret"})
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    event = json.loads(lines[0])
    assert (event["event"], event["level"], event["logger"]) == ("door shut", "warning", "zoneproxy.test")
    assert event["count"] == 3
    assert event["timestamp"].endswith("Z")
    assert "secret" not in lines[0]


def test_an_exception_stays_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A traceback is part of the event, so that one line is still one event."""
    configure()
    try:
        int("planted")
    except ValueError:
        logging.getLogger("zoneproxy.test").exception("failed")
    (line,) = capsys.readouterr().err.splitlines()
    assert "planted" in json.loads(line)["exception"]


def test_levels(capsys: pytest.CaptureFixture[str]) -> None:
    """What is below the level is not written, and the proxy's chatter is not at all."""
    configure(logging.WARNING)
    logging.getLogger("zoneproxy.test").info("small talk")
    configure()
    logging.getLogger("mitmproxy.proxy.server").info("client connect")
    assert capsys.readouterr().err == ""

"""`zoneproxy.adapters.logs`: the operator's log on stderr."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator

import pytest

from zoneproxy.adapters import logs
from zoneproxy.adapters.logs import LINES_AT_ONCE, LINES_PER_MINUTE, configure


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


def test_no_caller_can_fill_the_disk_with_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Z22: each place writes so many lines, then counts; others, and what stands for records, go on."""
    now_s = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    configure()
    log = logging.getLogger("zoneproxy.test")

    def flood(times: int) -> None:
        for number in range(times):
            log.info("closed a connection from %d", number)

    flood(LINES_AT_ONCE + 500)
    log.info("another place")
    for _ in range(LINES_AT_ONCE + 5):
        log.critical("alarm")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert len(lines) == LINES_AT_ONCE + 1 + LINES_AT_ONCE + 5
    now_s += 60
    flood(LINES_PER_MINUTE + 100)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line.get("unsaid") for line in lines] == [500, *[None] * (LINES_PER_MINUTE - 1)]


def test_the_ration_remembers_few_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """Code that is made while it runs has ever new places: they are forgotten, not kept."""
    monkeypatch.setattr(logs, "_MOST_PLACES", 10)
    ration = logs.Ration()
    for number in range(100):
        record = logging.LogRecord("x", logging.INFO, "made.py", number, "said", None, None)
        assert ration.filter(record)
        assert len(ration._places) <= 10

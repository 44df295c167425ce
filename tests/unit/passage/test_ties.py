"""`zoneproxy.passage.ties`: a message is read as one of its session."""

from __future__ import annotations

from dataclasses import replace

from zoneproxy.content.realtime_stream import RealtimeStream
from zoneproxy.content.request import RequestReading
from zoneproxy.content.scan import ScanSettings
from zoneproxy.passage.ties import Ties
from zoneproxy.route.destination import destination_of


def ties() -> Ties:
    stream = RealtimeStream(ScanSettings(2, bytes(16)))
    return Ties("flow-s", "m", destination_of("127.0.30.10", 8000), stream)


def test_no_message_names_another_model() -> None:
    """Z20: the session's model was judged; another one can't be slipped in."""
    assert ties().fitted(RequestReading("ok"), "f").model == "m"
    assert ties().fitted(RequestReading("ok", model="m"), "f").state == "ok"
    assert ties().fitted(RequestReading("ok", model="other"), "f").state == "unreadable"


def test_what_asks_for_an_answer_has_a_name() -> None:
    """Z6: a server that refuses says so by that name; a caller's own name stays."""
    asking = RequestReading("ok", begins=True)
    assert ties().fitted(asking, "f").assigned_id == "event_f"
    assert ties().fitted(replace(asking, event_id="own"), "f").assigned_id == ""
    assert ties().fitted(RequestReading("ok"), "f").assigned_id == ""


def test_whether_answers_are_spoken_is_kept() -> None:
    """Z9: a session's setting holds for its answers, an answer's own for that one alone."""
    tied = ties()
    asking = RequestReading("ok", begins=True)
    assert tied.fitted(asking, "f").speech is True
    tied.fitted(RequestReading("ok", speech=False), "f")
    assert tied.fitted(replace(asking, speech=True), "f").speech is True
    assert tied.fitted(asking, "f").speech is False

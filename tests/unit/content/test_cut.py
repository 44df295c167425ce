"""Refusals speak the caller's dialect and say nothing of what was found."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
from collections.abc import Iterator

import openai
import pytest
from openai.types.realtime import RealtimeErrorEvent

from tests.unit.content.identifiers import output_delta
from zoneproxy.content.cut import cut_event, refusal_body
from zoneproxy.terms.reasons import REASONS

REASON = REASONS["return-mixed"]


@pytest.mark.parametrize("dialect", ["openai_chat", "openai_files", "unknown"])
def test_the_openai_form(dialect):
    """OpenAI SDKs, and callers of unknown dialect, get `error` with message, type, param and code."""
    error = json.loads(refusal_body(dialect, REASON, trace="zone#7", flow="f"))["error"]
    assert set(error) == {"message", "type", "param", "code", "trace", "flow"}
    assert error["type"] == "permission_error"
    assert error["code"] == "return-mixed"
    assert error["trace"] == "zone#7"


def test_the_anthropic_form():
    """Anthropic SDKs get `type: error` with type and message."""
    told = json.loads(refusal_body("anthropic_messages", REASON, trace="zone#7", flow="f"))
    assert told["type"] == "error"
    assert told["error"]["type"] == "permission_error"
    assert told["request_id"] == "f"


def test_the_form_of_a_session():
    """A message by itself, which OpenAI's SDK reads as its error event; so is the body of an answer."""
    event = cut_event("openai_realtime", REASON, trace="zone#7", flow="f")
    told = json.loads(event)
    assert (told["type"], told["event_id"], told["error"]["event_id"]) == ("error", "event_f", None)
    assert RealtimeErrorEvent.model_validate(told).error.code == "return-mixed"
    assert refusal_body("openai_realtime", REASON, trace="zone#7", flow="f") == event


def test_a_session_is_told_which_message_it_was():
    """The name that the caller gave it stands where the API has it; an HTTP answer has no such place."""
    told = {"trace": "zone#7", "flow": "f", "culprit": "own-7"}
    for made in (refusal_body, cut_event):
        assert json.loads(made("openai_realtime", REASON, **told))["error"]["event_id"] == "own-7"
    assert b"own-7" not in refusal_body("openai_chat", REASON, **told)


@pytest.mark.parametrize(
    "dialect", ["openai_chat", "anthropic_messages", "openai_responses", "openai_realtime"]
)
def test_a_cut_names_the_deployment_too(dialect):
    """Z10: what a denial orders to be told is told whether or not something was delivered before."""
    event = cut_event(dialect, REASON, trace="zone#7", flow="f", deployment="https://eu.example/v1")
    data = event.strip().rpartition(b"data: ")[2]
    assert json.loads(data)["error"]["local_deployment"] == "https://eu.example/v1"


@pytest.mark.parametrize("code", sorted(REASONS))
def test_every_reason_can_be_told(code):
    """The message holds text, remedy, code and trace index."""
    reason = REASONS[code]
    message = json.loads(refusal_body("openai_chat", reason, trace="zone#7", flow="f"))["error"]["message"]
    assert reason.text in message
    assert reason.remedy in message
    assert f"reason: {code}, trace: zone#7" in message


def test_a_cut_is_an_event_that_sdks_raise_on():
    """A stream ends with an error event of the dialect, never with a bare close."""
    openai = cut_event("openai_chat", REASON, trace="", flow="f")
    anthropic = cut_event("anthropic_messages", REASON, trace="", flow="f")
    assert json.loads(openai.strip().removeprefix(b"data: "))["error"]["message"]
    name, data = anthropic.strip().split(b"\n")
    assert name == b"event: error"
    assert json.loads(data.removeprefix(b"data: "))["type"] == "error"
    assert openai.endswith(b"\n\n")


@contextlib.contextmanager
def served(wire: bytes) -> Iterator[openai.OpenAI]:
    """A client of a server that streams these bytes."""

    class Server(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.end_headers()
            self.wfile.write(wire)

        def log_message(self, *_: object) -> None:
            """Nothing is logged."""

    with http.server.HTTPServer(("127.0.0.1", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            address = f"http://127.0.0.1:{server.server_port}/v1"
            with openai.OpenAI(api_key="k", base_url=address, max_retries=0) as client:
                yield client
        finally:
            server.shutdown()
            thread.join()


def test_the_sdk_raises_on_a_cut_response():
    """A cut in the middle of a response is an error with our message, and the deltas before it came."""
    wire = output_delta("hello") + cut_event("openai_responses", REASON, trace="zone#7", flow="f")
    seen: list[object] = []
    with served(wire) as client, pytest.raises(openai.APIError, match="zone#7"):
        seen.extend(client.responses.create(model="m", input="x", stream=True))
    assert len(seen) == 1


def test_a_cut_response_has_the_api_s_error_event():
    """Clients that go by the event's type find code, message and param where the API puts them."""
    name, data = cut_event("openai_responses", REASON, trace="", flow="f").strip().split(b"\n")
    told = json.loads(data.removeprefix(b"data: "))
    assert name == b"event: error"
    assert (told["type"], told["code"], told["param"]) == ("error", REASON.code, None)
    assert told["message"] == told["error"]["message"]

"""Refusals speak the caller's dialect and say nothing of what was found."""

from __future__ import annotations

import json

import pytest

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

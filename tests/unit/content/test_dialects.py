"""Endpoints are recognised by exact method and path."""

from __future__ import annotations

import pytest

from zoneproxy.content.dialects import EVENT, is_closed, recognise, recognise_socket
from zoneproxy.terms.facts import VOCABULARY

KNOWN = [
    ("POST", "/v1/chat/completions", "openai_chat", "inference", True),
    ("POST", "/v1/completions", "openai_completions", "inference", True),
    ("POST", "/v1/responses", "openai_responses", "inference", True),
    ("POST", "/v1/embeddings", "openai_embeddings", "embedding", False),
    ("POST", "/v1/messages", "anthropic_messages", "inference", True),
    ("GET", "/v1/models", "openai_models", "model_listing", False),
    ("GET", "/v1/models/deepseek-ai/DeepSeek-V3", "openai_models", "model_listing", False),
    ("GET", "/v1/files", "openai_files", "file_retrieval", False),
    ("GET", "/v1/files/file-abc", "openai_files", "file_retrieval", False),
    ("GET", "/v1/files/file-abc/content", "openai_files", "file_retrieval", False),
]


@pytest.mark.parametrize(("method", "path", "dialect", "purpose", "streamable"), KNOWN)
def test_served_endpoints_are_recognised(method, path, dialect, purpose, streamable):
    """Every served endpoint has its dialect and purpose, in the words of the facts."""
    found = recognise(method, path)
    assert found is not None
    assert (found.dialect, found.purpose, found.streamable) == (dialect, purpose, streamable)
    assert found.dialect in VOCABULARY["request.dialect"].values
    assert found.purpose in VOCABULARY["purpose"].values


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "/v1/chat/completions"),
        ("POST", "/v1//chat/completions"),
        ("POST", "/v1/chat/completions/"),
        ("POST", "/v1/./chat/completions"),
        ("POST", "/v1/chat%2fcompletions"),
        ("POST", "/V1/chat/completions"),
        ("POST", "/v1/chat/completions;x=1"),
        ("GET", "/v1/models/../files"),
        ("GET", "/v1/files/%2e%2e/content"),
        ("GET", "/v1/files/a..b"),
        ("GET", "/v1/files/a/content/"),
        ("GET", "/v1/models/a\n"),
        ("POST", "/v1/responses/"),
        ("PUT", "/v1/files/file-abc"),
        ("PATCH", "/v1/chat/completions"),
        ("POST", ""),
    ],
)
def test_everything_else_is_unknown(method, path):
    """Z22: a path that another reader could take for a served one is unknown, not normalised."""
    assert recognise(method, path) is None


def test_a_session_is_reached_by_an_upgrade_alone():
    """Z22: its path serves no request, and stays closed to all other upgrades."""
    socket = recognise_socket("GET", "/v1/realtime")
    assert socket is not None
    assert (socket.dialect, socket.purpose, socket.is_metered) == ("openai_realtime", "inference", False)
    assert (EVENT.dialect, EVENT.is_metered) == ("openai_realtime", True)
    assert recognise_socket("POST", "/v1/realtime") is None
    assert recognise_socket("GET", "/v1/realtime/") is None
    assert recognise("GET", "/v1/realtime") is None
    assert is_closed("/v1/realtime")

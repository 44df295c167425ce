"""Endpoints are recognised by exact method and path."""

from __future__ import annotations

import pytest

from zoneproxy.content.dialects import recognise
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

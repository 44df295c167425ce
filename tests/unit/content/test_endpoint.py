"""`zoneproxy.content.endpoint`: what an endpoint leaves behind decides what must be known before it."""

from __future__ import annotations

import pytest

from zoneproxy.content.dialects import recognise


@pytest.mark.parametrize(
    ("method", "path", "touches"),
    [
        ("POST", "/v1/files", True),
        ("GET", "/v1/files", True),
        ("GET", "/v1/files/file-1", True),
        ("POST", "/v1/threads", True),
        ("POST", "/v1/chat/completions", False),
        ("POST", "/v1/messages", False),
        ("POST", "/v1/embeddings", False),
        ("GET", "/v1/models", False),
    ],
)
def test_the_store_is_asked_where_objects_are_made_or_named(method: str, path: str, *, touches: bool) -> None:
    """Z6: plain inference needs no store; whatever makes, names or lists an object does."""
    found = recognise(method, path)
    assert found is not None
    assert found.touches_objects is touches


def test_only_what_answers_at_once_is_metered_by_its_answer() -> None:
    """Z18: a batch is only begun, and what is looked at again was counted when it was made."""
    metered = {
        (method, path): found.is_metered
        for method, path in (
            ("POST", "/v1/responses"),
            ("GET", "/v1/responses/r"),
            ("POST", "/v1/batches"),
            ("POST", "/v1/messages/batches"),
        )
        if (found := recognise(method, path))
    }
    assert list(metered.values()) == [True, False, False, False]

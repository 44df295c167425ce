"""`zoneproxy.content.names`: no reference to a stored object is overlooked, nothing else taken for one."""

from __future__ import annotations

from typing import Any

import pytest

from zoneproxy.content.dialects import recognise
from zoneproxy.content.names import answer_names, query_names, request_names


def found(document: Any, dialect: str = "openai_responses") -> list[tuple[str, str, bool]]:
    return [(n.name.kind, n.name.id, n.bears_content) for n in request_names(document, dialect)]


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ({"previous_response_id": "r"}, [("response", "r", False)]),
        ({"previous_response_id": None}, []),
        ({"conversation": "c"}, [("conversation", "c", False)]),
        ({"conversation": {"id": "c"}}, [("conversation", "c", False)]),
        ({"input": [{"type": "input_file", "file_id": "f"}]}, [("file", "f", False)]),
        ({"input": [{"content": [{"type": "input_image", "file_id": "f"}]}]}, [("file", "f", False)]),
        ({"tools": [{"type": "file_search", "vector_store_ids": ["v", "w"]}]},
         [("vector_store", "v", False), ("vector_store", "w", False)]),
        ({"tools": [{"type": "code_interpreter", "container": "c"}]}, [("container", "c", False)]),
        ({"tools": [{"type": "code_interpreter", "container": {"type": "auto", "file_ids": ["f"]}}]},
         [("file", "f", False)]),
        ({"file_id": 123}, [("file", "123", False)]),
        ({"input": [{"type": "item_reference", "id": "m"}]}, [("item", "m", False)]),
        ({"input": [{"type": "reasoning", "id": "r", "summary": []}]}, [("item", "r", False)]),
        ({"input": [{"type": "reasoning", "id": "r", "encrypted_content": "x"}]}, [("item", "r", True)]),
        ({"input": [{"type": "message", "id": "m", "content": "hi"}]}, [("item", "m", True)]),
        ({"prompt": {"id": "p", "variables": {"file_id": "x"}}}, [("prompt", "p", False)]),
        ({"tool_resources": {"code_interpreter": {"file_ids": ["f"]}}}, [("file", "f", False)]),
    ],
)  # fmt: skip
def test_every_reference_is_found(document: Any, named: list[tuple[str, str, bool]]) -> None:
    """Z6: whatever a request names, wherever it stands."""
    assert found(document) == named


@pytest.mark.parametrize(
    "document",
    [
        {"metadata": {"file_id": "mine", "thread_id": "mine"}},
        {"tools": [{"type": "function", "parameters": {"properties": {"file_id": {"type": "string"}}}}]},
        {"text": {"format": {"schema": {"file_id": "x"}}}},
        {"input": [{"type": "function_call", "arguments": '{"file_id": "x"}'}]},
        {"prompt": "tell me of my file_id"},
    ],
)
def test_the_callers_own_data_names_nothing(document: Any) -> None:
    """What a server looks for nothing in is not taken for a reference: no honest caller is refused."""
    assert found(document) == []


def test_anthropics_documents_have_their_own_forms() -> None:
    """A tool's arguments are the caller's; a document's file and a container are the zone's."""
    asked = {
        "container": "c",
        "messages": [
            {"content": [{"type": "tool_use", "id": "t", "input": {"file_id": "mine"}}]},
            {"content": [{"type": "document", "source": {"type": "file", "file_id": "f"}}]},
        ],
    }
    assert found(asked, "anthropic_messages") == [("container", "c", False), ("file", "f", False)]
    told = {"type": "message", "id": "msg_1", "container": {"id": "c", "expires_at": "x"}}
    assert [(n.kind, n.id) for n in answer_names(told, "anthropic_messages")] == [("container", "c")]
    batch = {"type": "message_batch", "id": "b"}
    assert [(n.kind, n.id) for n in answer_names(batch, "anthropic_batches")] == [("message_batch", "b")]


def test_a_reference_that_stands_twice_is_the_stricter_one() -> None:
    """Content beside one mention does not excuse another mention without it."""
    item = {"type": "message", "id": "m", "content": "hi"}
    assert found({"input": [item, {"type": "item_reference", "id": "m"}]}) == [("item", "m", False)]
    assert found({"input": [{"type": "item_reference", "id": "m"}, item]}) == [("item", "m", False)]


def test_an_answer_names_what_it_is_and_what_it_refers_to() -> None:
    """Z6: the object's own id first, then those of others; an id of a call is none."""
    told = {
        "id": "batch-1", "object": "batch", "input_file_id": "f", "output_file_id": "g",
        "metadata": {"file_id": "x"},
        "choices": [{"message": {"tool_calls": [{"id": "t", "type": "function"}]}}],
    }  # fmt: skip
    assert [(n.kind, n.id) for n in answer_names(told, "openai_batches")] == [
        ("batch", "batch-1"), ("file", "f"), ("file", "g"),
    ]  # fmt: skip
    assert [(n.kind, n.id) for n in answer_names({"id": "f", "object": "file.deleted"})] == [("file", "f")]


@pytest.mark.parametrize(
    "query", ["after=file-1", "%61fter=file-1", "limit=2&before=file-1", "x=1;after=file-1"]
)
def test_a_cursor_is_a_name(query: str) -> None:
    """Z6: a page that begins behind another's object tells that it is there."""
    listing = recognise("GET", "/v1/files")
    assert listing is not None
    assert [(n.kind, n.id) for n in query_names(listing, query)] == [("file", "file-1")]
    assert query_names(listing, "limit=2&order=asc") == ()

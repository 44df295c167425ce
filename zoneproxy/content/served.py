"""The endpoints that the zone serves, and those that it keeps closed on purpose.

A segment in braces is an id of that kind. Sources: OpenAI's API reference and OpenAPI description,
Anthropic's API reference, both as their official SDKs speak them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from zoneproxy.content.endpoint import Endpoint

Row = tuple[str, str, Endpoint]


def _endpoint(dialect: str, purpose: str, body: str, **more: Any) -> Endpoint:
    if "makes" in more:
        more["makes"] = frozenset(more["makes"])
    return Endpoint(dialect, purpose, body, **more)  # type: ignore[arg-type]


_ITEMS = ("item", "container", "conversation")
_LEFT = "file_retrieval"  # what is left in the zone is looked at, listed, cancelled or removed
_STORE = "storage"


def _stored(dialect: str, root: str, kind: str, **create: Any) -> Iterator[Row]:
    """Make, list, look at and remove objects of one kind."""
    body = create.pop("body", "json")
    purpose = create.pop("purpose", _STORE)
    yield "POST", root, _endpoint(dialect, purpose, body, makes=(kind,), **create)
    yield "GET", root, _endpoint(dialect, _LEFT, "none", lists=kind, filtered=True)
    yield "GET", f"{root}/{{{kind}}}", _endpoint(dialect, _LEFT, "none")
    yield "DELETE", f"{root}/{{{kind}}}", _endpoint(dialect, _LEFT, "none")


def _inference() -> Iterator[Row]:
    chat = _endpoint(
        "openai_chat", "inference", "json", streamable=True, makes=("completion", "audio"), kept="asked"
    )
    yield "POST", "/v1/chat/completions", chat
    yield "POST", "/v1/completions", _endpoint("openai_completions", "inference", "json", streamable=True)
    responses = _endpoint(
        "openai_responses", "inference", "json", streamable=True, makes=("response", *_ITEMS), kept="unless"
    )
    yield "POST", "/v1/responses", responses
    yield "POST", "/v1/responses/compact", replace(responses, streamable=False)
    yield "POST", "/v1/responses/input_tokens", _endpoint("openai_responses", "inference", "json")
    yield "POST", "/v1/embeddings", _endpoint("openai_embeddings", "embedding", "json")
    messages = _endpoint(
        "anthropic_messages", "inference", "json", streamable=True, makes=("container", "file"), kept="rarely"
    )
    yield "POST", "/v1/messages", messages
    yield "POST", "/v1/messages/count_tokens", _endpoint("anthropic_messages", "inference", "json")
    for form in ("transcriptions", "translations"):
        yield "POST", f"/v1/audio/{form}", _endpoint("openai_audio", "inference", "form", answer="any")
    yield "POST", "/v1/audio/speech", _endpoint("openai_audio", "inference", "json", answer="media")
    yield "POST", "/v1/images/generations", _endpoint("openai_images", "inference", "json")
    for form in ("edits", "variations"):
        yield "POST", f"/v1/images/{form}", _endpoint("openai_images", "inference", "form")


def _completions() -> Iterator[Row]:
    root, dialect = "/v1/chat/completions", "openai_chat"
    one = f"{root}/{{completion}}"
    yield "GET", root, _endpoint(dialect, _LEFT, "none", lists="completion", filtered=True)
    yield "GET", one, _endpoint(dialect, _LEFT, "none", makes=("audio",))
    yield "POST", one, _endpoint(dialect, _STORE, "json", makes=("audio",))
    yield "DELETE", one, _endpoint(dialect, _LEFT, "none")
    yield "GET", f"{one}/messages", _endpoint(dialect, _LEFT, "none", makes=("audio",))


def _responses() -> Iterator[Row]:
    dialect, one = "openai_responses", "/v1/responses/{response}"
    yield "GET", one, _endpoint(dialect, _LEFT, "none", streamable=True, makes=_ITEMS)
    yield "DELETE", one, _endpoint(dialect, _LEFT, "none")
    yield "POST", f"{one}/cancel", _endpoint(dialect, _LEFT, "optional", makes=_ITEMS)
    yield "GET", f"{one}/input_items", _endpoint(dialect, _LEFT, "none", lists="item", makes=_ITEMS)


def _conversations() -> Iterator[Row]:
    dialect, one = "openai_conversations", "/v1/conversations/{conversation}"
    makes = ("item", "container")
    yield "POST", "/v1/conversations", _endpoint(dialect, _STORE, "optional", makes=("conversation", *makes))
    yield "GET", one, _endpoint(dialect, _LEFT, "none")
    yield "POST", one, _endpoint(dialect, _STORE, "json")
    yield "DELETE", one, _endpoint(dialect, _LEFT, "none")
    yield "GET", f"{one}/items", _endpoint(dialect, _LEFT, "none", lists="item", makes=makes)
    yield "POST", f"{one}/items", _endpoint(dialect, _STORE, "json", makes=makes)
    yield "GET", f"{one}/items/{{item}}", _endpoint(dialect, _LEFT, "none", makes=makes)
    yield "DELETE", f"{one}/items/{{item}}", _endpoint(dialect, _LEFT, "none")


def _files(dialect: str) -> Iterator[Row]:
    yield from _stored(dialect, "/v1/files", "file", body="form")
    yield "GET", "/v1/files/{file}/content", _endpoint(dialect, _LEFT, "none", answer="any")


def _uploads() -> Iterator[Row]:
    dialect, one = "openai_uploads", "/v1/uploads/{upload}"
    yield "POST", "/v1/uploads", _endpoint(dialect, _STORE, "json", makes=("upload",))
    yield "POST", f"{one}/parts", _endpoint(dialect, _STORE, "form", makes=("part",))
    yield "POST", f"{one}/complete", _endpoint(dialect, _STORE, "json", makes=("file",))
    yield "POST", f"{one}/cancel", _endpoint(dialect, _LEFT, "optional")


def _batches() -> Iterator[Row]:
    root, dialect = "/v1/batches", "openai_batches"
    yield (
        "POST",
        root,
        _endpoint(dialect, "inference", "json", makes=("batch", "file"), model_of="file", use="batch"),
    )
    yield "GET", root, _endpoint(dialect, _LEFT, "none", lists="batch", filtered=True, makes=("file",))
    yield "GET", f"{root}/{{batch}}", _endpoint(dialect, _LEFT, "none", makes=("file",))
    yield "POST", f"{root}/{{batch}}/cancel", _endpoint(dialect, _LEFT, "optional", makes=("file",))


def _vector_stores() -> Iterator[Row]:
    root, dialect = "/v1/vector_stores", "openai_vector_stores"
    one = f"{root}/{{vector_store}}"
    group = f"{one}/file_batches/{{vector_store_batch}}"
    yield from _stored(dialect, root, "vector_store")
    yield "POST", one, _endpoint(dialect, _STORE, "json")
    yield "POST", f"{one}/search", _endpoint(dialect, _LEFT, "json")
    yield "POST", f"{one}/files", _endpoint(dialect, _STORE, "json")
    yield "GET", f"{one}/files", _endpoint(dialect, _LEFT, "none", lists="file")
    yield "GET", f"{one}/files/{{file}}", _endpoint(dialect, _LEFT, "none")
    yield "POST", f"{one}/files/{{file}}", _endpoint(dialect, _STORE, "json")
    yield "DELETE", f"{one}/files/{{file}}", _endpoint(dialect, _LEFT, "none")
    yield "GET", f"{one}/files/{{file}}/content", _endpoint(dialect, _LEFT, "none")
    yield "POST", f"{one}/file_batches", _endpoint(dialect, _STORE, "json", makes=("vector_store_batch",))
    yield "GET", group, _endpoint(dialect, _LEFT, "none")
    yield "POST", f"{group}/cancel", _endpoint(dialect, _LEFT, "optional")
    yield "GET", f"{group}/files", _endpoint(dialect, _LEFT, "none", lists="file")


def _assistants() -> Iterator[Row]:
    dialect, root = "openai_assistants", "/v1/threads"
    thread, runs = f"{root}/{{thread}}", f"{root}/{{thread}}/runs"
    run = f"{runs}/{{run}}"
    made = ("message", "run", "run_step", "vector_store", "file")
    yield from _stored(dialect, "/v1/assistants", "assistant")
    # An assistant is not changed, since its model was judged when it was made: make another.
    yield "POST", root, _endpoint(dialect, _STORE, "optional", makes=("thread", "vector_store"))
    yield "GET", thread, _endpoint(dialect, _LEFT, "none")
    yield "POST", thread, _endpoint(dialect, _STORE, "json")
    yield "DELETE", thread, _endpoint(dialect, _LEFT, "none")
    asked = {"makes": ("thread", *made), "model_of": "assistant"}
    yield "POST", f"{root}/runs", _endpoint(dialect, "inference", "json", **asked)
    yield "POST", runs, _endpoint(dialect, "inference", "json", **asked)
    yield "GET", runs, _endpoint(dialect, _LEFT, "none", lists="run", makes=made)
    yield "GET", run, _endpoint(dialect, _LEFT, "none", makes=made)
    yield "POST", run, _endpoint(dialect, _STORE, "json", makes=made)
    yield "POST", f"{run}/cancel", _endpoint(dialect, _LEFT, "optional", makes=made)
    yield (
        "POST",
        f"{run}/submit_tool_outputs",
        _endpoint(dialect, "inference", "json", makes=made, model_of="run"),
    )
    yield "GET", f"{run}/steps", _endpoint(dialect, _LEFT, "none", lists="run_step", makes=made)
    yield "GET", f"{run}/steps/{{run_step}}", _endpoint(dialect, _LEFT, "none", makes=made)
    messages = f"{thread}/messages"
    yield "GET", messages, _endpoint(dialect, _LEFT, "none", lists="message", makes=made)
    yield "POST", messages, _endpoint(dialect, _STORE, "json", makes=made)
    yield "GET", f"{messages}/{{message}}", _endpoint(dialect, _LEFT, "none", makes=made)
    yield "POST", f"{messages}/{{message}}", _endpoint(dialect, _STORE, "json", makes=made)
    yield "DELETE", f"{messages}/{{message}}", _endpoint(dialect, _LEFT, "none")


def _message_batches() -> Iterator[Row]:
    root, dialect = "/v1/messages/batches", "anthropic_batches"
    one = f"{root}/{{message_batch}}"
    yield from _stored(dialect, root, "message_batch", purpose="inference")
    yield "POST", f"{one}/cancel", _endpoint(dialect, _LEFT, "optional")
    yield "GET", f"{one}/results", _endpoint(dialect, _LEFT, "none", answer="any")


def _models() -> Iterator[Row]:
    yield "GET", "/v1/models", _endpoint("openai_models", "model_listing", "none")


SERVED: tuple[Row, ...] = (
    *_inference(), *_completions(), *_responses(), *_conversations(), *_files("openai_files"), *_uploads(),
    *_batches(), *_vector_stores(), *_assistants(), *_message_batches(), *_models(),
)  # fmt: skip

SOCKETS: dict[str, Endpoint] = {"/v1/realtime": _endpoint("openai_realtime", "inference", "none")}
"""What is reached by an upgrade to WebSocket, where the operator opens that; no other request finds it."""
EVENT = _endpoint("openai_realtime", "inference", "json", streamable=True)
"""One message of a session, with what comes back for it."""

# The same paths mean the same things to Anthropic's SDK, which reads other errors.
ANTHROPIC_FILES: tuple[Row, ...] = tuple(_files("anthropic_files"))

CLOSED: tuple[str, ...] = (
    "/v1/fine_tuning", "/v1/fine-tunes", "/v1/evals", "/v1/graders", "/v1/containers", "/v1/realtime",
    "/v1/live", "/v1/videos", "/v1/organization", "/v1/organizations", "/v1/skills", "/v1/chatkit",
    "/v1/audio/voices", "/v1/audio/voice_consents", "/v1/agents", "/v1/sessions", "/v1/environments",
    "/v1/memory_stores", "/v1/vaults", "/v1/tunnels", "/v1/moderations", "/v1/webhooks", "/v1/user_profiles",
)  # fmt: skip
"""Known paths that are refused on purpose, with all that lies below them: training and its data, workspaces
that keep state beyond a binding's sight, and channels that the boundary does not look into here."""

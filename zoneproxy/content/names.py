"""The stored objects that a request refers to, and those that an answer names.

OpenAI's objects say what they are (`"object": "file"`), Anthropic's say it in `type`; references have keys
of their own (`previous_response_id`, `input_file_id`, `vector_store_ids`). Every object and every key is
walked, wherever it stands, but for what is the caller's own data: metadata, JSON schemas, and the arguments
of tools, in which a server looks for nothing.

    >>> request_names({"previous_response_id": "resp_1", "metadata": {"file_id": "mine"}})
    (Named(name=ObjectName(kind='response', id='resp_1'), bears_content=False),)
    >>> answer_names({"id": "file-1", "object": "file"})
    (ObjectName(kind='file', id='file-1'),)

Trust: whoever writes the document chooses its fields; a name in a field that is not known here is one that
no known server reads.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator
from typing import Any, NamedTuple

from zoneproxy.content.endpoint import Endpoint
from zoneproxy.terms.objects import ObjectName

MOST_NAMES = 2000

_BY_KEY = {
    "assistant_id": "assistant", "batch_id": "batch", "container_id": "container",
    "conversation_id": "conversation", "error_file_id": "file", "file_id": "file", "file_ids": "file",
    "input_file_id": "file", "item_id": "item", "message_batch_id": "message_batch", "message_id": "message",
    "output_file_id": "file", "part_ids": "part", "previous_item_id": "item",
    "previous_response_id": "response", "prompt_id": "prompt", "response_id": "response", "run_id": "run",
    "skill_id": "skill", "thread_id": "thread", "training_file": "file", "upload_id": "upload",
    "validation_file": "file", "vector_store_id": "vector_store", "vector_store_ids": "vector_store",
}  # fmt: skip
# Keys under which stands an id, or an object with one.
_BY_HOLDER = {"audio": "audio", "container": "container", "conversation": "conversation", "prompt": "prompt"}
_ONLY_OBJECTS = frozenset(("audio", "prompt"))  # under which text is no id
_BY_OBJECT = {
    "assistant": "assistant", "batch": "batch", "chat.completion": "completion",
    "chat.completion.chunk": "completion", "container": "container", "conversation": "conversation",
    "file": "file", "response": "response", "response.compaction": "response", "thread": "thread",
    "thread.message": "message", "thread.run": "run", "thread.run.step": "run_step", "upload": "upload",
    "upload.part": "part", "vector_store": "vector_store", "vector_store.file": "file",
    "vector_store.file_batch": "vector_store_batch", "vector_store.files_batch": "vector_store_batch",
}  # fmt: skip
_BY_TYPE = {
    "file": "file", "file_deleted": "file", "message_batch": "message_batch",
    "message_batch_deleted": "message_batch",
}  # fmt: skip
_ITEMS = frozenset(("message", "reasoning", "compaction", "item_reference", "compaction_summary"))
_ITEM_ENDS = ("_call", "_call_output", "_approval_request", "_approval_response", "_list_tools")
_BARE = frozenset(("id", "type", "status", "summary"))
_OPAQUE = frozenset(
    (
        "metadata",
        "parameters",
        "input_schema",
        "schema",
        "json_schema",
        "attributes",
        "variables",
        "arguments",
    )
)
_TOOL_USES = ("tool_use", "server_tool_use", "mcp_tool_use")
_CURSORS = frozenset(("after", "before", "after_id", "before_id", "starting_after", "ending_before"))


class Named(NamedTuple):
    """A name in a document; `bears_content` where the object's content stands beside it."""

    name: ObjectName
    bears_content: bool = False


def request_names(document: Any, dialect: str = "openai_responses") -> tuple[Named, ...]:
    """Return every object that a request's body refers to, each once.

    Args:
        document: what `strict_json` read; its depth is bounded there.
        dialect: the API, as the fact `request.dialect` names it.
    """
    found: dict[ObjectName, bool] = {}
    for named in _walk(document, dialect, asking=True):
        found[named.name] = named.bears_content and found.get(named.name, True)
    return tuple(Named(name, bears) for name, bears in found.items())


def answer_names(document: Any, dialect: str = "openai_responses") -> tuple[ObjectName, ...]:
    """Return every object that an answer, or an event of it, names, each once; arguments as above."""
    return tuple(dict.fromkeys(named.name for named in _walk(document, dialect, asking=False)))


def query_names(endpoint: Endpoint, query: str) -> tuple[ObjectName, ...]:
    """Return the objects that a target's query refers to: a list's cursors, and ids by their keys."""
    if not query:
        return ()
    found = list[ObjectName]()
    for key, value in urllib.parse.parse_qsl(query.replace(";", "&"), keep_blank_values=True):
        kind = endpoint.lists if key in _CURSORS else _BY_KEY.get(key.removesuffix("[]"), "")
        if kind and value:
            found.append(ObjectName(kind, value))
    return tuple(dict.fromkeys(found))


def _walk(value: Any, dialect: str, *, asking: bool) -> Iterator[Named]:
    if isinstance(value, list):
        for inner in value:
            yield from _walk(inner, dialect, asking=asking)
    elif isinstance(value, dict):
        yield from _own(value, dialect, asking=asking)
        is_tool_use = value.get("type") in _TOOL_USES
        for key, inner in value.items():
            if key in _OPAQUE or (is_tool_use and key == "input"):
                continue
            if (kind := _BY_KEY.get(key) or _BY_HOLDER.get(key)) is not None:
                yield from _under(kind, key, inner)
            if isinstance(inner, dict | list):
                yield from _walk(inner, dialect, asking=asking)


def _under(kind: str, key: str, value: Any) -> Iterator[Named]:
    """Read what stands under a key that holds an id, or several, or an object with one."""
    if isinstance(value, str):
        if value and key not in _ONLY_OBJECTS:
            yield Named(ObjectName(kind, value))
    elif type(value) is int:
        yield Named(ObjectName(kind, str(value)))  # a server may read the number as text
    elif isinstance(value, list) and key in _BY_KEY:
        for inner in value:
            yield from _under(kind, key, inner)
    elif isinstance(value, dict) and key in _BY_HOLDER:
        own = value.get("id")
        if isinstance(own, str | int) and own and not isinstance(own, bool):
            yield Named(ObjectName(kind, str(own)))


def _own(value: dict[str, Any], dialect: str, *, asking: bool) -> Iterator[Named]:
    """Read an object's own id."""
    own, said, kind = value.get("id"), value.get("object"), value.get("type")
    if not isinstance(own, str) or not own:
        return
    if isinstance(said, str) and (known := _BY_OBJECT.get(said.removesuffix(".deleted"))):
        yield Named(ObjectName(known, own), asking)
    elif not isinstance(kind, str):
        return
    elif dialect.startswith("anthropic"):
        if known := _BY_TYPE.get(kind):
            yield Named(ObjectName(known, own))
    elif dialect in ("openai_responses", "openai_conversations") and (
        kind in _ITEMS or kind.endswith(_ITEM_ENDS)
    ):
        bare = value.keys() <= _BARE
        yield Named(ObjectName("item", own), asking and not bare)

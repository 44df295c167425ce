"""Which API a request speaks: endpoints by exact method and path.

Nothing is normalised here on purpose: a path that needs normalising (`//`, `..`, `%2e`, `;`) may
mean another thing to the model server than to us, so it is an unknown endpoint.

    >>> recognise("POST", "/v1/chat/completions").dialect
    'openai_chat'
    >>> recognise("POST", "/v1//chat/completions") is None
    True
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One thing that a model server is asked for.

    Attributes:
        dialect: the API, as the fact `request.dialect` names it.
        purpose: what is asked for, as the fact `purpose` names it.
        body: `json` where one JSON object is expected, `none` where no body may come.
        streamable: the answer may be server-sent events.
        answer: `json`, or `any` where the answer is a stored file of whatever type.
    """

    dialect: str
    purpose: str
    body: Literal["json", "none"]
    streamable: bool = False
    answer: Literal["json", "any"] = "json"


_EXACT = {
    ("POST", "/v1/chat/completions"): Endpoint("openai_chat", "inference", "json", streamable=True),
    ("POST", "/v1/completions"): Endpoint("openai_completions", "inference", "json", streamable=True),
    ("POST", "/v1/responses"): Endpoint("openai_responses", "inference", "json", streamable=True),
    ("POST", "/v1/embeddings"): Endpoint("openai_embeddings", "embedding", "json"),
    ("POST", "/v1/messages"): Endpoint("anthropic_messages", "inference", "json", streamable=True),
    ("GET", "/v1/models"): Endpoint("openai_models", "model_listing", "none"),
    ("GET", "/v1/files"): Endpoint("openai_files", "file_retrieval", "none"),
}
_ID = r"[A-Za-z0-9][A-Za-z0-9_.:@-]{0,127}"
_MODEL = re.compile(rf"/v1/models/{_ID}(?:/{_ID}){{0,3}}\Z", re.ASCII)
_FILE = re.compile(rf"/v1/files/{_ID}\Z", re.ASCII)
_FILE_CONTENT = re.compile(rf"/v1/files/{_ID}/content\Z", re.ASCII)
_ONE_MODEL = Endpoint("openai_models", "model_listing", "none")
_ONE_FILE = Endpoint("openai_files", "file_retrieval", "none")
_CONTENT = Endpoint("openai_files", "file_retrieval", "none", answer="any")


def recognise(method: str, path: str) -> Endpoint | None:
    """Find the endpoint that a request line asks for.

    Args:
        method: the method as sent, case and all.
        path: the path as sent, without its query, escapes untouched.

    Returns:
        The endpoint, or `None` where the zone serves no such thing.
    """
    if found := _EXACT.get((method, path)):
        return found
    if method != "GET" or ".." in path:
        return None
    if _FILE_CONTENT.match(path):
        return _CONTENT
    if _FILE.match(path):
        return _ONE_FILE
    if _MODEL.match(path):
        return _ONE_MODEL
    return None

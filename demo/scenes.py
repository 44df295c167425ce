"""The scenes of the demo: one request each, what is expected of it, and what happened.

A scene returns what happened in one line, or raises `Unexpected`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import httpx2
import openai

from demo import scripts
from demo.stage import DOMESTIC_SOURCE, REAL_MODEL, SCRIPTED_MODEL, SINGAPORE_SOURCE, Stage

_MOST_TOKENS = 24
_MOMENTS = 3
_MOMENT_SECONDS = 0.001


class Unexpected(Exception):  # noqa: N818 - it is an outcome of a scene, not an error of the program
    """A scene did not go as expected; the message says what happened instead."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One scene.

    Attributes:
        title: what is tried.
        expected: what must come of it, in one line.
        play: does it and says what happened, in one line.
    """

    title: str
    expected: str
    play: Callable[[Stage], str]


def _client(stage: Stage, door: str, source: str) -> openai.OpenAI:
    """An ordinary OpenAI client: its base URL and its key are all that is special about it."""
    transport = httpx2.HTTPTransport(local_address=source)
    http = openai.DefaultHttpxClient(transport=transport, trust_env=False, timeout=60)
    return openai.OpenAI(base_url=f"{stage.doors[door]}/v1", api_key=stage.credential, http_client=http)


def _singapore(stage: Stage) -> openai.OpenAI:
    return _client(stage, "singapore", SINGAPORE_SOURCE)


def _ask(client: openai.OpenAI, model: str, text: str, **more: Any) -> Any:
    messages: Any = [{"role": "user", "content": text}]
    return client.chat.completions.create(model=model, messages=messages, max_tokens=_MOST_TOKENS, **more)


def _require(held: bool, instead: str) -> None:  # noqa: FBT001 - it reads like the sentence it is
    if not held:
        raise Unexpected(instead)


def _refusal(call: Callable[[], Any], *codes: str) -> str:
    """Make a call that must be refused for one of these reasons; say how it was."""
    try:
        answer = call()
    except openai.APIStatusError as refused:
        trace = refused.response.headers.get("zone-trace", "")
        _require(refused.code in codes, f"refused, but with {refused.status_code} `{refused.code}`")
        _require("#" in trace, f"refused with {refused.status_code} `{refused.code}`, but without a record")
        return f"{refused.status_code} `{refused.code}`, record {trace.rpartition('#')[2]} of the log"
    raise Unexpected(f"it was answered: {_quote(str(answer))}")


def _quote(text: str) -> str:
    flat = " ".join(text.split())
    return f"“{flat[:48]}…”" if len(flat) > 48 else f"“{flat}”"  # noqa: PLR2004 - what fits in a line


def ask_whole(stage: Stage) -> str:
    """A tenant asks, and the answer comes back whole."""
    with _singapore(stage) as client:
        answer = _ask(client, REAL_MODEL, "The sea at night is")
    usage = answer.usage
    _require(usage is not None and usage.completion_tokens > 0, "the answer bears no token counts")
    text = answer.choices[0].message.content or ""
    return f"{usage.prompt_tokens} tokens in, {usage.completion_tokens} out: {_quote(text)}"


def ask_streamed(stage: Stage) -> str:
    """A tenant asks, and the answer comes token by token."""
    moments, text = [], ""
    with _singapore(stage) as client:
        begun = "A ship came into the harbour of Singapore, and its captain"
        for event in _ask(client, REAL_MODEL, begun, stream=True):
            _require(bool(event.choices), "an event came that the client did not ask for")
            text += event.choices[0].delta.content or ""
            moments.append(time.monotonic())
    apart = sum(after - before > _MOMENT_SECONDS for before, after in pairwise(moments))
    _require(apart >= _MOMENTS, f"{len(moments)} events came in {apart + 1} pieces")
    took = 1000 * (moments[-1] - moments[0])
    return (
        f"{len(moments)} events over {took:.0f} ms, the first while the last was not yet made: {_quote(text)}"
    )


def domestic_caller(stage: Stage) -> str:
    """Somebody on the domestic side calls, with a credential that is good overseas."""
    with _client(stage, "domestic", DOMESTIC_SOURCE) as client:
        return _refusal(
            lambda: _ask(client, SCRIPTED_MODEL, "hello"),
            "origin-domestic",
            "policy-origin-not-overseas",
        )


def forged_tag(stage: Stage) -> str:
    """A caller brings an origin tag of his own."""
    headers = {"zone-origin": "overseas"}
    with _singapore(stage) as client:
        return _refusal(
            lambda: _ask(client, SCRIPTED_MODEL, "hello", extra_headers=headers),
            "origin-tag-forged",
        )


def mixed_prompt(stage: Stage) -> str:
    """A prompt holds a resident ID number."""
    before = stage.scripted_requests()
    with _singapore(stage) as client:
        text = f"Write a letter to the holder of {scripts.resident_id(4)}, please."
        told = _refusal(
            lambda: _ask(client, SCRIPTED_MODEL, text),
            "policy-domestic-data-mixed",
            "policy-domestic-category-found",
        )
    _require(stage.scripted_requests() == before, "it was refused, but the model server saw it")
    return f"{told}; the model server saw nothing"


def mixed_answer(stage: Stage) -> str:
    """A model puts a resident ID number into its stream."""
    text = ""
    try:
        with _singapore(stage) as client:
            for event in _ask(client, SCRIPTED_MODEL, "resident-id: what number is on file?", stream=True):
                text += event.choices[0].delta.content or "" if event.choices else ""
    except openai.APIError as cut:
        number = scripts.resident_id(17)
        _require(not any(digit in text for digit in "0123456789"), f"digits crossed: {_quote(text)}")
        _require(number not in str(cut), "the error tells what was found")
        return f"{_quote(text)} crossed, then the SDK raised `{cut.code}`"
    raise Unexpected(f"the stream came to its end: {_quote(text)}")


def workload_calls_inland(stage: Stage) -> str:
    """A model server, while it works, calls a host on the domestic side."""
    with _singapore(stage) as client:
        answer = _ask(client, SCRIPTED_MODEL, f"workload: fetch {stage.inland_url} and sum it up")
    text = answer.choices[0].message.content or ""
    _require(
        any(code in text for code in ("lane-domestic", "destination-domestic")), f"it says {_quote(text)}"
    )
    _require(stage.inland_requests() == 0, "the call reached the domestic host")
    return f"the workload says: {text}; the host saw nothing"


def weights_kept_in(stage: Stage) -> str:
    """A file that begins like a GGUF model is asked for."""
    with _singapore(stage) as client:
        return _refusal(
            lambda: client.files.content("file-gguf").read(),
            "return-weights",
            "policy-model-weights-leaving",
        )


SCENES = (
    Scene("a Singapore tenant asks", "an answer, with its token counts", ask_whole),
    Scene("the same, streamed", "token by token, as the model makes them", ask_streamed),
    Scene("a domestic caller asks", "refused at the door, and recorded", domestic_caller),
    Scene("a caller forges the origin tag", "refused, and the attempt recorded", forged_tag),
    Scene("a prompt holds a resident ID number", "refused before the model sees it", mixed_prompt),
    Scene("a model answers with one", "its stream is cut before the first digit", mixed_answer),
    Scene("a zone workload calls a domestic host", "refused at the outward door", workload_calls_inland),
    Scene("a file with a GGUF header is asked for", "it stays in the zone", weights_kept_in),
)

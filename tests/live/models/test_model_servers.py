"""The model servers that the live tests and the demo stand on are what they say they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import openai
import pytest

from demo.echo_server import EchoServer
from demo.model_server import MODEL


@pytest.fixture
def client(real_model: str) -> Iterator[openai.OpenAI]:
    http = openai.DefaultHttpxClient(trust_env=False)
    with openai.OpenAI(base_url=f"{real_model}/v1", api_key="none", http_client=http) as made:
        yield made


def ask(client: openai.OpenAI, **more: Any) -> Any:
    messages: Any = [{"role": "user", "content": "Name a river."}]
    return client.chat.completions.create(
        model=MODEL, messages=messages, max_tokens=12, temperature=0, seed=1, **more
    )


def test_the_real_model_answers_and_counts(client: openai.OpenAI) -> None:
    """A whole answer carries genuine token counts."""
    answer = ask(client)
    assert answer.model == MODEL
    assert answer.usage.prompt_tokens > 0
    assert 0 < answer.usage.completion_tokens <= 12


def test_the_real_model_streams_and_counts_when_asked(client: openai.OpenAI) -> None:
    """A stream has one event a token, and usage only when the client asked for it."""
    silent = list(ask(client, stream=True))
    assert sum(len(event.choices) for event in silent) > 1
    assert all(event.usage is None for event in silent)
    counted = list(ask(client, stream=True, stream_options={"include_usage": True}))
    assert counted[-1].choices == []
    assert counted[-1].usage.completion_tokens > 0


def test_the_scripted_model_holds_each_token_until_it_is_let_go(echo_server: EchoServer) -> None:
    """A test can watch a stream token by token, without a sleep."""
    http = openai.DefaultHttpxClient(trust_env=False)
    with openai.OpenAI(base_url=f"{echo_server.url}/v1", api_key="none", http_client=http) as client:
        messages: Any = [{"role": "user", "content": "one two three"}]
        events = iter(client.chat.completions.create(model="stepped", messages=messages, stream=True))
        got = []
        for _ in range(3):
            echo_server.step()
            got.append(next(events).choices[0].delta.content)
        assert got == ["one ", "two ", "three"]
        assert next(events).choices[0].finish_reason == "stop"
    assert echo_server.wait_seen(1)[0].path == "/v1/chat/completions"

"""The scripted model server's wire form, seen by the official SDK and by raw bytes."""

from __future__ import annotations

import hashlib
import json
import socket
import sys
from collections.abc import Iterator

import openai
import pytest

from demo import scripts
from demo.echo_server import EchoServer, serving
from demo.programs import running


@pytest.fixture
def server() -> Iterator[EchoServer]:
    with serving() as running:
        yield running


@pytest.fixture
def client(server) -> Iterator[openai.OpenAI]:
    http = openai.DefaultHttpxClient(trust_env=False)
    url = f"{server.url}/v1"
    with openai.OpenAI(base_url=url, api_key="k", max_retries=0, http_client=http) as made:
        yield made


def ask(client, model="echo", text="one two three", **more):
    messages = [{"role": "user", "content": text}]
    return client.chat.completions.create(model=model, messages=messages, **more)


def test_a_whole_answer_has_usage(client):
    """Tokens are words, counted on both sides."""
    answer = ask(client)
    assert answer.choices[0].message.content == "one two three"
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (3, 3)


def test_a_stream_has_usage_only_when_asked(client):
    """Without `include_usage` no event has usage; with it the last event is nothing but usage."""
    silent = list(ask(client, stream=True))
    assert "".join(event.choices[0].delta.content or "" for event in silent) == "one two three"
    assert all(event.usage is None for event in silent)
    counted = list(ask(client, stream=True, stream_options={"include_usage": True}))
    assert counted[-1].choices == []
    assert counted[-1].usage.total_tokens == 6


def test_many_events(client):
    """`events-200` sends 200 tokens, one an event, and the end."""
    assert len(list(ask(client, "events-200", stream=True))) == 201
    assert len(list(ask(client, "registered-model", "events-3: go", stream=True))) == 4


def test_a_broken_off_stream_has_no_end(server):
    """The connection ends without the terminating chunk."""
    body = json.dumps({"model": "broken-off", "stream": True, "messages": [
        {"role": "user", "content": "a b c d e"}]}).encode()  # fmt: skip
    got = raw(
        server, b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
    )
    assert got.count(b"data: ") == 3
    assert b"[DONE]" not in got
    assert not got.endswith(b"0\r\n\r\n")


def test_models_files_embeddings_and_failures(client):
    """The other paths answer in the SDK's form."""
    assert [model.id for model in client.models.list()] == ["echo"]
    assert client.files.content("file-gguf").read()[:4] == b"GGUF"
    vector = client.embeddings.create(model="echo", input=["a", "b"]).data[1].embedding
    assert vector == pytest.approx(scripts.embedding("b"))
    with pytest.raises(openai.InternalServerError):
        ask(client, "failing")
    with pytest.raises(openai.NotFoundError):
        client.files.content("file-nobody-made")


def test_it_remembers_what_arrived(server):
    """Headers, digest and length of each request are kept, also of one that broke off."""
    raw(server, b"GET /x?y=1 HTTP/1.1\r\nZone-Flow: abc\r\nconnection: close\r\n\r\n")
    raw(server, b"POST /v1/embeddings HTTP/1.1\r\ncontent-length: 9\r\n\r\nhalf")
    whole, half = server.wait_seen(2)
    assert (whole.method, whole.path, whole.headers["zone-flow"]) == ("GET", "/x?y=1", "abc")
    assert whole.complete
    assert (half.sha256, half.size_bytes) == (hashlib.sha256(b"half").hexdigest(), 4)
    assert not half.complete
    with pytest.raises(TimeoutError):
        server.wait_seen(3, timeout_seconds=0)


def test_the_workload_calls_by_the_outward_door_with_its_tag(server):
    """The call is in absolute form, carries the tag that it was given, and its outcome is the answer."""
    with serving(outward=(server.host, server.port)) as workload:
        http = openai.DefaultHttpxClient(trust_env=False)
        with openai.OpenAI(base_url=f"{workload.url}/v1", api_key="k", http_client=http) as client:
            tag = {"zone-origin": "overseas", "signature-input": "zone=()", "signature": "zone=:AA==:"}
            more = {"extra_headers": tag}
            answer = ask(client, "workload", "fetch http://inland.example/x", **more)
    call = server.wait_seen(1)[0]
    assert call.path == "http://inland.example/x"
    assert call.headers["host"] == "inland.example"
    assert {name: call.headers[name] for name in tag} == tag
    assert answer.choices[0].message.content.startswith("the outward door answered 404")


def test_the_program_writes_what_it_saw(tmp_path):
    """As a program it says where it listens, and writes one JSON line a request."""
    seen = tmp_path / "seen.jsonl"
    command = [sys.executable, "-m", "demo.echo_server", "--seen", str(seen)]
    with running(command) as program:
        host, port = program.url.removeprefix("http://").split(":")
        raw(EchoServer(host=host, port=int(port)), b"GET /a HTTP/1.1\r\n\r\n")
    assert json.loads(seen.read_text("utf-8"))["path"] == "/a"


def raw(server: EchoServer, request: bytes) -> bytes:
    """Send bytes, say that no more follow, and read all that comes back."""
    with socket.create_connection((server.host, server.port), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65_536), b""))

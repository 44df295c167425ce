"""A model server that keeps what it is given, for everybody alike: it knows no tenants.

`StoredServer.answer` is a pure function of what was asked before; `serving` puts it on a loopback port.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, str, bytes]
_JSON = "application/json"


@dataclass
class StoredServer:
    """Keeps objects by id, and answers as OpenAI's and Anthropic's servers do.

    Attributes:
        objects: what is kept, by id, in the order of making.
        contents: bytes of files, by id.
        asked: method and path of each request.
        leaks: name this object of another in every answer to a retrieval: a server gone wrong.
    """

    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    leaks: str = ""
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def answer(  # noqa: C901 - one endpoint a branch
        self, method: str, target: str, content_type: str, body: bytes, *, anthropic: bool
    ) -> Answer:
        """Answer one request."""
        self.asked.append((method, target))
        path = target.partition("?")[0]
        segments = path.split("/")[2:]
        match method, *segments:
            case "POST", "files":
                return self._file(content_type, body, anthropic=anthropic)
            case "POST", "batches":
                asked = json.loads(body)
                out = self._new("file", purpose="batch_output", filename="out.jsonl", bytes=9, created_at=1,
                                status="processed")  # fmt: skip
                self.contents[out["id"]] = b'{"a": 1}\n'
                return self._told("batch", input_file_id=asked["input_file_id"], endpoint=asked["endpoint"],
                                  completion_window="24h", status="completed", created_at=1,
                                  output_file_id=out["id"])  # fmt: skip
            case "POST", "responses":
                return self._response(json.loads(body))
            case "POST", "chat", "completions":
                return self._told("chat.completion", created=1, model="m", choices=[])
            case "POST", "messages", "batches":
                return self._told("", type="message_batch", processing_status="ended",
                                  results_url=None)  # fmt: skip
            case "POST", kind if kind in ("threads", "assistants", "vector_stores", "conversations"):
                return self._told(kind.removesuffix("s"), created_at=1, metadata=None)
            case "GET", "files", file, "content":
                return 200, "application/octet-stream", self.contents.get(file, b"")
            case "GET", "messages", "batches", _, "results":
                return 200, "application/x-jsonl", b'{"custom_id": "a"}\n'
            case "GET", *collection if collection[-1] in ("files", "batches"):
                wanted = {"files": "file", "batches": "batch"}[collection[-1]]
                kind = "message_batch" if collection[0] == "messages" else wanted
                data = [one for one in self.objects.values() if kind in (one.get("object"), one.get("type"))]
                told = {"object": "list", "data": data, "has_more": False,
                        "first_id": data[0]["id"] if data else None,
                        "last_id": data[-1]["id"] if data else None}  # fmt: skip
                return 200, _JSON, json.dumps(told).encode()
            case _, *rest:
                found = self.objects.get(rest[-1]) or self.objects.get(rest[-2] if len(rest) > 1 else "")
                if found is None:
                    return 404, _JSON, b'{"error": {"message": "no such object", "code": null}}'
                told = dict(found) | ({"previous_response_id": self.leaks} if self.leaks else {})
                return 200, _JSON, json.dumps(told).encode()
        return 500, _JSON, b"{}"

    def _new(self, kind: str, **members: Any) -> dict[str, Any]:
        prefix = members.get("type", kind) or kind
        made = {"id": f"{prefix}-{next(self._numbers)}"} | ({"object": kind} if kind else {}) | members
        self.objects[made["id"]] = made
        return made

    def _told(self, kind: str, **members: Any) -> Answer:
        return 200, _JSON, json.dumps(self._new(kind, **members)).encode()

    def _file(self, content_type: str, body: bytes, *, anthropic: bool) -> Answer:
        boundary = content_type.partition("boundary=")[2].strip('"').encode()
        parts = [part.partition(b"\r\n\r\n") for part in body.split(b"--" + boundary)]
        data = next(part[2].removesuffix(b"\r\n") for part in parts if b"filename=" in part[0])
        if anthropic:
            made = self._new("", type="file", filename="f", mime_type="text/plain", size_bytes=len(data),
                             created_at="2026-11-18T00:00:00Z")  # fmt: skip
        else:
            named = re.search(rb'name="purpose"\r\n\r\n(\w+)', body)
            made = self._new("file", purpose=named.group(1).decode() if named else "", filename="f",
                             bytes=len(data), created_at=1, status="processed")  # fmt: skip
        self.contents[made["id"]] = data
        return 200, _JSON, json.dumps(made).encode()

    def _response(self, asked: Mapping[str, Any]) -> Answer:
        number = next(self._numbers)
        item = {"id": f"msg-{number}", "type": "message", "role": "assistant", "status": "completed",
                "content": [{"type": "output_text", "text": "hello", "annotations": []}]}  # fmt: skip
        made = self._new("response", created_at=1, status="completed", model=asked["model"], output=[item],
                         previous_response_id=asked.get("previous_response_id"), tools=[],
                         parallel_tool_calls=True, tool_choice="auto",
                         usage={"input_tokens": 1, "output_tokens": 1, "total_tokens": 2,
                                "input_tokens_details": {"cached_tokens": 0},
                                "output_tokens_details": {"reasoning_tokens": 0}})  # fmt: skip
        if not asked.get("stream"):
            return 200, _JSON, json.dumps(made).encode()
        begun = made | {"status": "in_progress", "output": [], "usage": None}
        place = {"item_id": item["id"], "output_index": 0, "content_index": 0}
        events: list[dict[str, Any]] = [
            {"type": "response.created", "response": begun},
            {"type": "response.output_item.added", "output_index": 0, "item": item | {"content": []}},
            {"type": "response.output_text.delta", **place, "delta": "hello"},
            {"type": "response.output_text.done", **place, "text": "hello"},
            {"type": "response.output_item.done", "output_index": 0, "item": item},
            {"type": "response.completed", "response": made},
        ]
        written = [
            f"event: {event['type']}\ndata: {json.dumps(event | {'sequence_number': place_})}\n\n"
            for place_, event in enumerate(events)
        ]
        return 200, "text/event-stream", "".join(written).encode()


@contextlib.contextmanager
def serving(server: StoredServer) -> Iterator[int]:
    """Serve on 127.0.0.1; the block is given the port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            status, content_type, told = server.answer(
                self.command,
                self.path,
                self.headers.get("content-type", ""),
                body,
                anthropic="anthropic-version" in self.headers,
            )
            self.send_response(status)
            self.send_header("content-type", content_type)
            self.send_header("content-length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        do_GET = do_POST = do_DELETE = reply  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        httpd.daemon_threads = True
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield httpd.server_address[1]
        httpd.shutdown()
        thread.join(5)

"""`zoneproxy.content.lines`: a batch's requests, each read in its own dialect."""

from __future__ import annotations

import json
from typing import Any

import pytest

from zoneproxy.content.lines import read_lines, read_requests
from zoneproxy.content.strict_json import UnreadableError


def line(url: str = "/v1/chat/completions", *, method: str = "POST", **body: Any) -> bytes:
    asked = {"model": "m", "messages": [{"role": "user", "content": "hello"}]} | body
    return json.dumps({"custom_id": "a", "method": method, "url": url, "body": asked}).encode() + b"\n"


def test_every_line_is_looked_into() -> None:
    """Z11: words, sealed parts and names of all lines count; one model is asked for."""
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgoAAAAN"}}
    data = (
        line()
        + b"\n"
        + line("/v1/responses", input=[{"type": "input_file", "file_id": "f"}])
        + line(messages=[{"role": "user", "content": [image]}])
    )
    batch = read_lines(data, 64)
    assert batch.model == "m"
    assert any(text == "hello" for _, text in batch.segments)
    assert batch.sealed == ("image",)
    assert [(one.name.kind, one.name.id) for one in batch.names] == [("file", "f")]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]\n",
        line() + b"{\n",
        line() + line(model="other"),
        line(model=None),
        line(stream=True),
        line("/v1/responses", background=True),
        line("/v1/files"),
        line("/v1/batches"),
        line("/v1/chat/completions/"),
        line(method="GET"),
        line().replace(b'"custom_id"', b'"other"'),
        line().replace(b'"model": "m"', b'"model": "m", "model": "n"'),
    ],
)
def test_what_is_no_batch_of_one_model_is_refused(data: bytes) -> None:
    """Z20, Z22: a line that the zone would not serve by itself is not served in a batch."""
    with pytest.raises(UnreadableError):
        read_lines(data, 64)


def test_the_other_sdks_batch_has_the_same_law() -> None:
    """Z20: Anthropic's requests stand in one document."""
    params = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
    assert read_requests({"requests": [{"custom_id": "a", "params": params}]}).model == "m"
    several: tuple[dict[str, Any], ...] = (
        {},
        {"requests": []},
        {"requests": [{}]},
        {"requests": [{"params": params | {"stream": True}}]},
    )
    for bad in several:
        with pytest.raises(UnreadableError):
            read_requests(bad)

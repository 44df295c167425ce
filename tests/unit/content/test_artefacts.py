"""Model files are known by their headers."""

from __future__ import annotations

import json
import struct

import pytest

from zoneproxy.content.artefacts import find


def safetensors(header: dict[str, object]) -> bytes:
    data = json.dumps(header).encode()
    return struct.pack("<Q", len(data)) + data + bytes(64)


GGUF = b"GGUF" + struct.pack("<IQQ", 3, 1, 0)
TENSORS = safetensors({"w": {"dtype": "F32", "shape": [4, 4], "data_offsets": [0, 64]}})


@pytest.mark.parametrize(
    ("data", "name"), [(GGUF, "gguf"), (TENSORS, "safetensors"), (TENSORS[:40], "safetensors")]
)
def test_headers_of_model_files_are_found(data, name):
    """Z9: a model file's header is found, cut short or not."""
    assert [(hit.kind, hit.value, hit.category) for hit in find(data)] == [
        ("model_weights", name, "model_weights")
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GGUF",
        b"GGUF is a format",
        b'{"dtype": "F32"}',
        bytes(64),
        struct.pack("<Q", 12) + b'{"a": "b"}  ',
    ],
)
def test_what_only_looks_like_one_is_not(data):
    """Text about a format is not the format."""
    assert list(find(data)) == []

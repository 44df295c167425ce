"""Model weights and adapters by their headers."""

from __future__ import annotations

import json
import struct

import pytest

from zoneproxy.content.artefacts.weights import archive_kind, kind_of, speaks_of_adapters


def safetensors(*names):
    header = {name: {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]} for name in names}
    data = json.dumps(header).encode()
    return struct.pack("<Q", len(data)) + data + bytes(64)


GGUF = b"GGUF" + struct.pack("<IQQ", 3, 1, 0)
ONNX = b"\x08\x08\x12\x07pytorch\x3a\x04\x0a\x02\x0a\x00\x42\x04\x0a\x00\x10\x0d"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (GGUF, "model_weights"),
        (b"FUGG" + struct.pack(">IQQ", 3, 1, 0), "model_weights"),
        (safetensors("model.layers.0.weight"), "model_weights"),
        (safetensors("model.layers.0.weight")[:60], "model_weights"),
        (safetensors("q_proj.lora_A.weight"), "lora_adapter"),
        (ONNX, "model_weights"),
        (b"\x00\x00\x00\x00TFL3", "model_weights"),
        (b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n", "model_weights"),
        (b"\x89HDF\r\n\x1a\n" + bytes(40) + b"keras_version", "model_weights"),
        (b'{"peft_type": "LORA", "r": 16}', "lora_adapter"),
    ],
)
def test_model_files_are_known_by_their_headers(data, kind):
    """Z9: every format, cut short or not."""
    assert kind_of(data) == kind


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GGUF",
        b"GGUF is a format",
        b'{"dtype": "F32"}',
        bytes(64),
        struct.pack("<Q", 12) + b'{"a": "b"}  ',
        b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x01a\x94\x8c\x01bs.",
        b"\x08\x08\x12\x07pytorch",
        b"\x89HDF\r\n\x1a\n" + bytes(40),
    ],
)
def test_what_only_looks_like_one_is_none(data):
    """Text about a format, small pickles and empty containers pass."""
    assert kind_of(data) == ""


def test_archives_are_known_by_their_members():
    """torch, TorchScript, Keras and npz archives; adapters by their tensors' names."""
    assert archive_kind([b"m/data.pkl", b"m/data/0"], adapter=False) == "model_weights"
    assert archive_kind([b"w.npy"], adapter=True) == "lora_adapter"
    assert archive_kind([b"word/document.xml"], adapter=True) == ""
    assert speaks_of_adapters(b"..base.lora_B.weight..")

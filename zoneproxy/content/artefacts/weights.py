"""Model weights and adapters by their headers.

safetensors: a little-endian u64 header length, then that many bytes of JSON whose members have
`dtype` and `data_offsets`. GGUF: the magic in either byte order and a version. torch: a zip with
`data.pkl`, or the old pickled magic number. TorchScript, Keras and npz archives: a zip by its
members' names. ONNX: a protobuf of ModelProto's fields with an IR version and a graph. HDF5 with
Keras' names. TFLite: its file identifier. Pickles that rebuild tensors or arrays.
"""

from __future__ import annotations

import re

WEIGHTS = "model_weights"
ADAPTER = "lora_adapter"
_U64 = 8
_MOST_HEADER_BYTES = 100_000_000
_LOOK_BYTES = 262_144
_MEMBER = re.compile(rb'"dtype"\s*:\s*"|"data_offsets"\s*:\s*\[|"__metadata__"\s*:\s*\{')
_LORA = re.compile(rb"lora_[AB]\b|lora_(?:up|down|embedding)|\.lora\.|lora_magnitude|hada_w1|\bloha|\blokr")
_MOST_GGUF_VERSION = 99
_ADAPTER_TYPE = re.compile(rb"general\.type.{12}adapter|adapter\.type", re.DOTALL)
_OLD_TORCH = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19"
_REBUILD = re.compile(
    rb"_rebuild_tensor|_rebuild_parameter|torch\n|torch\._utils|torch\.storage|numpy(?:\._core|\.core)?\.multiarray"
    rb"|numpy\n|_reconstruct.{0,40}ndarray|sklearn\.|jax\._src|tensorflow\.",
    re.DOTALL,
)
_PICKLE = re.compile(rb"\x80[\x02-\x05]")
_ADAPTER_CONFIG = re.compile(rb'\s*\{.{0,20000}"peft_type"\s*:\s*"', re.DOTALL)
_PEFT = b'"peft_type"'
_HDF5 = b"\x89HDF\r\n\x1a\n"
_KERAS = re.compile(
    rb"keras_version|layer_names|weight_names|model_weights|model_config|kernel:0|/vars|optimizer_weights|_weights"
)
_TFLITE = b"TFL3"
_ZIP_TORCH = re.compile(
    rb"(?:^|/)data\.pkl\Z|/data/\d+\Z|(?:^|/)constants\.pkl\Z|\.weights\.h5\Z|(?:^|/)saved_model\.pb\Z|\.onnx\Z|\.npy\Z"
)


def kind_of(data: bytes) -> str:
    """Return `model_weights` or `lora_adapter` where the bytes begin as such a file, else empty."""
    if _safetensors(data):
        size = int.from_bytes(data[:_U64], "little")
        return ADAPTER if _LORA.search(data[_U64 : _U64 + min(size, _LOOK_BYTES)]) else WEIGHTS
    if _gguf(data):
        return ADAPTER if _ADAPTER_TYPE.search(data[:_LOOK_BYTES]) else WEIGHTS
    if _pickle(data) or data[4:8] == _TFLITE or _onnx(data):
        return ADAPTER if _LORA.search(data[:_LOOK_BYTES]) else WEIGHTS
    if data.find(_PEFT, 0, _LOOK_BYTES) >= 0 and _ADAPTER_CONFIG.match(data[:_LOOK_BYTES]):
        return ADAPTER
    if data.startswith(_HDF5) and _KERAS.search(data[:_LOOK_BYTES]):
        return WEIGHTS
    return ""


def archive_kind(names: list[bytes], *, adapter: bool) -> str:
    """Return what a zip archive is, by the names of its members, else empty.

    Args:
        names: the members' names.
        adapter: a member's content speaks of low-rank adapters.
    """
    if any(_ZIP_TORCH.search(name) for name in names):
        return ADAPTER if adapter or any(_LORA.search(name) for name in names) else WEIGHTS
    return ""


def speaks_of_adapters(data: bytes) -> bool:
    """Tell whether bytes name the tensors of a low-rank adapter."""
    return _LORA.search(data[:_LOOK_BYTES]) is not None


def _safetensors(data: bytes) -> bool:
    size = int.from_bytes(data[:_U64], "little")
    if not 0 < size <= _MOST_HEADER_BYTES or data[_U64 : _U64 + 1] != b"{":
        return False
    return _MEMBER.search(data[_U64 : _U64 + min(size, _LOOK_BYTES)]) is not None


def _gguf(data: bytes) -> bool:
    if data[:4] not in (b"GGUF", b"FUGG") or len(data) < _U64:
        return False
    version = min(int.from_bytes(data[4:8], "little"), int.from_bytes(data[4:8], "big"))
    return 1 <= version <= _MOST_GGUF_VERSION


def _pickle(data: bytes) -> bool:
    if not _PICKLE.match(data):
        return False
    return _OLD_TORCH in data[:64] or _REBUILD.search(data[:_LOOK_BYTES]) is not None


_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_IR_VERSION, _GRAPH = 1, 7
_MODEL_FIELDS = frozenset((1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26))
_MOST_IR_VERSION = 20
_MOST_FIELDS = 200


def _onnx(data: bytes) -> bool:
    """Walk ModelProto's fields (onnx.proto): known numbers only, an IR version, a graph."""
    at, version, graph = 0, 0, False
    for _ in range(_MOST_FIELDS):
        if at >= len(data):
            break
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if number not in _MODEL_FIELDS or wire not in (_VARINT, _BYTES):
            return False
        value, at = _varint(data, at)
        if wire == _VARINT:
            version = value if number == _IR_VERSION else version
            continue
        if number == _GRAPH and version:
            graph = data[at : at + 1] in (b"\x0a", b"\x12", b"\x2a", b"\x5a", b"\x62", b"\x6a")
        at += value
    return graph and 1 <= version <= _MOST_IR_VERSION


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    for place in range(at, min(at + 10, len(data))):
        value |= (data[place] & 0x7F) << shift
        shift += 7
        if data[place] < 0x80:  # noqa: PLR2004 - the continuation bit
            return value, place + 1
    return 0, len(data) + 1

"""Writes small MMDB files (MaxMind DB format, version 2.0): a tree of 24-bit records over IPv6, and data.

Source: https://maxmind.github.io/MaxMind-DB/
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Mapping
from typing import Any

_MARK = b"\xab\xcd\xefMaxMind.com"
_STRING, _MAP, _UINT32, _UINT16, _UINT64, _ARRAY = 2, 7, 6, 5, 9, 11


def _control(kind: int, size: int) -> bytes:
    if size >= 29:
        head, more = 29, bytes((size - 29,))
    else:
        head, more = size, b""
    if kind > 7:
        return bytes((head, kind - 7)) + more
    return bytes((kind << 5 | head,)) + more


def encode(value: Any) -> bytes:
    """Encode a text, a number, a list or a map."""
    match value:
        case str():
            raw = value.encode()
            return _control(_STRING, len(raw)) + raw
        case int():
            raw = value.to_bytes((value.bit_length() + 7) // 8, "big")
            return _control(_UINT32 if value < 2**32 else _UINT64, len(raw)) + raw
        case list():
            return _control(_ARRAY, len(value)) + b"".join(map(encode, value))
        case _:
            inner = b"".join(encode(key) + encode(item) for key, item in value.items())
            return _control(_MAP, len(value)) + inner


EPOCH = 1_760_000_000


def write_mmdb(records: Mapping[str, Any], *, kind: str = "Tiny-Country", epoch: int = EPOCH) -> bytes:
    """Write a database of these prefixes; IPv4 ones lie under `::/96`, as they do everywhere."""
    tree: list[list[int | None]] = [[None, None]]
    data, places = b"", dict[bytes, int]()
    leaves: dict[tuple[int, int], int] = {}
    for prefix, record in records.items():
        network = ipaddress.ip_network(prefix)
        bits = network.prefixlen + (96 if network.version == 4 else 0)
        value = int(network.network_address)
        encoded = encode(record)
        if encoded not in places:
            places[encoded] = len(data)
            data += encoded
        node = 0
        for at in range(bits - 1):
            side = value >> (127 - at) & 1
            if tree[node][side] is None:
                tree.append([None, None])
                tree[node][side] = len(tree) - 1
            node = tree[node][side] or 0
        leaves[node, value >> (128 - bits) & 1] = places[encoded]
    count = len(tree)
    out = b""
    for number, pair in enumerate(tree):
        for side in (0, 1):
            place = leaves.get((number, side))
            points = count + 16 + place if place is not None else pair[side] or count
            out += struct.pack(">I", points)[1:]
    metadata = {
        "node_count": count, "record_size": 24, "ip_version": 6, "database_type": kind, "languages": ["en"],
        "binary_format_major_version": 2, "binary_format_minor_version": 0, "build_epoch": epoch,
        "description": {"en": "made for a test"},
    }  # fmt: skip
    return out + bytes(16) + data + _MARK + encode(metadata)

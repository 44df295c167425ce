"""Tables of vectors and of training data."""

from __future__ import annotations

import json

import pytest

from zoneproxy.content.artefacts.tables import kind_of

VECTOR = [0.125] * 48


def lines(*rows):
    return b"\n".join(json.dumps(row).encode() for row in rows)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (lines(*[{"prompt": "a", "completion": "b"}] * 3), "training_archive"),
        (lines(*[{"messages": [{"role": "user", "content": "a"}]}] * 3), "training_archive"),
        (json.dumps([{"instruction": "a", "output": "b"}] * 5).encode(), "training_archive"),
        (b"PAR1" + bytes(40) + b"input_ids labels PAR1", "training_archive"),
        (b"ARROW1\x00\x00" + b"chosen rejected", "training_archive"),
        (lines(*[{"id": 1, "embedding": VECTOR}] * 70), "embedding_dump"),
        (b"\n".join(b",".join(b"0.%d" % cell for cell in range(40)) for _ in range(80)), "embedding_dump"),
        (
            b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (96, 64), }",
            "embedding_dump",
        ),
        (b"PAR1" + bytes(40) + b"embedding PAR1", "embedding_dump"),
    ],
)
def test_tables_are_known_by_schema_and_size(data, kind):
    """Z9: in JSON, CSV, npy, Parquet and Arrow."""
    assert kind_of(data) == kind


@pytest.mark.parametrize(
    "data",
    [
        b"",
        lines(
            *[{"custom_id": "r", "method": "POST", "url": "/v1/chat/completions", "body": {"messages": []}}]
            * 3
        ),
        json.dumps({"object": "list", "data": [{"object": "embedding", "embedding": VECTOR}] * 70}).encode(),
        json.dumps({"model": "m", "messages": [{"role": "user", "content": "a"}] * 9}).encode(),
        b"PAR1" + bytes(40) + b"country revenue PAR1",
        b"\x93NUMPY\x01\x00v\x00{'descr': '<i8', 'fortran_order': False, 'shape': (169,), }",
        b"5.1,3.8,1.5,0.3,0\n" * 80,
        b"hello\nworld\n",
    ],
)
def test_traffic_and_other_tables_are_none(data):
    """A batch's input, one embeddings answer, a request, sales and measurements pass."""
    assert kind_of(data) == ""

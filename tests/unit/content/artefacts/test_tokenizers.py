"""Tokenizers by their content."""

from __future__ import annotations

import base64
import json

import pytest

from zoneproxy.content.artefacts.tokenizers import kind_of

HUGGING = json.dumps(
    {"version": "1.0", "added_tokens": [], "model": {"type": "BPE", "vocab": {"a": 0}}}
).encode()
VOCABULARY = json.dumps({f"tok{number}": number for number in range(100)}).encode()
RANKS = b"\n".join(base64.b64encode(b"tok%d" % number) + b" %d" % number for number in range(100))
MERGES = b"#version: 0.2\n" + b"\n".join(b"a%d b%d" % (number, number) for number in range(60))
PIECES = b"\n\x0e\n\x05<unk>\x15\x00\x00\x00\x00\x18\x02"


@pytest.mark.parametrize("data", [HUGGING, VOCABULARY, RANKS, MERGES, PIECES])
def test_tokenizers_are_known(data):
    """Z9: Hugging Face, vocabularies, tiktoken, merges, SentencePiece."""
    assert kind_of(data) == "tokenizer"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        json.dumps({"a": 1, "b": 2}).encode(),
        json.dumps({f"k{number}": number * 1000 for number in range(100)}).encode(),
        b"hello world\n" * 100,
        json.dumps({"model": "m", "messages": [{"role": "user", "content": "x"}]}).encode(),
    ],
)
def test_other_texts_are_none(data):
    """Small objects, sparse numbers, plain lines and requests pass."""
    assert kind_of(data) == ""

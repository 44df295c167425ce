"""Tokenizers: Hugging Face JSON, plain vocabularies, merges, tiktoken ranks, SentencePiece models."""

from __future__ import annotations

import re

KIND = "tokenizer"
_HEAD = 65_536
_JSON_HEAD = re.compile(rb"\s*\{")
_PARTS = (
    re.compile(rb'"(?:pre_tokenizer|post_processor|added_tokens|normalizer)"\s*:'),
    re.compile(rb'"(?:merges|vocab|byte_fallback|unk_token|continuing_subword_prefix)"\s*:'),
)
# One of them stands in whatever the first part matches: a plain look costs less than a pattern.
_WORDS = (b'"pre_tokenizer"', b'"post_processor"', b'"added_tokens"', b'"normalizer"')
_VOCABULARY = re.compile(rb'"(?:[^"\\]|\\.){1,64}"\s*:\s*(\d{1,7})\s*[,}]')
_RANK = re.compile(rb"[A-Za-z0-9+/]{2,}={0,2} (\d{1,7})\r?")
_MERGE = re.compile(rb"[^\s]{1,40} [^\s]{1,40}\r?")
_FEWEST = 50
_FEWEST_MERGES = 10
_SENTENCEPIECE = re.compile(rb"\A\x0a.{1,2}\x0a.{1,2}<(?:unk|pad|s|/s)>", re.DOTALL)
_BYTE_LEVEL = "\u0120".encode()


def kind_of(data: bytes) -> str:
    """Return `tokenizer` where the bytes begin as one, else empty."""
    head = data[:_HEAD]
    found = (
        _huggingface(head) or _vocabulary(head) or _ranks(head) or _merges(head) or _SENTENCEPIECE.match(head)
    )
    return KIND if found else ""


def _huggingface(head: bytes) -> bool:
    if not any(word in head for word in _WORDS):
        return False
    return _JSON_HEAD.match(head) is not None and all(part.search(head) for part in _PARTS)


def _vocabulary(head: bytes) -> bool:
    """A JSON object of strings to ids that count up from nearly nothing."""
    start = _JSON_HEAD.match(head)
    if start is None:
        return False
    at = start.end()
    ids: list[int] = []
    while len(ids) < 4 * _FEWEST:
        found = _VOCABULARY.match(head, _skip_space(head, at))
        if found is None:
            break
        ids.append(int(found.group(1)))
        at = found.end()
    return _counts_up(ids)


def _skip_space(head: bytes, at: int) -> int:
    while at < len(head) and head[at] in b" \t\r\n":
        at += 1
    return at


def _ranks(head: bytes) -> bool:
    # At most two lines may be none, so one of the first three must be one.
    if not any(map(_RANK.fullmatch, head.split(b"\n", 3)[:3])):
        return False
    lines = head.split(b"\n", 4 * _FEWEST)[: 4 * _FEWEST]
    ids = [int(found.group(1)) for found in map(_RANK.fullmatch, lines) if found]
    return len(ids) >= len(lines) - 2 and _counts_up(ids)


def _counts_up(ids: list[int]) -> bool:
    if len(ids) < _FEWEST:
        return False
    return len(set(ids)) == len(ids) and max(ids) - min(ids) < 2 * len(ids)


def _merges(head: bytes) -> bool:
    if head.count(b"\n") < _FEWEST_MERGES - 1 or not any(map(_MERGE.fullmatch, head.split(b"\n", 5)[:5])):
        return False
    lines = head.split(b"\n", 4 * _FEWEST)[: 4 * _FEWEST]
    headed = lines[0].startswith(b"#version")
    pairs = [line for line in lines[headed:] if line]
    if len(pairs) < (_FEWEST_MERGES if headed else _FEWEST):
        return False
    whole = sum(_MERGE.fullmatch(pair) is not None for pair in pairs) >= len(pairs) - 2
    return whole and (headed or sum(_BYTE_LEVEL in pair for pair in pairs) * 20 > len(pairs))

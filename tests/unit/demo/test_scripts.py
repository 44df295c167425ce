"""What the scripted models say."""

from __future__ import annotations

import pytest
from stdnum.iso7064 import mod_11_2

from demo import scripts


@pytest.mark.parametrize("serial", [0, 1, 17, 699, 700, 5_000])
def test_a_generated_resident_id_is_valid_by_its_check_character(serial):
    """A foreign implementation of ISO 7064 MOD 11-2 accepts what is generated."""
    number = scripts.resident_id(serial)
    assert len(number) == 18
    assert mod_11_2.is_valid(number)
    assert number[6:10] in {"1900", "1901"}


def test_generated_resident_ids_differ():
    """Each serial gives another number."""
    assert len({scripts.resident_id(serial) for serial in range(1_500)}) == 1_500


def test_the_leaky_model_spreads_the_number_over_several_tokens():
    """No single token, and no two neighbours, hold the whole number."""
    tokens = scripts.answer("resident-id", "")
    assert scripts.resident_id(17) in "".join(tokens)
    assert max(map(len, tokens)) == 3


def test_answers():
    """The model's name chooses the answer."""
    assert scripts.answer("echo", "a b") == ["a ", "b"]
    assert scripts.answer("echo-reversed", "abc") == ["cba"]
    assert len(scripts.answer("events-200", "")) == 200
    assert scripts.answer("anything", "") == ["..."]


def test_the_prompt_is_the_last_user_message():
    """Text parts are joined; other roles are not the prompt."""
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    messages = [{"role": "user", "content": "x"}, {"role": "user", "content": parts}, {"role": "system"}]
    assert scripts.prompt({"messages": messages}) == "a b"
    assert scripts.prompt({}) == ""
    assert scripts.first_url('see "http://a.example/x" now') == "http://a.example/x"
    assert scripts.first_url("nothing") == ""


def test_model_files_bear_their_magic():
    """The files begin as the formats demand."""
    assert scripts.gguf_header()[:8] == b"GGUF\x03\x00\x00\x00"
    body = scripts.safetensors_header()
    length = int.from_bytes(body[:8], "little")
    assert body[8:9] == b"{"
    assert len(body) == 8 + length + 64


@pytest.mark.parametrize(
    ("prompt", "chosen"),
    [
        ("events-5: go", ("events-5", "go")),
        ("workload: fetch http://a.example/", ("workload", "fetch http://a.example/")),
        ("plain words", ("the-model", "plain words")),
        ("a note: words", ("the-model", "a note: words")),
    ],
)
def test_a_prompt_may_name_the_script(prompt, chosen):
    """Only the name of a script before a colon chooses it."""
    assert scripts.choose("the-model", prompt) == chosen


def test_a_text_is_told_over_and_over() -> None:
    """As many tokens as were asked for, each a word with the space behind it."""
    assert scripts.choose("zone-llm-02", "words-5: a b") == ("words-5", "a b")
    assert scripts.answer("words-5", "a b") == ["a ", "b ", "a ", "b ", "a "]
    assert scripts.answer("words-5", "") == ["..."]

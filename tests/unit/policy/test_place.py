"""Where a cursor stands in an unfinished policy."""

from __future__ import annotations

import pytest

from zoneproxy.policy.place import Place, place_at

RULE = "rules:\n  - id: COL-010\n    phase: collect\n    "


def at(marked: str) -> Place:
    """The place of `|`."""
    lines = marked.split("\n")
    line = next(number for number, text in enumerate(lines) if "|" in text)
    column = lines[line].index("|")
    lines[line] = lines[line].replace("|", "", 1)
    return place_at(lines, line, column)


@pytest.mark.parametrize(
    ("marked", "path", "in_value", "word"),
    [
        ("|", (), False, ""),
        ("mode: enforce\nmet|", (), False, "met"),
        ("metadata:\n  na|", ("metadata",), False, "na"),
        ("metadata:\n  layer: |", ("metadata", "layer"), True, ""),
        ("rules:\n  - |", ("rules", 0), False, ""),
        ("rules:\n- id: X\n  phase: |", ("rules", 0, "phase"), True, ""),
        (RULE + "wh|", ("rules", 0), False, "wh"),
        (RULE + "when: {origin.class: |", ("rules", 0, "when", "origin.class"), True, ""),
        (RULE + "when: {origin.class: ov|erseas}", ("rules", 0, "when", "origin.class"), True, "ov"),
        (RULE + "when:\n      |", ("rules", 0, "when"), False, ""),
        (RULE + "when:\n      a: b\n      c|", ("rules", 0, "when"), False, "c"),
        (
            RULE + "when:\n      origin.country:\n        not: |",
            ("rules", 0, "when", "origin.country", "not"),
            True,
            "",
        ),
        (RULE + "when: {a: 1,\n           or|}", ("rules", 0, "when"), False, "or"),
        (RULE + "when: {a: 1,\n           b: [1,\n 2],\n           or|}", ("rules", 0, "when"), False, "or"),
        (RULE + 'when: {a: "x}, y", or|}', ("rules", 0, "when"), False, "or"),
        (RULE + "when: {a: {b: 1}, or|}", ("rules", 0, "when"), False, "or"),
        (RULE + "when: {a: [x, y], or|}", ("rules", 0, "when"), False, "or"),
        ("rules:\n  - {id: X, when: {orig|}}", ("rules", 0, "when"), False, "orig"),
        (
            "rules:\n  - {id: X, when: {origin.country: [SG, $mar|]}}",
            ("rules", 0, "when", "origin.country", 0),
            True,
            "$mar",
        ),
        (
            RULE + "when:\n      any:\n        - {a: 1}\n        - {origin.country: {no|",
            ("rules", 0, "when", "any", 0, "origin.country"),
            False,
            "no",
        ),
        ("# rules: {\nme|", (), False, "me"),
        ("rules:\n  - {id: A}\n\n  # a note\n  - {id: B, wh|", ("rules", 0), False, "wh"),
        ("require_facts:\n  collect: [trace.writable, or|]", ("require_facts", "collect", 0), True, "or"),
        ("fixtures:\n  caller:\n    origin.|", ("fixtures", "caller"), False, "origin."),
    ],
)
def test_the_place_is_found_from_the_text(
    marked: str, path: tuple[str | int, ...], in_value: object, word: str
) -> None:
    """By indentation and open brackets, whatever is missing behind the cursor."""
    found = at(marked)
    assert (found.path, found.in_value, found.word) == (path, in_value, word)


def test_what_the_mapping_has_is_known() -> None:
    """A key that stands on the line already is not to be written again."""
    assert at("rules:\n  - {id: A, phase: collect, |").taken == ("id", "phase")


def test_the_word_has_a_start() -> None:
    """So that an editor replaces all of it, dots included."""
    assert at("origin.cl|").start == 0
    assert at(RULE + "when: {origin.cl|").start == 11


def test_a_place_behind_the_text_is_the_top() -> None:
    """An editor may ask before it has sent the line."""
    assert place_at(["mode: enforce"], 5, 3) == Place((), in_value=False, word="", start=0)

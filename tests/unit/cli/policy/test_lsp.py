"""The language server's own part: places as editors count them. Its sessions are in `tests/live`."""

from __future__ import annotations

import pytest

from tests.support.small_policy import text
from zoneproxy.policy.assist import diagnose

pytest.importorskip("pygls", reason="the extra `editor` is not installed: pip install 'zoneproxy[editor]'")

from lsprotocol import types as lsp
from pygls.workspace import TextDocument

from zoneproxy.cli.policy import lsp as policy_lsp

RULE = "rules:\n  - {note: 🛳海, phase: collect, effect: deny, when: {origin.clas: zone}}\n"


def document(source: str) -> TextDocument:
    return TextDocument("file:///x.yaml", source)


def units(source: str, line: int, word: str) -> tuple[int, int]:
    """A word's columns in UTF-16 units."""
    before = source.split("\n")[line].partition(word)[0]
    start = len(before.encode("utf-16-le")) // 2
    return start, start + len(word)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_mistake_stands_under_its_word(end: str) -> None:
    """Behind characters of two UTF-16 units, and whatever the line ends are."""
    source = text(RULE).decode()
    subject = document(source.replace("\n", end))
    problem = next(one for one in diagnose(source.encode(), "x") if one.code == "ZP2001")
    found = policy_lsp._diagnostic(subject, problem)
    assert (found.range.start.character, found.range.end.character) == units(
        source, found.range.start.line, "origin.clas"
    )
    assert found.message == "unknown fact `origin.clas`\nhelp: did you mean `origin.class`?"


def test_a_completion_replaces_the_whole_word() -> None:
    """Dots and `$` belong to it."""
    source = text(RULE).decode()
    line = next(number for number, row in enumerate(source.split("\n")) if "origin.clas" in row)
    start, end = units(source, line, "origin.clas")
    found = policy_lsp._completions(document(source), lsp.Position(line, end))
    edits = [item.text_edit for item in found.items]
    assert all(isinstance(edit, lsp.TextEdit) for edit in edits)
    assert edits[0].range == lsp.Range(lsp.Position(line, start), lsp.Position(line, end))  # type: ignore[union-attr]


def test_a_hover_marks_its_word() -> None:
    """And says nothing where there is none."""
    source = text(RULE.replace("clas:", "class:")).decode()
    line = next(number for number, row in enumerate(source.split("\n")) if "origin.class" in row)
    start, end = units(source, line, "origin.class")
    found = policy_lsp._hover(document(source), lsp.Position(line, start + 3))
    assert found is not None
    assert found.range == lsp.Range(lsp.Position(line, start), lsp.Position(line, end))
    assert policy_lsp._hover(document(source), lsp.Position(0, 400)) is None


def test_half_a_character_is_refused_as_in_a_file() -> None:
    """An editor can send what a file could not hold."""
    assert diagnose(policy_lsp._bytes(document("a: \ud800")), "x")[0].code == "ZP0010"

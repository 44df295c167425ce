"""What an editor shows: the compiler's problems, completions that fit the place, hover texts."""

from __future__ import annotations

import pytest

from tests.support.small_policy import text
from zoneproxy.policy.assist import OPERATOR_TEXTS, complete, diagnose, hover, names_in
from zoneproxy.policy.bundle import load
from zoneproxy.policy.compile import OPERATORS
from zoneproxy.terms.errors import PolicyError

SETS = "sets: {home: [CN], near: [SG, MY]}\n"
HEAD = text(SETS + "rules:\n").decode()
RULE = HEAD + "  - {id: COL-001, phase: collect, effect: deny, when: {"
TESTS = "apiVersion: zoneproxy/v1\nkind: ZonePolicyTest\n"


def suggested(marked: str) -> dict[str, str]:
    """What is offered at `|`, with its text."""
    before = marked[: marked.index("|")]
    line, column = before.count("\n"), len(before.rpartition("\n")[2])
    return {one.text: one.about for one in complete(marked.replace("|", "", 1), line, column)}


def said(marked: str) -> str:
    before = marked[: marked.index("|")]
    found = hover(marked.replace("|", "", 1), before.count("\n"), len(before.rpartition("\n")[2]))
    return found.text if found else ""


def test_the_problems_are_the_compilers() -> None:
    """One code for the command line, CI, the proxy and the editor."""
    data = text(
        "rules:\n  - {id: COL-001, phase: collect, effect: deny, when: {origin.clas: x}, reason: y}\n"
    )
    with pytest.raises(PolicyError) as caught:
        load(data, "x.yaml")
    assert diagnose(data, "x.yaml") == caught.value.problems
    assert diagnose(text(), "x.yaml") == []


def test_a_test_file_is_judged_by_its_own_form() -> None:
    """Its kind says what it is."""
    assert [problem.code for problem in diagnose((TESTS + "nov: 1\n").encode(), "x.yaml")][:1] != ["ZP1003"]
    assert any("`nov`" in problem.message for problem in diagnose((TESTS + "nov: 1\n").encode(), "x"))


def test_facts_of_the_phase_are_offered() -> None:
    """A fact of a later phase would be an error; the groups stand beside the facts."""
    collect = suggested(RULE + "|")
    assert {"origin.class", "tenant.id", "any", "not"} <= set(collect)
    assert "data.mixing" not in collect
    back = suggested(RULE.replace("phase: collect", "phase: return") + "|")
    assert {"data.mixing", "response.mixing"} <= set(back)
    both = suggested(RULE.replace("phase: collect", "phase: [collect, return]") + "|")
    assert "response.mixing" not in both
    assert "overseas, domestic, zone, unknown" in collect["origin.class"]


def test_a_rule_in_block_form_has_its_phase_below_or_above() -> None:
    """Order has no meaning in a rule."""
    block = HEAD + "  - id: RET-001\n    when: {|}\n    phase: return\n  - {id: COL-001, phase: collect}\n"
    assert "response.mixing" in suggested(block)


def test_operators_of_the_type_are_offered() -> None:
    """Those that the compiler accepts, and no other."""
    assert set(suggested(RULE + "origin.agreeing: {|")) == set(OPERATORS["int"])  # type: ignore[index]
    assert "prefix" in suggested(RULE + "request.path: {not: {|")
    assert set(OPERATOR_TEXTS) >= {name for names in OPERATORS.values() for name in names}


def test_values_and_lists_are_offered() -> None:
    """Closed values, the file's own lists with what they hold, booleans, comparable facts."""
    assert {"overseas", "$sets.near"} <= set(suggested(RULE + "origin.class: |"))
    assert suggested(RULE + "origin.country: [$|")["$sets.near"] == "SG, MY"
    assert set(suggested(RULE + "trace.writable: |")) == {"true", "false"}
    assert "origin.country" in suggested(RULE + "tenant.market: {same_as: |")


def test_fields_and_closed_words_are_offered() -> None:
    """What the format knows at the place, without what is there already."""
    assert "rules" in suggested("apiVersion: zoneproxy/v1\n|")
    fields = suggested(HEAD + "  - {id: COL-001, |")
    assert "effect" in fields
    assert "id" not in fields
    assert set(suggested(HEAD + "  - {id: COL-001, effect: |")) == {"allow", "deny"}
    assert "origin_not_overseas" in suggested(HEAD + "  - {id: COL-001, reason: |")
    required = suggested("require_facts:\n  collect: [|")
    assert "origin.class" in required
    assert "data.mixing" not in required
    assert {"collect", "return"} <= set(suggested("require_facts:\n  |"))


def test_a_test_file_is_completed_too() -> None:
    """Facts in fixtures and rows, their values, and its own fields."""
    assert "response.mixing" in suggested(TESTS + "fixtures:\n  caller:\n    |")
    assert "overseas" in suggested(TESTS + "fixtures:\n  caller:\n    origin.class: |")
    assert "clean" in suggested(TESTS + "tests:\n  - with: {data.mixing: |")
    assert "fixtures" in suggested(TESTS + "|")
    assert "missing_fact" in suggested(TESTS + "tests:\n  - expect: {collect: {kind: |")


def test_words_are_explained() -> None:
    """Facts, operators, lists and reasons; other words are silent."""
    for part in ("type: enum", "known from: collect", "provided by: origin", "`overseas`", "`same_as`"):
        assert part in said(RULE + "ori|gin.class: zone}}")
    assert "private" in said(RULE + "client.i|p: 10.0.0.0/8}}")
    assert "is less than" in said(RULE + "origin.agreeing: {l|t: 2}}}")
    assert "SG, MY" in said(RULE + "origin.country: $sets.ne|ar}}")
    assert "reason" in said(HEAD + "  - {reason: origin_not_over|seas}")
    assert not said(HEAD + "  - {i|d: COL-001}")
    assert not said(HEAD + "|  ")
    assert hover("a", 3, 0) is None


def test_lists_are_known_while_a_line_is_unfinished() -> None:
    """The line that is being written is left out, or what follows it."""
    lines = (HEAD + "  - {id: COL-001, when: {origin.country: $").split("\n")
    assert names_in(lines, len(lines) - 1).lists["sets.home"] == ["CN"]
    assert names_in(["{", "{"], 0).lists == {}

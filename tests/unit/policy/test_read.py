"""Strict YAML with places."""

from __future__ import annotations

import pytest
import yaml

from zoneproxy.policy import read as module
from zoneproxy.policy.read import Source, Span, read, show_path
from zoneproxy.terms.errors import PolicyError


def codes(data: bytes) -> list[str]:
    """The codes of everything that is wrong with `data`."""
    try:
        return [problem.code for problem in sorted(read(data, "x.yaml").problems)]
    except PolicyError as error:
        return [problem.code for problem in error.problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"), ("on", "on"), ("yes", "yes"), ("22:22", "22:22"), ("0777", "0777"), ("0o17", "0o17"),
        ("0x1f", "0x1f"), ("1_000", "1_000"), ("2026-01-01", "2026-01-01"), (".inf", ".inf"), ("1e3", "1e3"),
        ("true", True), ("FALSE", False), ("null", None), ("~", None), ("", None), ("12", 12), ("-3", -3),
        ("1.5", 1.5), ('"12"', "12"), ("'true'", "true"), ("1.4.0", "1.4.0"),
        ("123456789012345678901", "123456789012345678901"),
    ],
)  # fmt: skip
def test_plain_scalars_are_what_they_look_like(text: str, value: object) -> None:
    """Norway stays a country: only the core schema's own words are not text."""
    data = read(f"a: {text}\n".encode(), "x.yaml").data
    assert data == {"a": value}
    assert type(data["a"]) is type(value)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"a: [1\n", "ZP0002"),
        (b"a:\n\t- 1\n", "ZP0002"),
        (b"", "ZP0003"),
        (b"# nothing\n", "ZP0003"),
        (b"~\n", "ZP0003"),
        (b"a: &x 1\n", "ZP0006"),
        (b"a: &x [1]\nb: *x\n", "ZP0006"),
        (b"a: {<<: {b: 1}}\n", "ZP0006"),
        (b"a: !!str 1\n", "ZP0007"),
        (b"a: !!python/object/apply:os.system [ls]\n", "ZP0007"),
        (b"%YAML 1.1\n---\na: 1\n", "ZP0007"),
        (b"1: a\n", "ZP0008"),
        (b"true: a\n", "ZP0008"),
        (b"? [a]\n: b\n", "ZP0008"),
        (b"a: 1\na: 2\n", "ZP0009"),
        (b"a: \xff\n", "ZP0010"),
        ("a: b\u202ec\n".encode(), "ZP0010"),
        ("a: b\u2028c\n".encode(), "ZP0010"),
        (b"a: b\x00c\n", "ZP0010"),
        (b"a: 1\n---\nb: 2\n", "ZP0011"),
        (b'a: "x\\0y"\n', "ZP0012"),
    ],
)
def test_what_is_refused(data: bytes, code: str) -> None:
    """Every feature that could make a reader see something else than what is loaded is refused."""
    assert code in codes(data)


def test_a_nul_stands_where_bytes_are_meant() -> None:
    """What goes over a wire may hold any byte; a name may not, beside it."""
    text = b'tests: [{wire: {body: "GGUF\\0"}, name: "x\\0"}]\n'
    source = read(text, "cases.yaml", bytes_below="wire")
    assert [problem.path for problem in source.problems] == ["tests[0].name"]


def test_limits() -> None:
    """Size, nodes and depth are bounded before anything is built from them."""
    assert codes(b"a: " + b"x" * (1 << 20)) == ["ZP0001"]
    assert codes(b"[" + b"1," * 100_001 + b"]") == ["ZP0004"]
    assert codes(b"[" * 40 + b"]" * 40) == ["ZP0005"]
    assert codes(b"[" * 500_000) == ["ZP0005"]


@pytest.mark.parametrize(
    "data",
    [b"", b"---\n", b"# nothing\n", b"~\n", b"a: " + b"x" * (1 << 20), b"[" * 40 + b"]" * 40,
     b"[" + b"1," * 100_001 + b"]", b'a: "\\0"\n', b"a: b: c\n", b"\ta: b\n", b"a: [1\n"],
)  # fmt: skip
def test_each_refusal_has_a_place_and_a_remedy(data: bytes) -> None:
    """An author is told where, what, and what to do about it."""
    try:
        problems = read(data, "x.yaml").problems
    except PolicyError as error:
        problems = list(error.problems)
    assert problems
    assert all(problem.help and problem.line > 0 and problem.column > 0 for problem in problems)


def test_all_faults_are_reported_at_once() -> None:
    """Faults that leave the rest readable don't hide each other."""
    data = b"a: 1\na: 2\nb: &x 1\nc: !!int 3\nd: *x\n"
    assert codes(data) == ["ZP0009", "ZP0006", "ZP0007", "ZP0006"]


def test_the_first_of_two_keys_is_named() -> None:
    """A duplicate key's message names the other place."""
    problem = read(b"a: 1\nb: 2\na: 3\n", "x.yaml").problems[0]
    assert problem.message == "duplicate key `a` (first at line 1)"
    assert (problem.line, problem.column) == (3, 1)


SAMPLE = """\
# 中文注释
name: {a: [1, two, "三"], 国: "🚢 x"}   # after
list:
  - plain
  - {k: v}
block: |
  text
"""


def test_places_are_exact_in_characters() -> None:
    """Columns count characters, not bytes; a span's end is exclusive."""
    source = read(SAMPLE.encode(), "x.yaml")
    assert source.values[("name", "a", 1)] == Span(2, 15, 2, 18)
    assert source.values[("name", "国")] == Span(2, 29, 2, 34)
    assert source.keys[("name", "国")] == Span(2, 26, 2, 27)
    assert source.values[("list", 1, "k")] == Span(5, 9, 5, 10)


def test_the_pure_parser_gives_the_same() -> None:
    """Without libyaml the data and all places are the same."""
    fast, slow = read(SAMPLE.encode(), "x.yaml"), Source("x.yaml", SAMPLE.split("\n"))
    module._Builder(slow, yaml.SafeLoader).build(SAMPLE)
    assert slow.data == fast.data
    assert slow.keys == fast.keys
    assert slow.values == fast.values


@pytest.mark.parametrize("ending", [b"\r\n", b"\r"])
def test_foreign_line_ends_count_as_lines(ending: bytes) -> None:
    """A file saved elsewhere has the same places."""
    source = read(b"a: 1\nb: {c: 2}\n".replace(b"\n", ending), "x.yaml")
    assert source.values[("b", "c")].line == 2


def test_a_byte_order_mark_is_passed_over() -> None:
    """A mark at the start moves no column."""
    assert read(b"\xef\xbb\xbfa: 1\n", "x.yaml").values[("a",)] == Span(1, 4, 1, 5)


def test_a_follow_up_is_left_out() -> None:
    """A fault below a place already at fault is not reported again."""
    source = read(b"a: {b: 1}\n", "x.yaml")
    source.report(("a",), "ZP1000", "one")
    source.report(("a", "b"), "ZP1000", "two")
    assert [problem.message for problem in source.problems] == ["one"]


def test_an_unknown_path_is_shown_at_the_nearest_part() -> None:
    """A missing field is marked where it should stand."""
    source = read(b"a: {b: 1}\n", "x.yaml")
    assert source.span(("a", "z", 3)) == source.values[("a",)]
    assert show_path(("a", 0, "b")) == "a[0].b"

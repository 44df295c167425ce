"""Registered data: every disguise, every cut, and nothing that is not there."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import registered_data
from tests.support.registered_data import DOCUMENT, ID
from tests.unit.content.identifiers import DONE, chat_chunk
from zoneproxy.content.dialects import recognise
from zoneproxy.content.registered.grams import SURE
from zoneproxy.content.registered.index import Index
from zoneproxy.content.scan import ScanSettings, scan_text
from zoneproxy.content.stream import AnswerStream
from zoneproxy.content.window import MOST_HELD, Window
from zoneproxy.terms.finding import Segment

KEY = bytes(range(32))
PEOPLE = 200
_SIGNS = "〇一二三四五六七八九"
_ALIKE = str.maketrans(
    "AaeopcxBHKMTO0", "\u0410\u0430\u0435\u043e\u0440\u0441\u0445\u0412\u041d\u041a\u041c\u0422O\u041e"
)


def wide(text: str) -> str:
    return "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text)


def shuffled(text: str) -> str:
    pieces = text.split("; ")
    Random(3).shuffle(pieces)
    return "; ".join(pieces)


DISGUISES: dict[str, Callable[[str], str]] = {
    "plain": lambda text: text,
    "spaced": " ".join,
    "dashed": "-".join,
    "full width": wide,
    "zero width": "\u200b\u2060\u00ad".join,
    "numerals": lambda text: "".join(_SIGNS[int(sign)] if sign.isdigit() else sign for sign in text),
    "case": str.swapcase,
    "punctuation": lambda text: text.replace("-", "·").replace(" ", "_").replace(",", " —"),
    "line ends": "\n".join,
    "homoglyphs": lambda text: text.translate(_ALIKE),
    "reordered": shuffled,
}


@pytest.fixture(scope="module")
def people() -> list[tuple[str, str, str]]:
    random = Random(11)
    names = ("周吴郑王冯陈褚卫", "明霞海雾灯塔白鸥帆舟")
    return [
        (
            random.choice(names[0]) + "".join(random.sample(names[1], 2)),
            f"ZX-{random.randrange(10**9):09}",
            f"{random.randrange(3 * 10**11, 9 * 10**11)}",
        )
        for _ in range(PEOPLE)
    ]


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory, people: list[tuple[str, str, str]]) -> ScanSettings:
    folder = tmp_path_factory.mktemp("people")
    indexes: list[Index] = [
        registered_data.loaded(folder),
        registered_data.loaded(folder, people, documents=(), id_="harbour/crew"),
    ]
    return ScanSettings(2, KEY, networks=(), registered=tuple(indexes))


def found(settings_: ScanSettings, text: str) -> set[str]:
    return {
        one.kind for one in scan_text(text, Segment.USER, settings_) if one.kind.startswith("registered_")
    }


@pytest.mark.parametrize("disguise", DISGUISES)
def test_every_cell_and_row_in_every_disguise(
    disguise: str, scan: ScanSettings, people: list[tuple[str, str, str]]
) -> None:
    """Z12: recall of cells and of rows is 1.0 over the evasions of the design."""
    change = DISGUISES[disguise]
    for name, file, number in people:
        assert "registered_cell:harbour/crew" in found(scan, f"see <{change(file)}>, please")
        assert "registered_cell:harbour/crew" in found(scan, f"号码 {change(number)}。")
        row = "; ".join((change(name), change(number))) if disguise != "reordered" else f"{number}; {name}"
        assert "registered_row:harbour/crew" in found(scan, f"He is {row} indeed")


@pytest.mark.parametrize("disguise", sorted(DISGUISES.keys() - {"numerals"}))
def test_every_piece_of_a_document_in_every_disguise(disguise: str, scan: ScanSettings) -> None:
    """Z12: whitespace, case, width, punctuation, homoglyphs, and sentences in another order."""
    for start in range(0, len(DOCUMENT) - 80, 9):
        piece = DOCUMENT[start : start + SURE + 22]
        text = shuffled(f"another thing; {piece}; and one more") if disguise == "reordered" else piece
        assert f"registered_document:{ID}" in found(scan, DISGUISES[disguise](text))


def test_unrelated_numbers_names_and_texts_are_nothing(scan: ScanSettings) -> None:
    """Z12: near misses of every registered value, and other words, match nothing."""
    random = Random(4)
    for _ in range(3000):
        text = (
            f"周明帆 {random.randrange(10**12):012} ZX-{random.randrange(10**9):09}, 白鸥 {random.random()}"
        )
        assert found(scan, text) == set()


TEXTS = [
    "file ZX-2024-00917 of 周明霞, thanks",
    "周明霞 … " + "x " * 20 + "zx 2024 oo9l7",
    "QK73 9920\u200b 5518 and Zhao\nMing",
    DOCUMENT[40:140],
    "nothing here, 8805 5523 916",
    "灯塔市海雾区白鸥街坊九十七栋",
    "a b c d e 1 2 3 4 5 6 7 8 9 0 " * 6,
    " " * 12,
]


def streamed(settings_: ScanSettings, chunks: list[str]) -> set[tuple[str, str, int, int]]:
    window = Window(settings_)
    hits = [hit for chunk in chunks for hit in window.grow(chunk)]
    assert not window.padded
    hits += window.grow("", final=True)
    assert window.held == 0
    return {(one.kind, one.value, one.start, one.end) for one in hits if one.kind.startswith("registered_")}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=4), st.data())
def test_streamed_and_whole_say_the_same(scan: ScanSettings, texts: list[str], data: st.DataObject) -> None:
    """Z11, Z12: zero differences in kind, value and place, wherever the text is cut."""
    text = " | ".join(texts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=40)))
    chunks = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    whole = streamed(scan, [text])
    assert streamed(scan, chunks) == whole
    assert {kind for kind, *_ in whole} == found(scan, text)


def test_a_value_is_held_until_it_is_known(scan: ScanSettings, people: list[tuple[str, str, str]]) -> None:
    """Z11: the stream has given out nothing of a value when the finding comes; and holds little else."""
    for _, file, number in people[:50]:
        for value in (file, number):
            stream = AnswerStream(recognise("POST", "/v1/chat/completions"), scan, strip_usage=False)  # type: ignore[arg-type]
            out = b""
            for sign in f"so {value}, ok":
                step = stream.feed(chat_chunk(sign))
                if step.findings:
                    break
                out += step.release
                assert stream.held <= MOST_HELD
            else:
                step = stream.feed(DONE)
            assert any(one.kind.startswith("registered_cell") for one in step.findings)
            shown = b"".join(out.split(b'"content": "')[1:])
            assert value[:2].encode() not in shown.replace(b'"', b"")
            assert out.count(b"data:") <= len("so ")

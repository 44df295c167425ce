"""HTTP structured fields, as far as signatures and tags need them (RFC 9651).

A *member* is a bare item or an inner list of items, each with parameters. A dictionary is `name=member`
joined by `, `. Written here in the one canonical spelling of RFC 9651, section 4.1, and read as strictly:
a field that is not spelled canonically is refused, so that what was read and what is signed are one text.

    overseas;flow="0190...";record=12;regulator=:kQ==:        an item: a token with three parameters
    zone=("@method" "zone-origin");created=1700000000          a dictionary with one inner list

Bare items: integers of at most 15 digits, strings of printable ASCII, tokens, byte sequences, booleans.
Decimals, dates and display strings are not used by the fields that are read here and are refused.

Trust: the text comes from whoever sent the request; every length is bounded by the head's own limit.
"""

from __future__ import annotations

import base64
import binascii
import functools
import re
from binascii import b2a_base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Bare = int | str | bytes | bool
"""An integer, a string, a byte sequence or a boolean; tokens have a type of their own."""

_KEY = re.compile(r"[a-z*][a-z0-9_.*-]*")
_INTEGER = re.compile(r"-?[0-9]{1,15}(?![0-9.])")
_STRING = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
_TOKEN = re.compile(r"[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*")
_BYTES = re.compile(r":([A-Za-z0-9+/=]*):")
_TEXT = re.compile(r"[ -~]*\Z")
_MOST = 10**15


class FieldError(ValueError):
    """A structured field is not spelled as it must be."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token: a word without quotes."""

    text: str


@dataclass(frozen=True, slots=True)
class Item:
    """A bare item with its parameters."""

    value: Bare | Token
    params: Mapping[str, Bare | Token] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InnerList:
    """Items in parentheses, with the parameters of the list."""

    items: tuple[Item, ...]
    params: Mapping[str, Bare | Token] = field(default_factory=dict)


def write_member(member: Item | InnerList) -> str:
    """Spell an item or inner list canonically.

    >>> write_member(Item(Token("overseas"), {"record": 12}))
    'overseas;record=12'

    Raises:
        FieldError: a value that no structured field can hold.
    """
    if isinstance(member, Item):
        return _write_bare(member.value) + _write_params(member.params)
    return f"({' '.join(write_member(item) for item in member.items)}){_write_params(member.params)}"


def _write_params(params: Mapping[str, Bare | Token]) -> str:
    return "".join(
        f";{_key(name)}" + ("" if value is True else f"={_write_bare(value)}")
        for name, value in params.items()
    )


@functools.lru_cache(maxsize=256)
def _key(name: str) -> str:
    if not _KEY.fullmatch(name):
        raise FieldError(f"`{name}` is no parameter's name")
    return name


def _write_bare(value: Any) -> str:
    kind = type(value)
    if kind is str:
        return _write_text(value)
    if kind is bool:
        return f"?{int(value)}"
    if kind is int:
        if not -_MOST < value < _MOST:
            raise FieldError(f"{value} has more than 15 digits")
        return str(value)
    if kind is bytes:
        return f":{b2a_base64(value, newline=False).decode()}:"
    if kind is Token and _TOKEN.fullmatch(value.text):
        return str(value.text)
    raise FieldError(f"`{value}` is no token")


def _write_text(value: str) -> str:
    if not _TEXT.match(value):
        raise FieldError("a string holds printable ASCII only")
    if "\\" in value or '"' in value:
        value = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{value}"'


def read_item(text: str) -> Item:
    """Read a field that is one item.

    Raises:
        FieldError: it is not one, or not spelled canonically.
    """
    reader = _Reader(text)
    item = reader.item()
    if reader.rest or write_member(item) != text:
        raise FieldError("this is no item in canonical spelling")
    return item


def read_dictionary(text: str) -> dict[str, Item | InnerList]:
    """Read a field that is a dictionary; a name that stands twice is refused.

    Raises:
        FieldError: it is not one, or not spelled canonically.
    """
    reader = _Reader(text)
    members: dict[str, Item | InnerList] = {}
    while True:
        name = reader.take(_KEY)
        if name in members:
            raise FieldError(f"`{name}` stands twice")
        reader.expect("=")
        members[name] = reader.inner_list() if reader.rest.startswith("(") else reader.item()
        if not reader.rest:
            break
        reader.expect(", ")
    if ", ".join(f"{name}={write_member(member)}" for name, member in members.items()) != text:
        raise FieldError("this is no dictionary in canonical spelling")
    return members


class _Reader:
    """Reads a field from left to right."""

    def __init__(self, text: str) -> None:
        self.rest = text

    def take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.rest)
        if found is None:
            raise FieldError(f"`{self.rest[:20]}` can't stand here")
        self.rest = self.rest[found.end() :]
        return found.group(found.re.groups)

    def expect(self, text: str) -> None:
        if not self.rest.startswith(text):
            raise FieldError(f"`{self.rest[:20]}` can't stand here")
        self.rest = self.rest[len(text) :]

    def item(self) -> Item:
        return Item(self._bare(), self._params())

    def inner_list(self) -> InnerList:
        self.expect("(")
        items: list[Item] = []
        while not self.rest.startswith(")"):
            if items:
                self.expect(" ")
            items.append(self.item())
        self.expect(")")
        return InnerList(tuple(items), self._params())

    def _params(self) -> dict[str, Bare | Token]:
        params: dict[str, Bare | Token] = {}
        while self.rest.startswith(";"):
            self.expect(";")
            name = self.take(_KEY)
            if name in params:
                raise FieldError(f"the parameter `{name}` stands twice")
            if self.rest.startswith("="):
                self.expect("=")
                params[name] = self._bare()
            else:
                params[name] = True
        return params

    def _bare(self) -> Bare | Token:
        match self.rest[:1]:
            case '"':
                return re.sub(r'\\(["\\])', r"\1", self.take(_STRING))
            case ":":
                try:
                    return base64.b64decode(self.take(_BYTES), validate=True)
                except binascii.Error:
                    raise FieldError("this is no base64") from None
            case "?":
                return self._boolean()
            case first if first.isascii() and (first.isdigit() or first == "-"):
                return int(self.take(_INTEGER))
            case _:
                return Token(self.take(_TOKEN))

    def _boolean(self) -> bool:
        written, self.rest = self.rest[:2], self.rest[2:]
        if written not in ("?0", "?1"):
            raise FieldError(f"`{written}` is no truth value")
        return written == "?1"

"""The closed format."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from zoneproxy.policy import model
from zoneproxy.policy.model import PolicyDocument, Window
from zoneproxy.policy.moment import moment_ms
from zoneproxy.policy.read import read
from zoneproxy.terms.facts import VOCABULARY


def parts() -> list[type[BaseModel]]:
    found = [value for value in vars(model).values() if isinstance(value, type)]
    return [value for value in found if issubclass(value, model.Part) and value is not model.Part]


@pytest.mark.parametrize("part", parts(), ids=lambda part: part.__name__)
def test_every_part_is_closed_strict_and_frozen(part: type[BaseModel]) -> None:
    """No part of the file ignores a field, guesses a type or can be changed after it was checked."""
    assert part.model_config.get("extra") == "forbid"
    assert part.model_config.get("strict") is True
    assert part.model_config.get("frozen") is True


def test_the_formats_words_are_the_vocabularys() -> None:
    """Scopes and categories in data sections are those that facts can have."""
    assert set(get_args(model.Scope)) == set(VOCABULARY["tenant.scope"].values)
    assert set(get_args(model.Category)) == set(VOCABULARY["data.categories"].values)


def test_a_window_has_both_ends_inside() -> None:
    """The last day counts to its last millisecond."""
    window = Window.model_validate({"from": "2026-01-01", "until": "2026-01-31"})
    assert window.holds(moment_ms("2026-01-01"))
    assert window.holds(moment_ms("2026-01-31", end=True))
    assert not window.holds(moment_ms("2026-01-01") - 1)
    assert not window.holds(moment_ms("2026-02-01"))


def test_the_worked_example_of_the_docstring_holds() -> None:
    """The specification's example is a policy."""
    example = (model.__doc__ or "").split("::\n")[1]
    lines = [line.removeprefix("    ") for line in example.splitlines()]
    PolicyDocument.model_validate(read("\n".join(lines).encode(), "x.yaml").data)


def test_the_design_example_has_the_form(shared: Path) -> None:
    """The example beside the design page is read unchanged."""
    data = (shared / "design" / "example-policy.yaml").read_bytes()
    document = PolicyDocument.model_validate(read(data, "x.yaml").data)
    assert len(document.rules) == 31
    assert "NO" not in document.markets.allowed

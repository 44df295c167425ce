"""`zoneproxy.cli.order_files`: what is told of an act, whatever became of it."""

from __future__ import annotations

import argparse
import json
from typing import Any

import pytest

from zoneproxy.cli import order_files
from zoneproxy.cli.order_files import carry, make_act, moment
from zoneproxy.terms.errors import ConfigError

ARGS = argparse.Namespace(by="ops", why="x", cause="other", json=False)
DONE = {"changed": True, "kept": True, "index": 4, "cut": 0, "revision": 1, "running": True}
Case = tuple[dict[str, Any], int, str, str]
CASES: dict[str, Case] = {
    "done": ({}, 0, "stopped it; record 4", ""),
    "done, with streams cut": ({"cut": 3}, 0, "stopped it; 3 under way cut; record 4", ""),
    "so already": ({"changed": False, "index": None}, 0, "nothing changed: it was so already", ""),
    "not running": ({"running": False}, 0, "it holds from its next start on", ""),
    "not kept": ({"kept": False}, 2, "stopped it", "a restart would forget it"),
    "not recorded": ({"index": None}, 0, "stopped it", "the log did not take its record yet"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_became_of_an_act_is_told(
    case: Case,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Z21: what is not kept is never told as done, and what is done never as failed."""
    changes, code, out, err = case
    monkeypatch.setattr(order_files, "perform", lambda *_: {**DONE, **changes})
    act = make_act(ARGS, "stop", scope="zone")
    assert carry(ARGS, None, act, "stopped it") == code  # type: ignore[arg-type]
    told = capsys.readouterr()
    assert out in told.out
    assert err in told.err
    assert bool(told.err) is bool(err)
    as_json = argparse.Namespace(**{**vars(ARGS), "json": True})
    assert carry(as_json, None, act, "") == code  # type: ignore[arg-type]
    assert json.loads(capsys.readouterr().out)["act"] == act.id


def test_an_act_that_says_too_little_is_told_where() -> None:
    """The message names the place, without a program's words."""
    with pytest.raises(ConfigError) as caught:
        make_act(argparse.Namespace(by="", why="x", cause="other"), "stop", scope="zone")
    assert caught.value.message.startswith("`by` is not as it must be")
    with pytest.raises(ConfigError, match="a stop names a scope"):
        make_act(ARGS, "stop", scope="tenant")


def test_a_time_is_told_in_utc() -> None:
    """To the second, with its zone."""
    assert moment(1_767_225_600_000) == "2026-01-01 00:00:00Z"

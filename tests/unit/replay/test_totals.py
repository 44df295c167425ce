"""`zoneproxy.replay.totals`: sums by day and tenant, what must not have gone through, and bills."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.logs import Writer, ending
from zoneproxy.replay.sequences import Admitted
from zoneproxy.replay.totals import Totals, breach, differences, read_csv, write_csv
from zoneproxy.terms.errors import ConfigError
from zoneproxy.trace.glance import Glance, Seen

GLANCE = Glance()
SERVED = Admitted(b'"flow"', "toyco-sg", serve=True)
FROM_SG = Admitted(b'"flow"', "toyco-sg", serve=True, route="cable-sg-1")


def returned(ms: int = 0, **changes: Any) -> Seen:
    """A `return`, `ms` after the log's beginning."""
    writer = Writer()
    writer.opening()
    writer.clock.now += ms
    return GLANCE.see(writer.item("return", ending(0, **changes)).entry)


def test_sums_by_day_and_tenant() -> None:
    """Z18, Z19: tokens are summed by the return's day and the decision's tenant, whatever the parts."""
    one, other = Totals(), Totals()
    one.add(returned(), "b")
    one.add(returned(tok=None), "b")
    other.add(returned(86_400_000), "a")
    other.add(returned(), "b")
    one.join(other)
    text = write_csv(one.rows())
    assert text.splitlines() == [
        "day,tenant,exchanges,prompt,completion,cached,reasoning,answered,delivered",
        "2026-01-01,b,3,6,10,0,0,30,30",
        "2026-01-02,a,1,3,5,0,0,10,10",
    ]
    assert read_csv(text, "t.csv") == one.rows()
    assert list(differences(one.rows(), read_csv(text, "t.csv"))) == []


@pytest.mark.parametrize(
    ("changes", "admitted", "told"),
    [
        ({}, SERVED, ""),
        ({"verdict": "deny"}, SERVED, "an answer left whole although it was refused"),
        (
            {"route": {"in": "a", "out": "b", "same": False}},
            SERVED,
            "an answer left by another route than its request came in by",
        ),
        ({"route": {"in": "a", "out": "b", "same": False}}, Admitted(b'"f"', "", serve=False), ""),
        ({"route": {"in": "cable-sg-1", "out": "cable-sg-1", "same": True}}, FROM_SG, ""),
        (
            {"route": {"in": "cable-my-1", "out": "cable-my-1", "same": True}},
            FROM_SG,
            "an answer names another door than its request came in by",
        ),
        (
            {"route": {"in": "cable-sg-1", "out": "cable-my-1", "same": True}},
            FROM_SG,
            "an answer is said to have left by the route of its request, and names another",
        ),
        ({"route": {"in": "a", "out": None, "same": False}, "end": "cut", "verdict": "deny"}, SERVED, ""),
        ({"end": "withheld", "verdict": "deny", "bytes": {"answer": 9, "delivered": 0}}, SERVED, ""),
        (
            {"end": "withheld", "verdict": "deny", "bytes": {"answer": 9, "delivered": 1}},
            SERVED,
            "an answer that was withheld left in part",
        ),
    ],
)
def test_what_must_not_have_gone_through(changes: dict[str, Any], admitted: Admitted, told: str) -> None:
    """Z6, Z13: whole answers leave by their own route and only if let out; withheld ones not at all."""
    assert breach(returned(**changes), admitted) == told


def test_a_bill_with_other_numbers() -> None:
    """Z19: each number that differs is listed; columns that the log does not know are left out."""
    own = Totals()
    own.add(returned(), "a")
    bill = "tenant,day,price,prompt\na,2026-01-01,7.50,4\nb,2026-01-01,0,0\nc,2026-01-02,1,9\n"
    assert list(differences(own.rows(), read_csv(bill, "bill.csv"))) == [
        ("2026-01-01", "a", "prompt", 3, 4),
        ("2026-01-02", "c", "prompt", None, 9),
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is no table of totals"),
        ("day,tenant,price\n", "is no table of totals"),
        ("day,prompt\n2026-01-01,3\n", "is no table of totals"),
        ("day,tenant,prompt\n1 May,a,3\n", "line 2, can't be read"),
        ("day,tenant,prompt\n2026-01-01,a,3.5\n", "line 2, can't be read"),
        ("day,tenant,prompt\n2026-01-01,a\n", "line 2, can't be read"),
        ("day,tenant,prompt\n2026-01-01,a,\uff13\n", "line 2, can't be read"),
        ("day,tenant,prompt\n2026-01-01,a,1\n2026-01-01,a,1\n", "line 3, is a second one"),
    ],
)
def test_what_is_no_bill(text: str, told: str) -> None:
    """A table that can't be read is an error of usage that names its line."""
    with pytest.raises(ConfigError, match=told) as error:
        read_csv(text, "bill.csv")
    assert error.value.hint

"""Level 6: what went through, by tenant and day, and what must not have.

Tokens are summed from `return` records: by the tenant that the exchange's decision names and the day (UTC)
of the return. The same numbers stand in the operator's bills and on the model server's invoice, so a bill
can be compared with the log line by line.

As CSV, in order of day and tenant:

    day,tenant,exchanges,prompt,completion,cached,reasoning,answered,delivered
    2026-11-21,toyco-sg,2,6,10,0,0,20,20

`answered` and `delivered` are bytes: what the model server answered, and what left the zone.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

from zoneproxy.replay.sequences import Admitted
from zoneproxy.terms.errors import ConfigError
from zoneproxy.trace.glance import Seen

COLUMNS = ("exchanges", "prompt", "completion", "cached", "reasoning", "answered", "delivered")
_TOKENS = ("prompt", "completion", "cached", "reasoning")
_DAY_MS = 86_400_000
_EPOCH = dt.date(1970, 1, 1)
MAX_DIGITS = 18


@dataclass(slots=True)
class Totals:
    """Sums by day (days since 1970-01-01 UTC) and tenant, in the order of `COLUMNS`."""

    sums: dict[tuple[int, str], list[int]] = field(default_factory=dict)

    def add(self, seen: Seen, tenant: str) -> None:
        """Take in a `return`."""
        row = self.sums.setdefault((seen.ts // _DAY_MS, tenant), [0] * len(COLUMNS))
        row[0] += 1
        tokens: Mapping[str, Any] | None = seen.get("tok")
        if tokens is not None:
            for place, name in enumerate(_TOKENS, 1):
                row[place] += tokens[name]
        sizes = seen.get("bytes")
        row[5] += sizes["answer"]
        row[6] += sizes["delivered"]

    def join(self, later: Totals) -> None:
        """Take in the sums of another part of the log."""
        for key, row in later.sums.items():
            own = self.sums.setdefault(key, [0] * len(COLUMNS))
            for place, value in enumerate(row):
                own[place] += value

    def rows(self) -> dict[tuple[str, str], dict[str, int]]:
        """Return the sums by day (ISO 8601) and tenant, sorted."""
        return {
            ((_EPOCH + dt.timedelta(days=day)).isoformat(), tenant): dict(zip(COLUMNS, row, strict=True))
            for (day, tenant), row in sorted(self.sums.items())
        }


def breach(seen: Seen, admitted: Admitted) -> str:
    """Say what a `return` shows that must not be, or nothing.

    An answer leaves whole only by the route of its request and only if it was let out; an answer that
    was withheld has not left in part.
    """
    end, route = seen.spell("end"), seen.get("route")
    if admitted.route and route["in"] != admitted.route:
        return "an answer names another door than its request came in by"
    if route["same"] and route["out"] != route["in"]:
        return "an answer is said to have left by the route of its request, and names another"
    if end == b'"complete"':
        if seen.spell("verdict") != b'"allow"':
            return "an answer left whole although it was refused"
        if admitted.serve and not route["same"]:
            return "an answer left by another route than its request came in by"
    elif end == b'"withheld"' and seen.get("bytes")["delivered"]:
        return "an answer that was withheld left in part"
    return ""


def write_csv(rows: Mapping[tuple[str, str], Mapping[str, int]]) -> str:
    """Write sums as CSV, with a head line."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("day", "tenant", *COLUMNS))
    for (day, tenant), row in rows.items():
        writer.writerow((day, tenant, *(row[name] for name in COLUMNS)))
    return text.getvalue()


def read_csv(text: str, name: str) -> dict[tuple[str, str], dict[str, int]]:
    """Read sums from somewhere else, such as a bill; columns that the log knows nothing of are left out.

    Raises:
        ConfigError: it is no such table.
    """
    hint = f"it needs the columns `day`, `tenant` and at least one of {', '.join(COLUMNS)}"
    table = csv.DictReader(StringIO(text))
    known = [column for column in table.fieldnames or () if column in COLUMNS]
    if not known or not {"day", "tenant"} <= set(table.fieldnames or ()):
        raise ConfigError(f"`{name}` is no table of totals", hint=hint)
    rows: dict[tuple[str, str], dict[str, int]] = {}
    for number, line in enumerate(table, 2):
        try:
            key = (dt.date.fromisoformat(line["day"]).isoformat(), line["tenant"])
            row = {column: _number(line[column]) for column in known}
        except (ValueError, TypeError):
            raise ConfigError(f"`{name}`, line {number}, can't be read", hint=hint) from None
        if key in rows:
            raise ConfigError(
                f"`{name}`, line {number}, is a second one of that day and tenant", hint="join them into one"
            )
        rows[key] = row
    return rows


def _number(text: str | None) -> int:
    if not (text and text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        raise ValueError
    return int(text)


def differences(
    own: Mapping[tuple[str, str], Mapping[str, int]], other: Mapping[tuple[str, str], Mapping[str, int]]
) -> Iterable[tuple[str, str, str, int | None, int | None]]:
    """List what differs: day, tenant, column, the log's number and theirs; `None` where there is none."""
    columns = [name for name in COLUMNS if any(name in row for row in other.values())]
    for key in sorted(own.keys() | other.keys()):
        mine, theirs = own.get(key), other.get(key)
        for name in columns:
            one = None if mine is None else mine[name]
            two = None if theirs is None else theirs[name]
            if (one or 0) != (two or 0):
                yield *key, name, one, two

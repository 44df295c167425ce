"""`zoneproxy.content.served`: the table of what is served, and of what is closed on purpose."""

from __future__ import annotations

import re

import pytest

from zoneproxy.content.dialects import is_closed, recognise
from zoneproxy.content.served import ANTHROPIC_FILES, CLOSED, SERVED, Row
from zoneproxy.terms.facts import VOCABULARY
from zoneproxy.terms.objects import KINDS

ROWS = (*SERVED, *ANTHROPIC_FILES)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} {row[1]} {row[2].dialect}")
def test_every_row_speaks_in_the_words_of_the_facts(row: Row) -> None:
    """Z6: dialects, purposes and kinds are closed vocabularies; a served path is found under its row."""
    method, path, endpoint = row
    assert endpoint.dialect in VOCABULARY["request.dialect"].values
    assert endpoint.purpose in VOCABULARY["purpose"].values
    assert endpoint.makes <= frozenset(KINDS)
    assert endpoint.lists in ("", *KINDS)
    kinds = re.findall(r"\{(\w+)\}", path)
    assert set(kinds) <= set(KINDS)
    found = recognise(method, re.sub(r"\{(\w+)\}", r"\1-1", path), anthropic=row in ANTHROPIC_FILES)
    assert found is not None
    assert found.dialect == endpoint.dialect
    assert [(name.kind, name.id) for name in found.names] == [(kind, f"{kind}-1") for kind in kinds]


def test_everybodys_list_is_always_cut_down() -> None:
    """Z7: a list that no object in its path owns holds everybody's objects."""
    for _, path, endpoint in ROWS:
        if endpoint.lists:
            assert endpoint.filtered is ("{" not in path), path


def test_what_is_closed_is_not_served() -> None:
    """Z9: no served path lies below a closed one; training and workspaces are known, and refused."""
    assert not [path for _, path, _ in ROWS if is_closed(path)]
    assert is_closed("/v1/fine_tuning/jobs")
    assert not is_closed("/v1/fine_tuning_other")
    assert all(closed.startswith("/v1/") for closed in CLOSED)

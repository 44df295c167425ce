"""Vectors that other projects wrote: what they call an identifier is found, what they call none is not.

Each line of `tests/vectors/detection/foreign.jsonl` has a text from another project's tests, the kinds of
this project that it holds (none for a negative), and where it comes from. Cards, telephones and addresses of
other countries are left out, and numbers that their projects accept without a check.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.content.identifiers import KEY
from zoneproxy.content.scan import ScanSettings, scan_body

VECTORS = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "vectors" / "detection" / "foreign.jsonl")
    .read_text("utf-8")
    .splitlines()
]


def found(text, level):
    return {
        finding.kind for finding in scan_body(text.encode(), None, None, ScanSettings(level, KEY)).findings
    }


@pytest.mark.parametrize(("level", "least"), [(2, 0.95), (3, 0.965), (4, 0.975)])
def test_recall_on_vectors_of_others(level, least):
    """Z11: record recall at least 0.95 at the default level, and more at the paranoid ones."""
    positives = [vector for vector in VECTORS if vector["kinds"]]
    missed = [v["text"][:60] for v in positives if not found(v["text"], level) & set(v["kinds"])]
    assert 1 - len(missed) / len(positives) >= least, missed


def test_no_false_alarm_on_vectors_of_others():
    """What other projects call clean, overseas identifiers included, is clean at the default level."""
    negatives = [vector["text"] for vector in VECTORS if not vector["kinds"]]
    assert len(negatives) > 80
    assert [text[:60] for text in negatives if found(text, 2)] == []

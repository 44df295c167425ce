"""The gates of the labelled data hold."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bench import levels
from zoneproxy.cli.main import main


def test_every_gate_holds(shared, tmp_path):
    """Z9, Z11: precision and recall of every label and through every disguise, by the given scorer."""
    folder = shared / "data" / "detection"
    if not folder.is_dir():
        pytest.skip("the labelled data do not lie beside the checkout")
    predictions = tmp_path / "predictions.jsonl"
    assert main(["inspect", "--records", str(folder / "dev.jsonl"), "--out", str(predictions)]) == 0
    command = [folder / "score.py", folder / "dev.jsonl", predictions, "--gates", folder / "gates.json"]
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]


def test_the_table_of_levels_is_fresh(shared):
    """What the docs say of each level's false alarms is what the command measures."""
    if not (shared / "data" / "detection").is_dir():
        pytest.skip("the labelled data do not lie beside the checkout")
    page = levels.PAGE.read_text("utf-8")
    assert levels.written(page, levels.table()) == page, "run `.venv/bin/python -m bench.levels`"

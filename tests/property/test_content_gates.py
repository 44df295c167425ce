"""The gates of the labelled data hold."""

from __future__ import annotations

import base64
import json
import subprocess
import sys

import pytest

from tests.unit.content.identifiers import KEY
from zoneproxy.content.scan import ScanSettings, scan_body

SETTINGS = ScanSettings(2, KEY)


def test_every_gate_holds(shared, tmp_path):
    """Z9, Z11: precision and recall of every label and through every disguise, by the given scorer."""
    folder = shared / "data" / "detection"
    if not folder.is_dir():
        pytest.skip("the labelled data do not lie beside the checkout")
    predictions = tmp_path / "predictions.jsonl"
    with (folder / "dev.jsonl").open(encoding="utf-8") as records, predictions.open("w") as out:
        for line in records:
            record = json.loads(line)
            packed = record.get("body_b64")
            body = base64.b64decode(packed) if packed is not None else record["text"].encode()
            seen = scan_body(body, record["content_type"], record["content_encoding"] or None, SETTINGS)
            labels = sorted({finding.kind.upper() for finding in seen.findings} - {"UNINSPECTABLE"})
            out.write(json.dumps({"id": record["id"], "labels": labels}) + "\n")
    command = [folder / "score.py", folder / "dev.jsonl", predictions, "--gates", folder / "gates.json"]
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]

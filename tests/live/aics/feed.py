"""Feed a witness with `aics-witness`'s own client, which nobody here wrote.

feed.py URL VKEY DIR        submits the checkpoint of each log directory in DIR, in order of their names;
                            prints one line each: `ok <signature lines>`, or `refused REASON`
"""

# mypy: disable-error-code="import-not-found"
# aics-witness is installed where this program runs, and nowhere else.

from __future__ import annotations

import sys
from pathlib import Path

from aics_tlog.checkpoint import checkpoint_from_note
from aics_tlog.note import parse_note
from aics_tlog.tiles import FileSystemTileReader, consistency_proof_from_tiles
from aics_witness.feeder import WitnessClient


def feed(client: WitnessClient, root: Path) -> str:
    note = (root / "checkpoint").read_bytes()
    checkpoint, _ = checkpoint_from_note(parse_note(note))

    def prove(old: int, new: int) -> list[bytes]:
        return list(consistency_proof_from_tiles(FileSystemTileReader(root), old, new))

    try:
        lines = client.submit(note, prove)
    except Exception as error:  # noqa: BLE001  # whatever it raises is its verdict
        return f"refused {type(error).__name__} {error}".replace("\n", " ")
    return f"ok {checkpoint.size} {lines.count(chr(0x2014))}"


if __name__ == "__main__":
    with WitnessClient(sys.argv[1], sys.argv[2], max_attempts=1) as made:
        for name in sorted(Path(sys.argv[3]).iterdir()):
            sys.stdout.write(feed(made, name) + "\n")

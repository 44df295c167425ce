"""Judge log directories with `aics-tlog`, a verifier that nobody here wrote, in an environment of its own.

judge.py VKEYFILE DIR...        prints one line a directory: `ok SIZE`, or `refused REASON`
"""

# mypy: disable-error-code="import-not-found"
# aics-tlog is installed where this program runs, and nowhere else.

from __future__ import annotations

import sys
from pathlib import Path

from aics_tlog.checkpoint import checkpoint_from_note, verify_checkpoint
from aics_tlog.note import parse_note, read_vkey_file
from aics_tlog.tiles import FileSystemTileReader
from aics_tlog.verified import audit_tiles


def judge(root: Path, vkey: str) -> str:
    try:
        note = parse_note((root / "checkpoint").read_bytes())
        key = read_vkey_file(vkey)
        result = verify_checkpoint(note, key, expected_origin=key.name)
        if not result.ok:
            return f"refused {result.error}"
        checkpoint, _ = checkpoint_from_note(note)
        audit_tiles(FileSystemTileReader(root), checkpoint.size, checkpoint.root)
    except (ValueError, OSError) as error:
        return f"refused {error}".replace("\n", " ")
    return f"ok {checkpoint.size}"


if __name__ == "__main__":
    KEY = Path(sys.argv[1]).read_text().splitlines()[0]  # the Ed25519 key; aics-tlog knows no other type
    for name in sys.argv[2:]:
        sys.stdout.write(judge(Path(name), KEY) + "\n")

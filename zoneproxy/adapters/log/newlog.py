"""A new log: made once, by `zoneproxy init`, never by a running boundary."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zoneproxy.adapters.files.disk import DirectoryLock, DiskFiles
from zoneproxy.adapters.files.trouble import trace_error
from zoneproxy.adapters.files.whole import claim_folder
from zoneproxy.terms.errors import VerificationError
from zoneproxy.terms.ports import Clock, Entropy
from zoneproxy.trace.chain import Chains
from zoneproxy.trace.checkpoint import Checkpoint
from zoneproxy.trace.entry import draft, encode
from zoneproxy.trace.ledger import Ledger
from zoneproxy.trace.note import Signer
from zoneproxy.trace.opening import SEED_BYTES
from zoneproxy.trace.wal import Item


def create(
    directory: Path,
    *,
    log_origin: str,
    signer: Signer,
    clock: Clock,
    entropy: Entropy,
    previous: Checkpoint | None = None,
) -> None:
    """Make a log in an empty directory: one entry, `log_open`, signed and published.

    Writes `log.json` and the verifier key (`*.vkey`) into the directory. A crash in here leaves a
    directory that is no log and that `open` refuses; remove it and make it again.

    Args:
        directory: absent, or empty.
        log_origin: the log's origin.
        signer: signs its checkpoints.
        clock: stamps the entry.
        entropy: salts commitments.
        previous: for a shard that follows another one, that one's checkpoint now.

    Raises:
        ConfigError: the directory holds something already, or can't be written.
        TraceError: the disk failed.
    """
    claim_folder(directory, "log")
    before = None if previous is None else head_body(previous)
    body = {"origin": log_origin, "keys": [key.vkey for key in signer.verifiers], "previous": before}
    made = draft("log_open", body, {}, entropy.token(SEED_BYTES))
    entry = encode(made, Chains().header("log", "init", clock.now_ms(), 0))
    files = DiskFiles(directory)
    try:
        files.make_folder("state", private=True)
        with DirectoryLock(directory):
            Ledger(files, log_origin, signer).create(Item(entry))
    except (OSError, VerificationError) as error:
        raise trace_error("the log could not be made", error) from error
    finally:
        files.close()


def head_body(head: Checkpoint) -> dict[str, Any]:
    """Write a tree head as it stands in entries."""
    return {"origin": head.origin, "size": head.size, "root": head.root.hex()}

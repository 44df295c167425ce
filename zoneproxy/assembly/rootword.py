"""The root's word, recorded: keys that are believed no longer, and a shard that is given up for lost ones.

A revocation stands in the trust file that the root key signs; who verifies with it needs nothing else.
What is done here puts it where an examiner looks as well: a `key` entry that says `revoke`, `by` `root`,
with the trust file's SHA-256, and the file itself beside the shards.

A shard whose private keys are lost can't be signed any more: neither continued nor closed. It is given up by
the root's word alone: the trust file revokes its keys at its last signed head, the next month's shard begins
early, after that head, and says so in its first entries. What was durable and not yet signed, the last
second, lies in the lost shard's write-ahead log and can't be shown.

A crash between any two steps leaves what the same command brings to its end.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zoneproxy.adapters.files.disk import DirectoryLock, DiskFiles
from zoneproxy.adapters.files.trouble import trace_error
from zoneproxy.adapters.keys.keyfolder import KeyFolder
from zoneproxy.adapters.reading.logfolder import open_log
from zoneproxy.adapters.shards.folder import TRUST_FILE, ShardFolder
from zoneproxy.adapters.upkeep.logport import RECORD, WORKER, is_held
from zoneproxy.adapters.workers.control_client import ask
from zoneproxy.assembly.logs import Opening, open_here
from zoneproxy.assembly.shards import is_sharded, log_places
from zoneproxy.replay.keylives import log_acts
from zoneproxy.terms.errors import ConfigError
from zoneproxy.trace.checkpoint import Checkpoint
from zoneproxy.trace.durable import put_once, replace
from zoneproxy.trace.ledger import vkey_file
from zoneproxy.trace.months import Month
from zoneproxy.trace.roottrust import Revocation, RootTrust


def record_revocations(opening: Opening, data: bytes, signed: RootTrust) -> list[str]:
    """Record what a trust file revokes of this log and is not recorded yet; return the keys' origins.

    Args:
        opening: the zone; it may be running.
        data: the signed trust file.
        signed: what it says, its signature checked.

    Raises:
        ConfigError: the log can't be written.
        TraceError: the log failed.
    """
    bodies = _missing(opening, hashlib.sha256(data).hexdigest(), signed.revoked)
    _lay(opening, data)
    root = opening.folder / opening.config.log.directory
    if not bodies:
        return []
    if is_held(root):
        socket = opening.folder / opening.config.control.socket
        ask(socket, RECORD, {"records": [["key", body] for body in bodies]})
    else:
        asyncio.run(_record(opening, bodies))
    return [body["origin"] for body in bodies]


def give_up(opening: Opening, signed: RootTrust) -> tuple[str, Checkpoint]:
    """Begin the next shard after one whose private keys are lost; return its origin, and the head it follows.

    Args:
        opening: the zone, which does not run.
        signed: the trust file that revokes the lost keys at the last signed head.

    Raises:
        ConfigError: the log is not in shards, a process holds it, or the root does not say so.
        TraceError: the disk failed.
    """
    config, folder = opening.config, opening.folder
    if not is_sharded(config):
        raise ConfigError(
            "only a log in monthly shards can go on without its keys",
            hint="make a new log in a directory and under an origin of its own",
        )
    shards, keys = (
        ShardFolder(folder / config.log.directory, config.log.origin),
        KeyFolder(folder / config.log.key),
    )
    with DirectoryLock(shards.root):
        shards.clear()
        months = shards.months()
        begun = None if months[:-1] == [] else _revoked_head(shards, months[-2], signed)
        head = _revoked_head(shards, months[-1], signed)
        if head is None and begun is not None:  # a crash cut this off after the shard was made
            return shards.origin(months[-1]), begun
        if head is None:
            raise _unrevoked(shards, months[-1])
        lost = months[-1]
        keys.destroy(lost)  # what may be left of them: by the root's word nobody believes it
        keys.make(lost.following)
        signer = keys.load(lost.following, shards.origin(lost.following))
        shards.add(lost.following, signer, opening.clock, opening.entropy, head)
    return shards.origin(lost.following), head


def _revoked_head(shards: ShardFolder, month: Month, signed: RootTrust) -> Checkpoint | None:
    """Return the last signed head of a shard, where the root revokes all its keys at just that one."""
    reader = open_log(shards.path(month))
    now = reader.checkpoint()
    heads = {one.key: one.head for one in signed.revoked if one.key.name == now.origin}
    own = [key for key in reader.vkeys if key.name == now.origin]
    return now if own and all(heads.get(key) == now for key in own) else None


def _unrevoked(shards: ShardFolder, month: Month) -> ConfigError:
    size = open_log(shards.path(month)).checkpoint().size
    return ConfigError(
        f"the trust file does not revoke the keys of `{shards.origin(month)}` at its last signed head",
        hint=f"have the root sign one with `--revoke VKEY={size}` for each line of "
        f"`{shards.path(month) / vkey_file(shards.origin(month))}`",
    )


def _missing(opening: Opening, digest: str, revoked: Sequence[Revocation]) -> list[dict[str, Any]]:
    base = opening.config.log.origin
    ours = [one.key for one in revoked if one.key.name == base or one.key.name.startswith(f"{base}/")]
    told = {
        vkey
        for place in log_places(opening.config, opening.folder)
        for _, entry in log_acts(open_log(place))
        if entry.kind == "key" and entry.body["action"] == "revoke"
        for vkey in entry.body["keys"]
    }
    bodies: dict[str, dict[str, Any]] = {}
    for key in ours:
        if key.vkey not in told:
            body = {"action": "revoke", "role": "log", "origin": key.name, "by": "root", "trust": digest}
            bodies.setdefault(key.name, {**body, "keys": []})["keys"].append(key.vkey)
    return list(bodies.values())


async def _record(opening: Opening, bodies: Sequence[dict[str, Any]]) -> None:
    log = await asyncio.to_thread(open_here, opening, worker=WORKER)
    try:
        for body in bodies:
            await log.append("key", body, {})
    finally:
        await log.close()


def _lay(opening: Opening, data: bytes) -> None:
    """Lay the trust file beside the shards: under its digest, which entries name, and as the newest one."""
    root: Path = opening.folder / opening.config.log.directory
    files = DiskFiles(root)
    try:
        put_once(files, f"{TRUST_FILE}-{hashlib.sha256(data).hexdigest()}", data)
        replace(files, TRUST_FILE, data)
    except OSError as error:
        raise trace_error("the trust file could not be laid beside the log", error) from error
    finally:
        files.close()

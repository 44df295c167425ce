"""New keys for a shard that is being written: taken up from the key folder, handed over in the log.

`zoneproxy log rotate` puts a new pair into the key folder (`zoneproxy.adapters.keys.keyfolder`). The process
that writes the log finds it and records `key add`; from that entry on checkpoints bear old and new
signatures. After the overlap it records `key retire`, and destroys the old pair. Each act leaves a
handover file (`zoneproxy.trace.handover`), so that a reader with the old keys finds the new ones for ever.

A crash between the entry and its handover file is made good at the next look: the files are made from the
log itself.

The keys of the shard to come are made and announced here too, and those of closed ones destroyed.
"""

from __future__ import annotations

from zoneproxy.adapters.files.disk import DiskFiles
from zoneproxy.adapters.keys.keyfiles import destroy_log_keys
from zoneproxy.adapters.keys.keyfolder import KeyFolder
from zoneproxy.adapters.shards.folder import ShardFolder
from zoneproxy.adapters.shards.shardlog import ShardLog
from zoneproxy.terms.errors import ConfigError, VerificationError
from zoneproxy.trace import canonical
from zoneproxy.trace.handover import proof_path, vkeys_path
from zoneproxy.trace.keyring import ADD, RETIRE, Keyring, in_force, read_vkeys_of
from zoneproxy.trace.ledger import LOG_FILE
from zoneproxy.trace.months import Month
from zoneproxy.trace.prover import prove_entry
from zoneproxy.trace.reader import LogReader

_MAX_DESCRIPTION_BYTES = 64 * 1024


def load_ring(folder: ShardFolder, keys: KeyFolder, month: Month) -> Keyring:
    """Read a shard's keys: those it was made with, and every private key of it that is here.

    Raises:
        ConfigError: no private key is here, or the shard was made with other keys.
    """
    origin = folder.origin(month)
    here = keys.renewals(month)
    signers = [keys.load(month, origin, renewal) for renewal in here or [1]]
    data = DiskFiles(folder.path(month)).read_limited(LOG_FILE, _MAX_DESCRIPTION_BYTES)
    try:
        first = read_vkeys_of(canonical.decode((data or b"").rstrip(b"\n"))["keys"])
    except (VerificationError, KeyError, TypeError):
        raise ConfigError(
            f"`{folder.path(month) / LOG_FILE}` describes no log", hint="restore the shard's directory"
        ) from None
    if here and here[0] == 1 and signers[0].verifiers != first:
        raise ConfigError(
            f"the log here is not that of `{origin}` with this key",
            hint="check the log's directory, its origin and the key folder in the configuration",
        )
    return Keyring(first, signers)


def announce(shard: ShardLog, folder: ShardFolder, keys: KeyFolder, month: Month) -> None:
    """Make the keys of a coming shard, and say so in the newest one; once.

    Raises:
        ConfigError: they can't be made.
        TraceError: the log failed.
    """
    if keys.renewals(month):
        return
    keys.make(month)
    # A crash here leaves keys that were not announced; `log_close` names them all the same.
    vkeys = [key.vkey for key in keys.load(month, folder.origin(month)).verifiers]
    shard.record("key", _body("announce", folder.origin(month), vkeys))


def destroy_past(shard: ShardLog, folder: ShardFolder, keys: KeyFolder, newest: Month) -> None:
    """Destroy the private keys of every month before the newest shard's; each act is recorded first.

    Raises:
        ConfigError: they can't be destroyed.
        TraceError: the log failed.
    """
    for month in keys.months():
        if month >= newest:
            continue
        vkeys = [
            key.vkey
            for renewal in keys.renewals(month)
            for key in keys.load(month, folder.origin(month), renewal).verifiers
        ]
        if vkeys:
            shard.record("key", _body("destroy", folder.origin(month), vkeys))
            shard.publish_now()
        keys.destroy(month)


def renew(shard: ShardLog, keys: KeyFolder, month: Month, now_ms: int, overlap_ms: int) -> None:
    """Do the next step of a renewal that is due.

    Raises:
        ConfigError: a key of the folder can't be read.
        TraceError: the log failed.
    """
    leave_handovers(shard)
    renewals = keys.renewals(month)
    if len(renewals) <= 1:
        return
    changes, first = shard.key_changes, [key.vkey for key in shard.ring.first]
    held = {n: [key.vkey for key in keys.load(month, shard.origin, n).verifiers] for n in renewals}
    newest = held[renewals[-1]]
    added = next(
        (change for change in changes if change.action == ADD and set(change.vkeys) >= set(newest)), None
    )
    if added is None:
        # The signer is held before the entry is durable: the next checkpoint bears both.
        shard.ring.take(keys.load(month, shard.origin, renewals[-1]))
        _change(shard, ADD, newest)
        return
    if now_ms < added.ts + overlap_ms:
        return
    older = [vkey for vkey in in_force(first, changes, shard.size) if vkey not in newest]
    if older:
        _change(shard, RETIRE, older)
    for number in renewals[:-1]:
        shard.record("key", _body("destroy", shard.origin, held[number]))
        shard.publish_now()
        destroy_log_keys(keys.file(month, number))


def _change(shard: ShardLog, action: str, vkeys: list[str]) -> None:
    shard.record("key", _body(action, shard.origin, vkeys))
    leave_handovers(shard)


def _body(action: str, origin: str, vkeys: list[str]) -> dict[str, object]:
    return {"action": action, "role": "log", "origin": origin, "keys": vkeys, "by": "log", "trust": None}


def leave_handovers(shard: ShardLog) -> None:
    """Leave the handover files of all changes so far, where they don't lie there yet.

    Raises:
        TraceError: the log failed.
        VerificationError: the log's files don't hold.
    """
    changes, first = shard.key_changes, [key.vkey for key in shard.ring.first]
    while shard.handovers < len(changes):
        number = shard.handovers + 1
        files = DiskFiles(shard.directory)
        if files.read(proof_path(number)) is None:
            index = changes[number - 1].index
            size = shard.publish_now().size
            known = {key.vkey: key for key in shard.ring.verifiers}
            due = [known[vkey] for vkey in in_force(first, changes, size) if vkey in known]
            proof = prove_entry(LogReader(files.read_limited, due), index).data
            after = in_force(first, changes[:number], index + 1)
            # A reader looks for the proof: the keys lie beside it by then.
            shard.put_file(vkeys_path(number), "".join(f"{vkey}\n" for vkey in after).encode())
            shard.put_file(proof_path(number), proof)
        shard.handovers = number

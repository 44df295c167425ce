"""Which log lies in a directory: `log.json`, and what to say where it or a checkpoint does not fit.

Whatever does not fit here is mended by putting something back: the directory's own file from a copy, or the
key file that belongs to the log. It is never mended by making a log anew, and no hint says so.
"""

from __future__ import annotations

from zoneproxy.terms.errors import ConfigError, VerificationError
from zoneproxy.trace import canonical
from zoneproxy.trace.checkpoint import Checkpoint
from zoneproxy.trace.files import Files
from zoneproxy.trace.keyring import first_keys, own_checkpoint
from zoneproxy.trace.note import ED25519, MLDSA44, Signer

FORMAT = "zoneproxy-log-1"
LOG_FILE = "log.json"
CHECKPOINT = "checkpoint"
SIGNED = "state/signed"
RESTORE = "put the file back from a copy of the log; make no new log over it"
_KINDS = {ED25519: "Ed25519", MLDSA44: "ML-DSA-44"}


def describe(origin: str, signer: Signer) -> bytes:
    """Return what `log.json` holds."""
    keys = [key.vkey for key in first_keys(signer)]
    return canonical.encode({"format": FORMAT, "keys": keys, "origin": origin}) + b"\n"


def check_identity(files: Files, origin: str, signer: Signer) -> None:
    """Refuse a directory that holds no log, or not the log of this origin with these keys.

    Raises:
        ConfigError: it does not fit; nothing was changed.
    """
    found = files.read(LOG_FILE)
    if found is None and (files.names("wal") or files.read(CHECKPOINT) is not None):
        raise ConfigError(f"the log's `{LOG_FILE}` is missing, but its other files are here", hint=RESTORE)
    if found is None:
        raise ConfigError("there is no log here", hint="make one with `zoneproxy init DIR`")
    if found == describe(origin, signer):
        return
    try:
        value = canonical.decode(found.removesuffix(b"\n"))
        told, keys = value["origin"], list(value["keys"])
    except (VerificationError, KeyError, TypeError):
        raise ConfigError(f"the log's `{LOG_FILE}` was changed", hint=RESTORE) from None
    if told != origin:
        raise ConfigError(
            f"the log here is not that of `{origin}`",
            hint=f"it is that of `{str(told)[:255]}`: check log directory and origin in the configuration",
        )
    held = {key.vkey for key in first_keys(signer)}
    types = {key.type for key in first_keys(signer)}
    lacking = next((kind for kind in _KINDS if kind not in types and len(keys) > len(held)), None)
    if lacking is not None and held < set(keys):
        raise ConfigError(
            f"the log of `{origin}` has two keys, and its {_KINDS[lacking]} key is not here",
            hint="put the missing key file back beside the other one (`log.key` and `log-mldsa.key`); "
            "a new key is not the log's key",
        )
    raise ConfigError(
        f"the log here is not that of `{origin}` with this key",
        hint="put the log's own key files back, or name them in the configuration; "
        "a new key is not the log's key",
    )


def read_head(files: Files, path: str, origin: str, signer: Signer) -> Checkpoint:
    """Read one of the log's own checkpoints.

    Raises:
        VerificationError: it is missing, or not as the log signed it.
    """
    data = files.read(path)
    if data is None:
        raise VerificationError("a checkpoint of the log is missing", where=path, hint=_remedy(files, path))
    try:
        return own_checkpoint(data, signer, origin)
    except VerificationError as error:
        raise VerificationError(
            f"the log's own checkpoint was changed: {error.message}",
            where=path,
            proof=error.proof,
            hint=_remedy(files, path),
        ) from None


def _remedy(files: Files, path: str) -> str:
    if path == CHECKPOINT and files.read(SIGNED) is not None:
        return f"put it back from a copy of the log, or copy `{SIGNED}` over it; make no new log over it"
    return RESTORE

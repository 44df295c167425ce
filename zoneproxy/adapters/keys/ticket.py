"""The key that signs tickets, and its verifier key beside the log's (`zoneproxy.trace.ticket`)."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from zoneproxy.adapters.files.trouble import why
from zoneproxy.adapters.files.whole import replace_whole
from zoneproxy.adapters.keys.keyfiles import read_private_key, read_vkeys
from zoneproxy.terms.errors import ConfigError, VerificationError
from zoneproxy.trace.ledger import vkey_file
from zoneproxy.trace.note import Ed25519Signer, Signer, VerifierKey, parse_vkey
from zoneproxy.trace.reader import LogReader
from zoneproxy.trace.ticket import key_name, key_names

_MAX_VKEY_BYTES = 64 * 1024
_GENERATIONS = 2  # a log, and the log that it is a shard of


def load_ticket_signer(path: Path, log_origin: str) -> Signer:
    """Read the key that signs the tickets of a log.

    Raises:
        ConfigError: it can't be read, or the origin can't be part of a key's name.
    """
    try:
        return Ed25519Signer(key_name(log_origin), read_private_key(path))
    except VerificationError as error:
        raise ConfigError(f"the log origin is unusable: {error.message}", hint=error.hint) from None


def publish_ticket_key(directory: Path, signer: Signer) -> None:
    """Lay the verifier key of a log's tickets beside the log's own, and leave older ones there.

    A crash in here leaves the file as it was, and a stray one beside it.

    Raises:
        ConfigError: the file can't be read or written.
    """
    key = signer.verifiers[0]
    path = directory / vkey_file(key.name)
    known = read_vkeys(path) if os.path.lexists(path) else []
    if key in known:
        return
    text = "".join(f"{one.vkey}\n" for one in (*known, key))
    try:
        replace_whole(path, text.encode(), mode=0o444)
    except OSError as error:
        raise ConfigError(
            f"the verifier key `{path}` can't be written: {why(error)}", hint="check the folder"
        ) from None


def ticket_keys_of(reader: LogReader, origin: str) -> list[VerifierKey]:
    """Return the ticket keys of a log, or of the log it is a shard of, that lie with it; none if none do."""
    for name in key_names(origin)[:_GENERATIONS]:
        data = reader.file(vkey_file(name), _MAX_VKEY_BYTES)
        with contextlib.suppress(UnicodeDecodeError, VerificationError):
            lines = [] if data is None else data.decode("utf-8").split("\n")
            keys = [key for line in lines if line and (key := parse_vkey(line)).name == name]
            if keys:
                return keys
    return []

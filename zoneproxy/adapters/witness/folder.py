"""A witness's folder: its keys, its memory, and the list of logs that it witnesses.

    <DIR>/witness.key, witness-mldsa.key   private keys, mode 0600
    <DIR>/witness.vkey                     both verifier keys, one a line, for whoever trusts the witness
    <DIR>/logs.policy                      which logs: `log <vkey>` lines of a trust file (tlog-policy)
    <DIR>/witness.db                       what it cosigned last (`zoneproxy.adapters.witness.store`)

`logs.policy` is looked at before each request and read again when it was changed. A mistake in it is told to
the operator's log, and the witness goes on with what it read before.
"""

from __future__ import annotations

import logging
import stat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from zoneproxy.adapters.files.settings import write_new
from zoneproxy.adapters.files.trouble import why
from zoneproxy.adapters.files.whole import claim_folder, replace_whole
from zoneproxy.adapters.keys.keyfiles import (
    make_log_keys,
    mldsa_path,
    read_mldsa_key,
    read_private_key,
    read_trust,
    read_vkeys,
)
from zoneproxy.adapters.witness.store import WitnessStore
from zoneproxy.terms.errors import ConfigError, VerificationError
from zoneproxy.trace.cosigner import Cosigner
from zoneproxy.trace.note import ED25519, MLDSA44, VerifierKey, check_name
from zoneproxy.trace.trust import parse_trust

KEY_FILE, VKEY_FILE, LOGS_FILE, MEMORY_FILE = "witness.key", "witness.vkey", "logs.policy", "witness.db"
_LOGS = b"""\
# The logs that this witness cosigns, as C2SP tlog-policy lines; changes are taken up while it runs.
# Add one with `zoneproxy witness add-log DIR FILE.vkey`, or by hand: a line for each key of the log,
#     log <verifier key>
quorum none
"""

log = logging.getLogger(__name__)


def make_witness(folder: Path, name: str) -> tuple[VerifierKey, ...]:
    """Make a new witness in a folder that does not exist or is empty; return its verifier keys.

    A crash in here leaves a folder without `witness.db`, which is no witness: remove it and begin again.

    Raises:
        ConfigError: the folder holds something, can't be written, or the name can't be a key's.
    """
    try:
        check_name(name)
    except VerificationError as error:
        raise ConfigError(error.message, hint="use a name such as `regulator.example/w1`") from None
    claim_folder(folder, "witness", mode=0o700)
    make_log_keys(folder / KEY_FILE)
    cosigner = _cosigner(folder, name)
    write_new(folder / VKEY_FILE, "".join(f"{key.vkey}\n" for key in cosigner.verifiers).encode())
    write_new(folder / LOGS_FILE, _LOGS)
    WitnessStore.create(folder / MEMORY_FILE)
    return cosigner.verifiers


def load_cosigner(folder: Path) -> Cosigner:
    """Read a witness's keys, and check that they are those of its `witness.vkey`.

    Raises:
        ConfigError: they can't be read, or don't fit.
    """
    if not folder.is_dir():
        raise ConfigError(f"`{folder}` is no folder", hint="make a witness with `zoneproxy witness init DIR`")
    told = read_vkeys(folder / VKEY_FILE)
    cosigner = _cosigner(folder, told[0].name)
    if tuple(told) != cosigner.verifiers:
        raise ConfigError(
            f"the keys in `{folder}` are not those of its `{VKEY_FILE}`",
            hint="restore the key files that belong to it; new keys are a new witness",
        )
    return cosigner


def _cosigner(folder: Path, name: str) -> Cosigner:
    key = folder / KEY_FILE
    mldsa: MLDSA44PrivateKey = read_mldsa_key(mldsa_path(key))
    return Cosigner(name, read_private_key(key), mldsa)


class WitnessedLogs:
    """The keys of the logs that a witness cosigns, kept up with their file.

    Args:
        folder: the witness's folder.

    Raises:
        ConfigError: the file is missing or wrong.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOGS_FILE
        self._stamp = self._look()
        self._keys = tuple(read_trust(self._path).logs)

    @property
    def keys(self) -> tuple[VerifierKey, ...]:
        """The verifier keys, as the file says now."""
        stamp = self._look()
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._keys = tuple(read_trust(self._path).logs)
            except ConfigError as error:
                log.error("%s; the logs read before stay witnessed", error.message)  # noqa: TRY400 - no trace
            else:
                log.info("witnessing %d logs", len({key.name for key in self._keys}))
        return self._keys

    def _look(self) -> tuple[int, int, int]:
        try:
            found = self._path.stat()
        except OSError:
            return (0, 0, 0)
        return found.st_mtime_ns, found.st_size, found.st_ino


def add_log(folder: Path, vkeys: list[VerifierKey]) -> list[VerifierKey]:
    """Add a log's keys to those that are witnessed; return the keys that were new.

    The file is put in place whole: a crash leaves the old one or the new one.

    Raises:
        ConfigError: a key is no log's, or the file can't be read or written.
    """
    path = folder / LOGS_FILE
    before = read_trust(path).logs
    for key in vkeys:
        if key.type not in {ED25519, MLDSA44}:
            raise ConfigError(
                f"the key `{key.name}+{key.key_id.hex()}` is no log's", hint="give the log's own `.vkey` file"
            )
    new = [key for key in vkeys if key not in before]
    lines = "".join(f"log {key.vkey}\n" for key in new).encode()
    try:
        data = path.read_bytes().removesuffix(b"\n") + b"\n" + lines
        parse_trust(data)  # what could not be read back is not written
        replace_whole(path, data, mode=stat.S_IMODE(path.stat().st_mode))
    except VerificationError as error:
        raise ConfigError(f"`{path}` can't take it: {error.message}", hint=error.hint) from None
    except OSError as error:
        raise ConfigError(f"`{path}` can't be written: {why(error)}", hint="check the folder") from None
    return new

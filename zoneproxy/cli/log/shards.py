"""`zoneproxy log keys`: who held which key when; and what the options say is to be trusted."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

from zoneproxy.adapters.keys.keyfiles import read_trust, read_vkeys
from zoneproxy.adapters.keys.root import read_root_trust
from zoneproxy.adapters.reading.logfolder import open_logs
from zoneproxy.replay.keylives import KeyLife, key_lives, log_acts
from zoneproxy.replay.report import AuditReport
from zoneproxy.replay.revocations import check_revocations
from zoneproxy.terms.errors import ConfigError
from zoneproxy.terms.moments import moment
from zoneproxy.trace.note import VerifierKey
from zoneproxy.trace.reader import LogReader
from zoneproxy.trace.roottrust import RootTrust
from zoneproxy.trace.trust import TrustPolicy


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `keys`; it sets `func`: Namespace in, exit code out."""
    keys = commands.add_parser(
        "keys",
        help="tell who held which key when",
        description="Tell the life of every key from the log's own entries: from when to when it signed, the "
        "entry that says so, and whether its private part was destroyed. Nothing is checked: see `verify`.",
    )
    keys.add_argument(
        "directory", metavar="LOG", help="a log, or that of its shards: a directory, or an https:// address"
    )
    keys.add_argument("--json", action="store_true", help="one JSON object a line")
    keys.set_defaults(func=run_keys)


def trust_of(args: argparse.Namespace) -> tuple[list[VerifierKey], TrustPolicy | None, RootTrust | None]:
    """Read what a command's `--vkey`, `--policy` and `--root` say is to be trusted.

    Raises:
        ConfigError: a file can't be used.
        VerificationError: the root key did not sign the trust file.
    """
    keys = [key for path in args.vkey for key in read_vkeys(path)]
    signed = None
    if args.root is not None:
        if args.policy is None:
            raise ConfigError(
                "`--root` is given without the trust file that it signs", hint="give it with `--trust FILE`"
            )
        signed = read_root_trust(args.policy, args.root)
        policy: TrustPolicy | None = signed.policy
    else:
        policy = None if args.policy is None else read_trust(args.policy)
    if policy is not None:
        keys += [key for key in policy.logs if key not in keys]
    return keys, policy, signed


def revoke(
    reader: LogReader, report: AuditReport, signed: RootTrust | None, keys: Sequence[VerifierKey]
) -> AuditReport:
    """Add what a root-signed trust file revokes to a log's audit."""
    return report if signed is None else check_revocations(reader, report, signed.revoked, keys)


def revoked_keys(signed: RootTrust | None) -> Sequence[VerifierKey]:
    """Revoked keys still open the shard that they signed; what they signed too late is told."""
    if signed is None:
        return ()
    named = {key.name for key in signed.policy.logs}
    return [one.key for one in signed.revoked if one.key.name not in named]


def run_keys(args: argparse.Namespace) -> int:
    """Print the life of every key."""
    acts = []
    for _, opener in open_logs(args.directory):
        reader = opener(())
        origin = reader.checkpoint().origin
        acts += [(origin, index, entry) for index, entry in log_acts(reader)]
    for life in key_lives(acts):
        if args.json:
            print(json.dumps(_life_json(life), sort_keys=True))
        else:
            _print_life(life)
    return 0


def _life_json(life: KeyLife) -> dict[str, object]:
    steps = [{"what": s.what, "origin": s.origin, "index": s.index, "ts": s.ts} for s in life.steps]
    return {"key": life.name, "kind": life.kind, "role": life.role, "vkey": life.vkey, "steps": steps}


def _print_life(life: KeyLife) -> None:
    print(f"{life.name}  {life.kind}, {life.role}")
    for step in life.steps:
        print(f"    {moment(step.ts)}  {step.what:<10} {step.origin}#{step.index}")

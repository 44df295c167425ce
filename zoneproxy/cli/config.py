"""`zoneproxy config`: check a `zone.yaml` without starting anything, and say what may stand in it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from zoneproxy.adapters.keys.tag import load_tag_signer, tag_vkey
from zoneproxy.assembly import Opening, check
from zoneproxy.config.reference import reference, schema
from zoneproxy.terms.errors import ConfigError


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `config` and its own commands; each sets `func`: Namespace in, exit code out."""
    parser = subparsers.add_parser("config", help="check a zone.yaml, and say what may stand in it")
    commands = parser.add_subparsers(dest="config_command", required=True, metavar="COMMAND")
    checking = commands.add_parser(
        "check",
        help="tell every mistake; start and change nothing",
        description="Read a configuration with all that it names - keys, policies, tables - and check that "
        "its doors are free. Exit code 0: it would start; 2: it would not.",
    )
    checking.add_argument("file", type=Path, metavar="zone.yaml")
    checking.set_defaults(func=run_check)
    public = commands.add_parser(
        "tag-key",
        help="print the public half of the key that signs tags, for model servers",
        description="Print the line of `tag.vkey` for the key that stands in the configuration now. While a "
        "key is rotated, model servers hold the lines of both.",
    )
    public.add_argument("file", type=Path, nargs="?", default=Path("zone.yaml"), metavar="zone.yaml")
    public.set_defaults(func=run_tag_key)
    about = commands.add_parser("reference", help="print every field with its default, as Markdown")
    about.set_defaults(func=run_reference)
    shape = commands.add_parser("schema", help="print the JSON schema, for completion in editors")
    shape.set_defaults(func=run_schema)


def run_check(args: argparse.Namespace) -> int:
    """Check a configuration."""
    opening = check(args.file)
    doors = len(opening.config.routes)
    print(f"{args.file}: zone `{opening.config.zone}` would start, with {doors} doors")
    return 0


def run_tag_key(args: argparse.Namespace) -> int:
    """Print the public half of the tag's key."""
    opening = Opening.read(args.file)
    tag = opening.config.tag
    if tag is None:
        raise ConfigError(
            f"`{args.file}` has no key that signs tags", hint="add the part `tag`: see docs/zone-yaml.md"
        )
    print(tag_vkey(opening.config.zone, load_tag_signer(opening.folder / tag.key, opening.config.zone)))
    return 0


def run_reference(_args: argparse.Namespace) -> int:
    """Print the reference."""
    print(reference(), end="")
    return 0


def run_schema(_args: argparse.Namespace) -> int:
    """Print the JSON schema."""
    print(json.dumps(schema(), indent=2, ensure_ascii=False))
    return 0

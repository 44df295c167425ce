"""A zone as its operator runs it: `zoneproxy init`, `zoneproxy run`, in processes of their own."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from demo.programs import ROOT, Program, running
from tests.support.ports import free_port
from tests.support.shards import newest


@dataclass(frozen=True, slots=True)
class ZoneFolder:
    """A zone that `init` made.

    Attributes:
        path: its folder.
        port: port of every door.
        credentials: tenant to credential.
    """

    path: Path
    port: int
    credentials: dict[str, str]

    @property
    def config(self) -> Path:
        return self.path / "zone.yaml"

    @property
    def log(self) -> Path:
        """The log, all its shards."""
        return self.path / "log"

    @property
    def shard(self) -> Path:
        """The log's newest shard."""
        return newest(self.log)

    def edit(self, file: str, old: str, new: str) -> None:
        """Change a file's text; what is to change must be there."""
        target = self.path / file
        text = target.read_text("utf-8")
        if old not in text:
            raise AssertionError(f"`{old}` is not in {file}")
        target.write_text(text.replace(old, new), "utf-8")

    @contextlib.contextmanager
    def serving(self) -> Iterator[Program]:
        """Run the production door."""
        command = [sys.executable, "-m", "zoneproxy", "run", "--config", str(self.config)]
        with running(command) as program:
            yield program


def cli(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `zoneproxy` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "zoneproxy", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


def make_zone(path: Path, upstream_port: int, *models: str) -> ZoneFolder:
    """Make a zone whose second model server is on 127.0.0.1, with these models beside `zone-llm-02`."""
    port = free_port()
    made = cli("init", str(path), "--port", str(port))
    if made.returncode:
        raise AssertionError(made.stderr)
    credentials = dict(re.findall(r"^    (toyco-\w+)  (\S+)$", made.stdout, re.MULTILINE))
    zone = ZoneFolder(path, port, credentials)
    names = ", ".join(("zone-llm-02", *models))
    zone.edit("zone.yaml", "127.0.30.11:8000", f"127.0.0.1:{upstream_port}")
    zone.edit("zone.yaml", "models: [zone-llm-02]", f"models: [{names}]")
    policy = "policies/shantou-pilot.operator.yaml"
    zone.edit(policy, "models: [zone-llm-01, zone-llm-02]", f"models: [zone-llm-01, {names}]")
    for model in models:
        zone.edit(
            policy,
            "models:\n  - id: zone-llm-01\n",
            f"models:\n  - {{id: {model}, provenance: domestic_filed, filing: CAC-GenAI-0000-0009, "
            f'location: in_zone, weights_digest: "sha256:{"0" * 64}", unverified: true}}\n'
            "  - id: zone-llm-01\n",
        )
    return zone

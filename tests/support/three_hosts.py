"""Three hosts and the boundary's, as network namespaces: the only links are those to the boundary.

    overseas ---- boundary ---- zone
                      |
                  domestic

Addresses are of the documentation ranges (RFC 5737), inside namespaces that have no other interface: nothing
can leave the machine. Each link is a /30 of its own; a host's default route leads to the boundary, so that a
packet for another host comes as far as it can.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

HOSTS = {"overseas": "203.0.113", "zone": "198.51.100", "domestic": "192.0.2"}
"""The network of each host: the boundary's end is .1, the host's .2."""


def missing() -> str:
    """Tell what is missing to make namespaces, or nothing."""
    if shutil.which("ip") is None:
        return "there is no `ip` (Debian: iproute2)"
    if os.geteuid() != 0:
        return "only root makes network namespaces"
    name = f"zp-probe-{uuid.uuid4().hex[:6]}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if made.returncode:
        return f"no network namespace can be made: {made.stderr.strip()}"
    _ip("netns", "del", name)
    return ""


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True, timeout=20)


@dataclass(frozen=True, slots=True)
class Hosts:
    """The four namespaces.

    Attributes:
        prefix: what their names begin with.
    """

    prefix: str

    def namespace(self, host: str) -> str:
        return f"{self.prefix}{host}"

    def address(self, host: str) -> str:
        """The host's own address."""
        return f"{HOSTS[host]}.2"

    def door(self, host: str) -> str:
        """The boundary's address on the host's link."""
        return f"{HOSTS[host]}.1"

    def command(self, host: str, *words: str) -> list[str]:
        """Return a command line that runs in a namespace; `boundary` is one too."""
        return ["ip", "netns", "exec", self.namespace(host), *words]

    def python(self, host: str, program: str, *arguments: str) -> str:
        """Run a small program in a namespace to its end, and return what it printed."""
        done = subprocess.run(
            self.command(host, sys.executable, "-c", program, *arguments),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout


@contextlib.contextmanager
def three_hosts() -> Iterator[Hosts]:
    """Make the namespaces and their links; all are gone when the block ends."""
    made = Hosts(f"zp{uuid.uuid4().hex[:5]}-")
    names = [made.namespace(host) for host in (*HOSTS, "boundary")]
    try:
        for name in names:
            _ip("netns", "add", name)
            _ip("-n", name, "link", "set", "lo", "up")
        for host, network in HOSTS.items():
            ours, theirs = made.namespace("boundary"), made.namespace(host)
            _ip("link", "add", "name", host[:8], "netns", ours, "type", "veth",
                "peer", "name", "link0", "netns", theirs)  # fmt: skip
            for name, device, last in ((ours, host[:8], 1), (theirs, "link0", 2)):
                _ip("-n", name, "address", "add", f"{network}.{last}/30", "dev", device)
                _ip("-n", name, "link", "set", device, "up")
            _ip("-n", theirs, "route", "add", "default", "via", f"{network}.1")
        yield made
    finally:
        for name in names:
            with contextlib.suppress(subprocess.CalledProcessError):
                _ip("netns", "del", name)

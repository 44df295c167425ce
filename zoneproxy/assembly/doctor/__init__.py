"""The doctor: what is misconfigured in a zone that runs or does not, and whether its separation holds.

Every check gives at least one finding and changes nothing; a check that itself fails is a finding, too. The
self-test of separation sends requests that must be refused to the zone's own doors: they stand in its log.

    files       secrets and their modes, the orders, room on the disks
    machine     clock, core dumps, key logging, Python's options
    rules       policies: signatures and dates; what is stopped
    trace       the log holds at its newest entry; witnesses answer
    reach       doors' addresses, fronts, model servers
    outward     the authority of tunnels, and where registered destinations are
    refusals    what they could fill, and which had no record each
    separation  each forbidden path, tried
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from zoneproxy.assembly.doctor.files import check_disks, check_files, check_orders_file
from zoneproxy.assembly.doctor.findings import Finding, State, unchecked
from zoneproxy.assembly.doctor.machine import check_clock, check_process
from zoneproxy.assembly.doctor.outward import check_outward
from zoneproxy.assembly.doctor.reach import check_doors, check_servers
from zoneproxy.assembly.doctor.refusals import check_refusals
from zoneproxy.assembly.doctor.rules import check_policies
from zoneproxy.assembly.doctor.separation import try_separation
from zoneproxy.assembly.doctor.trace import check_log, check_witnesses
from zoneproxy.assembly.logs import Opening
from zoneproxy.assembly.orderdesk import is_running

__all__ = ["Finding", "State", "examine"]

Check = Callable[[], Iterable[Finding]]


def examine(opening: Opening, *, self_test: bool = True) -> Iterator[Finding]:
    """Examine a zone.

    Args:
        opening: its configuration.
        self_test: try the forbidden paths of a zone that runs.

    Yields:
        Findings, as the checks make them.
    """
    running = is_running(opening)
    checks: list[tuple[str, Check]] = [
        ("secret-mode", partial(check_files, opening)),
        ("orders", partial(check_orders_file, opening)),
        ("disk-free", partial(check_disks, opening)),
        ("clock", check_clock),
        ("process", partial(check_process, opening, running=running)),
        ("policy", partial(check_policies, opening)),
        ("log", partial(check_log, opening, running=running)),
        ("witness", partial(check_witnesses, opening)),
        ("door", partial(check_doors, opening, running=running)),
        ("server", partial(check_servers, opening)),
        ("outward", partial(check_outward, opening)),
        ("refusals", partial(check_refusals, opening, running=running)),
    ]
    if self_test:
        checks.append(("separation", partial(try_separation, opening, running=running)))
    for name, check in checks:
        try:
            yield from check()
        except Exception as error:  # noqa: BLE001 - a check that fails is told, and the others go on
            yield unchecked(name, f"the check failed: {type(error).__name__}: {error}", "please report it")

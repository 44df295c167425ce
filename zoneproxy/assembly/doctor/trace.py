"""The log: it holds at its newest entry, what was to be cleaned up is, and its witnesses answer."""

from __future__ import annotations

from collections.abc import Iterator

from zoneproxy.adapters.keys.keyfiles import read_trust
from zoneproxy.adapters.reading.logfolder import newest_place, open_log
from zoneproxy.adapters.witness.client import WitnessClient
from zoneproxy.assembly.doctor.findings import Finding, advice, fault, ok
from zoneproxy.assembly.logs import Opening
from zoneproxy.terms.errors import ConfigError, VerificationError
from zoneproxy.trace.prover import prove_entry

WITNESS_TIMEOUT_S = 5.0


def check_log(opening: Opening, *, running: bool) -> Iterator[Finding]:
    """The newest checkpoint is signed, and its last entry is in the tree that it signs."""
    place = opening.folder / opening.config.log.directory
    try:
        reader = open_log(newest_place(place))
        checkpoint = reader.checkpoint()
        if checkpoint.size:
            prove_entry(reader, checkpoint.size - 1)
    except ConfigError as error:
        yield fault("log", error.message, error.hint)
        return
    except VerificationError as error:
        yield fault("log", f"the log does not hold: {error.message}", "`zoneproxy log verify` says where")
        return
    yield ok("log", f"the log holds at its newest entry, {checkpoint.size - 1}")
    if not running:
        return
    state = "takes records" if checkpoint.size else "is empty"
    yield ok("log-written", f"the zone runs, and its log {state}")


def check_witnesses(opening: Opening) -> Iterator[Finding]:
    """Somebody cosigns the log, and each of them answers."""
    part = opening.config.witnesses
    if part is None:
        yield advice(
            "witness", "nobody cosigns the log: a lost or rewound end would not show",
            "name witnesses in zone.yaml (`witnesses:`)",
        )  # fmt: skip
        return
    trust = read_trust(opening.folder / part.policy)
    if not trust.urls:
        yield fault("witness", "no witness has an address, so none is asked", "add it to the `witness` line")
    for name, url in trust.urls.items():
        try:
            WitnessClient(url, WITNESS_TIMEOUT_S).checkpoint(opening.config.log.origin)
        except (OSError, ConfigError) as error:
            yield advice(
                "witness", f"the witness `{name}` at {url} does not answer: {error}",
                "ask who runs it; the zone goes on while a quorum of the others answers",
            )  # fmt: skip
        else:
            yield ok("witness", f"the witness `{name}` answers")

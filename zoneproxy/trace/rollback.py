"""What a witness knows of a log, held against what the log knows of itself.

A witness only cosigns what the log signed, and a log makes a checkpoint durable (`state/signed`) before it
shows it to anybody. So a witness that holds a larger checkpoint than the newest one signed here, or one with
another root, proves that this disk is not the newest state of the log: it was rolled back, or somebody
else signs with its keys. To go on would be to sign a second history.

Trust: the witness is not believed; what it shows bears the log's own signatures.
"""

from __future__ import annotations

from collections.abc import Callable

from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.checkpoint import Checkpoint


def check_view(seen: Checkpoint, signed: Checkpoint, root_at: Callable[[int], bytes]) -> None:
    """Check that a witness's checkpoint of this log is a beginning of what lies here.

    Args:
        seen: what the witness holds, with the log's signatures verified.
        signed: the newest checkpoint that was signed here.
        root_at: returns the root of the first so many entries here.

    Raises:
        VerificationError: it is not; the log must not go on.
    """
    proof = {"seen": seen.text, "signed": signed.text}
    if seen.size > signed.size:
        raise VerificationError(
            f"it holds {seen.size} entries that this log signed, and only {signed.size} were signed here",
            where="witness",
            proof=proof,
        )
    if root_at(seen.size) != seen.root:
        raise VerificationError(
            f"the {seen.size} entries that it holds are not those that lie here", where="witness", proof=proof
        )

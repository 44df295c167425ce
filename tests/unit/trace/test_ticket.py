"""`zoneproxy.trace.ticket`: the log's promise, in one header line."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.logs import ORIGIN, START_MS, signer
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.merkle import leaf_hash
from zoneproxy.trace.note import sign_note
from zoneproxy.trace.ticket import (
    Ticket,
    header_value,
    is_ticket_key,
    key_name,
    open_ticket,
    parse_ticket,
    read_ticket,
    sign_ticket,
)

KEY = signer(key_name(ORIGIN))
TICKET = Ticket(ORIGIN, 7, leaf_hash(b""), START_MS)


def test_the_worked_example() -> None:
    """The module's example is what is signed (Z14)."""
    assert TICKET.text == (
        "zoneproxy.org/ticket/v1\nzone.example/trace/node-1\n7\n"
        "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=\n1767225600000\n"
    )
    assert header_value(sign_ticket(TICKET, KEY)).startswith("em9uZXByb3h5Lm9yZy90aWNrZXQvdjEK")


def test_every_form_that_a_caller_keeps_is_read() -> None:
    """The note, the header's value and the header's line lead to the same ticket; other lines do not."""
    note = sign_ticket(TICKET, KEY)
    value = header_value(note).encode()
    for kept in (note, value, value + b"\n", b"Zone-Trace-Ticket: " + value + b"\r\n"):
        assert open_ticket(read_ticket(kept), KEY.verifiers) == TICKET
    for other in (b"", b"zone-trace: " + value, value[:-3], b"\xff", b"x" * 5000):
        with pytest.raises(VerificationError):
            parse_ticket(read_ticket(other))


def test_the_signature_counts() -> None:
    """A changed ticket, another key and the log's own key are refused: only the ticket key promises (Z14)."""
    note = sign_ticket(TICKET, KEY)
    with pytest.raises(VerificationError, match="does not verify"):
        open_ticket(note.replace(b"\n7\n", b"\n8\n"), KEY.verifiers)
    with pytest.raises(VerificationError, match="no ticket key"):
        open_ticket(note, signer().verifiers)
    with pytest.raises(VerificationError, match="no known key signed"):
        open_ticket(note, signer(key_name(ORIGIN), 2).verifiers)
    with pytest.raises(VerificationError, match="no known key signed"):
        open_ticket(sign_note(TICKET.text, (signer(),)).data, KEY.verifiers)
    assert is_ticket_key(KEY.verifiers[0])
    assert not is_ticket_key(signer().verifiers[0])


@pytest.mark.parametrize(
    "text",
    [
        TICKET.text + "more\n",
        TICKET.text.replace("/v1", "/v2"),
        TICKET.text.replace("\n7\n", "\n07\n"),
        TICKET.text.replace("\n7\n", "\n-7\n"),
        TICKET.text.replace(base64.b64encode(TICKET.leaf).decode(), "AAAA"),
        TICKET.text.replace(ORIGIN, ""),
        TICKET.text.replace(str(START_MS), "1_0"),
    ],
)
def test_what_is_no_ticket(text: str) -> None:
    """Anything but the five lines is refused, however well it is signed."""
    with pytest.raises(VerificationError):
        open_ticket(sign_note(text, (KEY,)).data, KEY.verifiers)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """The parser accepts or raises its one error."""
    for given_bytes in (data, base64.b64encode(data)):
        try:
            parse_ticket(read_ticket(given_bytes))
        except VerificationError:
            continue

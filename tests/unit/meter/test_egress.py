"""`zoneproxy.meter.egress`: what leaves is bounded by what is billed for it."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoneproxy.meter.egress import SLICES, Asked, EgressBudget, EgressLedger, EgressMeter, alternatives_of

BUDGET = EgressBudget(
    bytes_per_token=10,
    tokens_per_event=2,
    envelope_bytes=100,
    allowance_bytes=50,
    unbilled_bytes=500,
    vector_dimensions=4,
    dimension_bytes=10,
    window_bytes=80,
    window_ms=2300,
    of_model=(("large", 20),),
)
CHAT = Asked("openai_chat", "inference")


def meter(
    asked: Asked = CHAT, budget: EgressBudget = BUDGET, ledger: EgressLedger | None = None
) -> EgressMeter:
    return EgressMeter(budget, asked, (ledger or EgressLedger(budget)).account("t"))


def test_the_worked_example() -> None:
    """Z9: the page's figures: 350 bytes for 20 tokens, 40 unaccounted, and the third answer is refused."""
    ledger = EgressLedger(BUDGET)
    assert not meter(ledger=ledger).whole(351, 20, 1, 0)
    assert [meter(ledger=ledger).whole(340, 20, 1, 0) for _ in range(3)] == [True, True, False]
    assert ledger.used("t", 0) == 80
    assert meter(ledger=ledger).whole(340, 20, 1, 5000)


def test_a_stream_is_bounded_by_its_events_until_its_tokens_are_told() -> None:
    """Z9: an event of much text is stopped before it is delivered, and told tokens account for more."""
    one = meter()
    assert one.grow(120, 1, 0, 0)
    assert one.ceiling == 100 + 20 + 50
    assert not one.grow(51, 0, 0, 0)
    told = meter()
    assert told.grow(171, 1, 3, 0)
    assert (told.bytes, told.ceiling) == (171, 180)


def test_no_more_tokens_count_than_were_asked_for() -> None:
    """Z9: what was asked for bounds what events may claim; what was told may be more."""
    one = meter(Asked("openai_chat", "inference", max_tokens=3))
    one.grow(0, 100, 0, 0)
    assert one.accounted == 130
    one.grow(0, 0, 7, 0)
    assert one.accounted == 170


def test_the_end_is_weighed_by_what_is_billed() -> None:
    """Z9, Z18: a stream that bills less than it showed does not end well; unbilled counts bound nothing."""
    one = meter()
    assert one.grow(400, 20, 0, 0)
    assert not one.close(2, 2, 0, billed=True)
    two = meter()
    assert two.grow(400, 20, 0, 0)
    assert two.close(10_000, 0, 0, billed=False)
    assert two.accounted == 100 + 400


def test_vectors_pictures_and_speech_have_bounds_of_their_own() -> None:
    """Z9: embeddings count by dimension and number, pictures by number, sound by text or token."""
    vectors = meter(Asked("openai_embeddings", "embedding"))
    assert vectors.whole(100 + 2 * 40 + 50, 0, 2, 0)
    assert not vectors.whole(100 + 2 * 40 + 51, 0, 2, 0)
    pictures = meter(Asked("openai_images", "inference"))
    assert pictures.whole(BUDGET.image_bytes, 0, 1, 0)
    sound = meter(Asked("openai_audio", "inference", spoken_bytes=3))
    sound.whole(0, 0, 0, 0)
    assert sound.accounted == 100 + 3 * BUDGET.audio_bytes_per_token
    speech = meter(Asked("openai_chat", "inference", speech=True))
    speech.whole(0, 2, 0, 0)
    assert speech.accounted == 100 + 2 * BUDGET.audio_bytes_per_token


def test_dialects_that_repeat_are_granted_what_they_repeat() -> None:
    """Responses says its text five times and the request three times; log-probabilities are wide."""
    one = meter(Asked("openai_responses", "inference", request_bytes=7))
    one.whole(0, 2, 0, 0)
    assert one.accounted == 100 + 5 * 20 + 21
    wide = meter(Asked("openai_chat", "inference", model="large", alternatives=2))
    wide.whole(0, 1, 0, 0)
    assert wide.accounted == 100 + 20 + 2 * BUDGET.logprob_bytes
    echo = meter(Asked("openai_completions", "inference", request_bytes=9, echo=True))
    assert echo.accounted == 109


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({}, 0),
        ({"logprobs": False}, 0),
        ({"logprobs": True}, 1),
        ({"top_logprobs": 5}, 6),
        ({"logprobs": 99}, 21),
    ],
)
def test_alternatives_are_counted_and_bounded(asked: dict[str, object], wanted: int) -> None:
    """What the caller asks for widens the budget by what the API allows at most."""
    assert alternatives_of(asked) == wanted


def test_what_bills_nothing_has_its_own_bound_and_fills_the_window() -> None:
    """Z9: stored files and lists are bounded too, and count whole in the window."""
    ledger = EgressLedger(BUDGET)
    stored = Asked("openai_files", "file_retrieval", billed=False)
    assert not meter(stored, ledger=ledger).whole(501, 0, 0, 0)
    assert meter(stored, ledger=ledger).whole(180, 0, 0, 0)
    assert ledger.used("t", 0) == 80
    refused = meter(stored, ledger=ledger)
    assert not refused.whole(101, 0, 0, 0)
    assert (refused.tenant_bytes, refused.tenant_ceiling) == (81, 80)


def test_a_window_slides_and_time_that_goes_back_changes_nothing() -> None:
    """Z9: a charge counts for a whole window at least, and no longer than one slice more."""
    ledger = EgressLedger(BUDGET)
    assert ledger.account("t").charge(80, 1000) == 80
    assert ledger.account("t").charge(1, 1000 + 2300) == 81
    assert ledger.account("t").charge(1, 0) == 81
    assert ledger.account("t").charge(1, 1000 + 2300 + 200) == 1
    assert ledger.account("other").charge(80, 0) == 80


def test_what_was_charged_too_much_is_given_back_only_from_its_own_slice() -> None:
    """A provisional charge may sink again, but never takes from what others are charged."""
    ledger = EgressLedger(BUDGET)
    account = ledger.account("t")
    assert account.charge(60, 0) == 60
    assert account.charge(10, 0) == 10
    assert account.charge(30, 0) == 30
    assert account.charge(0, 500) == 30
    assert ledger.used("t", 500) == 30


def test_workers_share_a_window() -> None:
    """Each worker gets an equal part, rounded down; an answer's bound is not divided."""
    part = BUDGET.divided(3)
    assert (part.window_bytes, part.allowance_bytes) == (26, 50)
    assert 3 * part.window_bytes <= BUDGET.window_bytes


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 300)), max_size=60))
def test_no_window_ever_holds_more_than_its_bound(charges: list[tuple[int, int]]) -> None:
    """Z9, Z18: whatever the charges and times, what was let out in any window is within the bound."""
    ledger = EgressLedger(BUDGET)
    now, kept = 0, []
    for amount, passed in charges:
        now += passed
        total = ledger.account("t").charge(amount, now)
        if total is not None and total <= BUDGET.window_bytes:
            kept.append((now, amount))
        inside = sum(size for at, size in kept if now - at < BUDGET.window_ms)
        assert inside <= BUDGET.window_bytes


def test_no_charge_is_lost_among_threads() -> None:
    """Z18: with a lock, answers that are weighed at the same time are all counted."""
    budget = EgressBudget(window_bytes=10**9)
    ledger = EgressLedger(budget, threading.Lock())

    def work() -> None:
        for _ in range(500):
            ledger.account("t").charge(1, 0)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ledger.used("t", 0) == 2000
    assert SLICES == 24

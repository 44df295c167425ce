"""The law, as a property of sessions: no message crosses, either way, before its record is durable.

Sessions are walked with random events, mostly legal ones. `SessionWatch` knows nothing of the session's
inside; that it can see is shown by one planted mutant of each law, each of which must be caught.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.support.law_watch import LawBrokenError
from tests.support.realtime_world import (
    CREATE,
    World,
    broken,
    created,
    delta,
    done,
    item,
    open_masking,
    said,
    session_rules,
    told,
)
from tests.support.session_watch import NEVER, MaskedWatch, SessionWatch
from zoneproxy.content.mask import Spans
from zoneproxy.content.realtime_held import HeldMessages
from zoneproxy.content.realtime_stream import RealtimeAnswer, RealtimeStream
from zoneproxy.passage import session as module
from zoneproxy.passage.commands import Write
from zoneproxy.passage.events import (
    AnswerChunk,
    ClientGone,
    Event,
    Fault,
    Recorded,
    RecordFailed,
    Stopping,
    StopsChanged,
)
from zoneproxy.passage.session import Session
from zoneproxy.passage.session_words import (
    Carried,
    ClientLeft,
    Draining,
    Expired,
    ServerLeft,
    ServerSaid,
    ToServer,
)
from zoneproxy.passage.state import State
from zoneproxy.replay.rewalk import Recorded as Entry
from zoneproxy.replay.rewalk import Rewalk, Walk
from zoneproxy.route.stops import EVERYTHING, NOTHING, Scope, Stops

MASKING = replace(session_rules(), policies=open_masking())
MASKING = replace(MASKING, scan=replace(MASKING.scan, canary_key=bytes(32)))
UPDATE = said("session.update", session={"type": "realtime", "output_modalities": ["text"]})
FROM_OUTSIDE: list[Event] = [
    StopsChanged(NOTHING),
    StopsChanged(Stops.of([(Scope.TENANT, "toyco-sg")])),
    StopsChanged(EVERYTHING),
    ClientGone(),
    Stopping(),
    Draining(),
    Expired("planted"),
    Fault("hook", "planted"),
]
ENDS: list[Event] = [
    ClientLeft(),
    ServerLeft(properly=True),
    ServerLeft(properly=False),
    broken("unknown_type"),
    broken("malformed"),
    said("input_audio_buffer.append", audio="AAEAgP//" * 20),
    said("session.update", session={"turn_detection": {"type": "server_vad"}}),
    said("nonsense"),
    said("conversation.item.create", item=item(f"no {NEVER[0]} yes")),
    ServerSaid("", 0, 0, state="unreadable"),
    told("response.output_text.delta", delta="unasked", response_id="r9"),
    told("nonsense"),
    *FROM_OUTSIDE,
]


def legal(session: Session, step: int) -> list[Event]:
    """Return events that may come now, the good ones first."""
    if session.answering:
        answer = f"r{step}"
        texts = ("hello ", "a long word ", NEVER[0][:9], NEVER[0][9:] + " ")
        first, second, *rest = [delta(text, answer) for text in texts]
        return [first, CREATE, UPDATE, done(answer), second, said("response.cancel"), *rest, created(answer)]
    return [
        CREATE,
        CREATE,
        UPDATE,
        said("conversation.item.create", item=item("hello")),
        told("session.updated", session={}),
        told("rate_limits.updated", rate_limits=[]),
    ]


def draw_good(draw: Callable[[st.SearchStrategy[Any]], Any], events: list[Event]) -> Event:
    """Draw an event, the first of the list more often."""
    most = len(events) - 1
    drawn: int = min(draw(st.integers(0, most)), draw(st.integers(0, most)))
    return events[drawn]


def walk(
    draw: Callable[[st.SearchStrategy[Any]], Any],
    world: World | None = None,
    kind: type[SessionWatch] = SessionWatch,
) -> World:
    """Walk one session to its end, watching the law; return its world with the records that are durable."""
    world = world or World()
    session = world.open()
    watch = kind(session.exchange.flow)
    answers, began = 0, False
    for _ in range(40):
        if session.final:
            break
        if watch.pending is not None:
            odd = draw(st.integers(0, 39))
            event: Event = {0: RecordFailed(), 1: Fault("record", "refused")}.get(
                odd, Recorded(world.receipts.next())
            )
        elif session.follows:
            event = Carried() if draw(st.integers(0, 15)) else draw(st.sampled_from(FROM_OUTSIDE))
        elif draw(st.integers(0, 9)) == 0:
            event = draw(st.sampled_from(ENDS))
        elif session.answering and not began:
            answers, began = answers + 1, True
            event = created(f"r{answers}")
        else:
            event = draw_good(draw, legal(session, answers))
        keep(world, watch, event)
        feed(session, watch, event)
        began = began and session.answering
    for event in (ClientGone(), *(Recorded(world.receipts.next()) for _ in range(4))):
        if not session.final and (isinstance(event, ClientGone) is (watch.pending is None)):
            keep(world, watch, event)
            feed(session, watch, event)
    if session.final:
        watch.finish()
    return world


def keep(world: World, watch: SessionWatch, event: Event) -> None:
    """Remember a record that becomes durable by this event."""
    if isinstance(event, Recorded) and isinstance(watch.pending, Write):
        world.durable.append(watch.pending)


def feed(session: Session, watch: SessionWatch, event: Event) -> None:
    watch.event(event)
    try:
        commands = session.receive(event)
    except LawBrokenError:
        raise
    except Exception as error:  # noqa: BLE001 - the driver turns whatever it is into a fault
        watch.event(Fault("session", str(error)))
        commands = session.receive(Fault("session", str(error)))
    watch.commands(commands)


@settings(max_examples=400)
@given(st.data())
def test_nothing_crosses_before_its_record_is_durable(data: st.DataObject) -> None:
    """Z11, Z13, Z22: in any order of messages and interruptions, records come before messages."""
    walk(data.draw)


@settings(max_examples=200)
@given(st.data())
def test_masks_and_canaries_hold_the_same_law(data: st.DataObject) -> None:
    """Z11, Z13, Z15: what is masked never crosses as it was, whatever interrupts it; replay agrees."""
    check_masks(data)


def check_masks(data: st.DataObject) -> None:
    world = walk(data.draw, World(rules=MASKING), MaskedWatch)
    policies = {policy.digest: policy for policy in MASKING.policies}
    entries = [
        Entry(index, write.kind, json.loads(json.dumps(write.body)), json.loads(json.dumps(write.private)))
        for index, write in enumerate(world.durable)
    ]
    steps = list(Rewalk(policies.__getitem__).walk(entries))
    assert [step for step in steps if step.walk not in (Walk.AGREES, Walk.FAULT)] == []


def mask_nothing_that_a_server_says(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(HeldMessages, "shown", lambda self, waiting, counts: None)


def leave_the_rest_of_a_number(patch: pytest.MonkeyPatch) -> None:
    apply = Spans.apply

    def mutant(self: Spans, text: str, start: int, counts: Any) -> str:
        made = apply(self, text, start, counts)
        return made if made.strip() or not text.strip() else text

    patch.setattr(Spans, "apply", mutant)


def count_no_tokens(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(RealtimeAnswer, "masked", property(lambda self: {}))


@pytest.mark.parametrize(
    "mutant",
    [mask_nothing_that_a_server_says, leave_the_rest_of_a_number, count_no_tokens],
    ids=lambda one: one.__name__,
)
def test_the_watch_sees_what_goes_unmasked(
    mutant: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A test that can't fail proves nothing: each of these must be caught."""
    mutant(monkeypatch)

    @settings(max_examples=600, phases=[Phase.generate], derandomize=True, database=None)
    @given(st.data())
    def walks(data: st.DataObject) -> None:
        check_masks(data)

    with pytest.raises((LawBrokenError, AssertionError, ExceptionGroup)):
        walks()


# ---- planted mutants: each breaks one law, and must be caught ----------------------------------


def forward_before_the_record(patch: pytest.MonkeyPatch) -> None:
    after = Session._after

    def mutant(self: Session, passage: Any, commands: Any) -> Any:
        made = after(self, passage, commands)
        if made and isinstance(made[0], Write) and passage.state is State.ADMITTING:
            return [ToServer(passage.exchange.reading.body.decode()), *made]
        return made

    patch.setattr(Session, "_after", mutant)


def go_on_although_the_log_failed(patch: pytest.MonkeyPatch) -> None:
    answered = Session._answered

    def mutant(self: Session, event: Any) -> Any:
        return answered(self, Recorded(World().receipts.next()) if isinstance(event, RecordFailed) else event)

    patch.setattr(Session, "_answered", mutant)


def deliver_the_end_of_an_answer_at_once(patch: pytest.MonkeyPatch) -> None:
    take = RealtimeStream._take

    def mutant(self: RealtimeStream, text: str, share: Any, step: Any) -> None:
        take(self, text, share, step)
        while self._last:
            self._held.wait(self._last.pop())

    patch.setattr(RealtimeStream, "_take", mutant)


def hold_nothing_back(patch: pytest.MonkeyPatch) -> None:
    def mutant(self: RealtimeStream) -> tuple[bytes, bytes]:
        released = b"".join(one.raw for one in self._held._queue)
        self._held.drop_all()
        return released, b""

    patch.setattr(RealtimeStream, "_release", mutant)


def take_answers_that_nobody_asked_for(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(RealtimeStream, "_follow", lambda self, event: None)


def close_before_the_end_is_durable(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Session, "_wind", lambda self, ending: ending.last(self._own))


def forget_what_is_under_way(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Session, "_under_way", lambda self: [])


def go_on_although_stopped(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Session, "_on_stops", lambda self, event: [])


def forward_twice(patch: pytest.MonkeyPatch) -> None:
    forwarded = Session._forwarded

    def mutant(self: Session) -> Any:
        turn = self._entering
        made = forwarded(self)
        return made or [ToServer(turn.exchange.reading.body.decode())]  # type: ignore[union-attr]

    patch.setattr(Session, "_forwarded", mutant)


def answer_while_a_record_is_outstanding(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(module, "AnswerEnd", lambda pin: AnswerChunk(b'\x1e{"type": "error", "error": {}}\n'))


def take_the_last_that_waited_first(patch: pytest.MonkeyPatch) -> None:
    enter = Session._enter

    def mutant(self: Session, event: Any, **given: Any) -> Any:
        if self._waiting:
            event, self._waiting[-1] = self._waiting[-1], event
        return enter(self, event, **given)

    patch.setattr(Session, "_enter", mutant)


def tell_a_refusal_before_it_is_durable(patch: pytest.MonkeyPatch) -> None:
    after = Session._after

    def mutant(self: Session, passage: Any, commands: Any) -> Any:
        if passage.state is State.DENYING:
            passage.state = State.REFUSED
            refusal = module.ToClient if hasattr(module, "ToClient") else None
            return [refusal('{"type": "error", "error": {"flow": "x"}}')] if refusal else []
        return after(self, passage, commands)

    patch.setattr(Session, "_after", mutant)


MUTANTS = [
    forward_before_the_record,
    go_on_although_the_log_failed,
    deliver_the_end_of_an_answer_at_once,
    hold_nothing_back,
    take_answers_that_nobody_asked_for,
    close_before_the_end_is_durable,
    forget_what_is_under_way,
    go_on_although_stopped,
    forward_twice,
    answer_while_a_record_is_outstanding,
    take_the_last_that_waited_first,
    tell_a_refusal_before_it_is_durable,
]


@pytest.mark.parametrize("plant", MUTANTS, ids=lambda plant: plant.__name__)
def test_a_mutant_of_each_law_is_caught(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The property above would notice: each planted breach is found."""
    plant(monkeypatch)

    @settings(
        max_examples=600,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        report_multiple_bugs=False,
    )
    @given(st.data())
    def law_holds(data: st.DataObject) -> None:
        walk(data.draw)

    with pytest.raises(LawBrokenError):
        law_holds()

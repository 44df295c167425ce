"""`zoneproxy.assembly.doctor.findings`: a finding of each state."""

from __future__ import annotations

from zoneproxy.assembly.doctor.findings import State, advice, fault, ok, unchecked


def test_each_state_has_its_maker() -> None:
    """What is well needs no remedy; what is not has one."""
    made = [ok("a", "x"), advice("a", "x", "do"), fault("a", "x", "do"), unchecked("a", "x")]
    assert [one.state for one in made] == [State.OK, State.ADVICE, State.FAULT, State.UNCHECKED]
    assert [one.remedy for one in made] == ["", "do", "do", ""]

"""Tests of policies: facts in, the exact rule out.

A test file names the policies that it tests, fixtures (named sets of facts) and tests. A test layers
its fixtures in order, then `with`, then takes `without` away; `~` takes a single fact away. What it
expects names the *rule*, not only the answer: a denial by another rule than the one meant is a failure.
`also` lists every other rule that fires (`also: []`: only this one). A phase that is not named is not
judged and not asserted. A test that can't fail is an error: an unknown fixture, rule or fact, a value
outside its domain, a `without` of a fact that is not there, a `with` that changes nothing.

Where several policies are named they are judged together: denied if one denies, and the rule is the
smallest primary rule among those that deny.

Worked example::

    apiVersion: zoneproxy/v1
    kind: ZonePolicyTest
    policy: small.yaml
    now: "2026-11-21T00:00:00+00:00"
    fixtures:
      caller: {origin.class: overseas}
    tests:
      - name: an overseas caller is let in, anyone else is not
        given: [caller]
        expect: {collect: {decision: allow, rule: COL-900}}
        table:
          rows:
            - {with: {origin.class: domestic}, expect: {phase: collect, kind: default}}

A test with `wire` sends a real exchange through a real boundary (see `wirefile`), one with `corpus` counts
what the detectors find in labelled bodies (see `corpus`); neither has facts, `expect` or a table.

`now` is the moment at which the policies must be in force, and at which `$tenant: NAME` among a
fixture's facts stands for what the policy's chains give that tenant, `$model: NAME` for what it knows
of that model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from zoneproxy.policy.corpus import Corpus
from zoneproxy.policy.expectation import Expectation
from zoneproxy.policy.model import Moment, Note, Part, Phases, Text
from zoneproxy.policy.read import Source, read
from zoneproxy.policy.validate import validate
from zoneproxy.policy.wirefile import Wire

Percent = Annotated[str, Field(pattern=r"^(100|[0-9]{1,2})%$")]


class PhaseExpectation(Expectation):
    """The same in a table's row, which names its phase."""

    phase: Literal["collect", "process", "return"]


class FlowExpectation(Part):
    """What the phases of a flow must answer."""

    collect: Expectation | None = None
    process: Expectation | None = None
    response: Expectation | None = Field(default=None, alias="return")


class Row(Part):
    """One changed fact, one case."""

    changed: dict[str, Any] = Field(default={}, alias="with")
    without: list[Text] = Field(default_factory=list)
    expect: PhaseExpectation


class Table(Part):
    """Cases that differ in a fact or two."""

    phase: Phases | None = None
    rows: Annotated[list[Row], Field(min_length=1)]


class Scenario(Part):
    """One test."""

    name: Text
    given: list[Text] = Field(default_factory=list)
    changed: dict[str, Any] = Field(default={}, alias="with")
    without: list[Text] = Field(default_factory=list)
    expect: FlowExpectation | None = None
    table: Table | None = None
    wire: Wire | None = Field(default=None, description="an exchange through a real boundary on loopback")
    corpus: Corpus | None = Field(
        default=None, description="labelled bodies, and how well detectors tell them"
    )
    skip: Note = Field(default="", description="why it is not run")


class Requirements(Part):
    """Coverage below which a run fails."""

    rules: Percent = "0%"
    leaves: Percent = "0%"
    mutants: Percent = "0%"


class CasesDocument(Part):
    """A policy's test file."""

    api_version: Literal["zoneproxy/v1"] = Field(alias="apiVersion")
    kind: Literal["ZonePolicyTest"]
    policy: Text | Annotated[list[Text], Field(min_length=1)]
    require: Requirements = Requirements()
    now: Moment
    fixtures: dict[str, dict[str, Any]] = Field(default_factory=dict)
    tests: Annotated[list[Scenario], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class CasesFile:
    """A test file as read; `policies` are the names of the files it tests, relative to itself."""

    source: Source
    document: CasesDocument
    policies: tuple[str, ...]


def read_tests(data: bytes, file: str) -> CasesFile:
    """Read a test file.

    Raises:
        PolicyError: with every mistake of its form.
    """
    source = read(data, file, bytes_below="wire")
    document, _ = validate(source, CasesDocument)
    source.fail_if_faulty()
    names = document.policy
    return CasesFile(source, document, (names,) if isinstance(names, str) else tuple(names))

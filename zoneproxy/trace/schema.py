"""The closed vocabulary of each entry kind: what may stand in public, and what is only committed to.

A check takes a value and the place it stands at and raises `ValueError` on anything that it does not
know: an unknown field, a missing one, a word outside its list, free text. `PUBLIC` holds one check a
kind, `PRIVATE` the fixed list of private fields of those kinds that have any: all of a kind's private
fields are always committed to, absent ones as null, so that neither their number nor their absence
says anything.

    log_open     origin, keys [vkey], previous {origin, size, root} or null
    log_close    next {origin, keys} or null
    key          action, role, vkey
    policy       layer, digest, bytes
    config       digest
    activation   cause, policy [{layer, digest}]
    worker_start version, python, assurance, config digest
    worker_stop  cause
    decision     what was decided before anything was forwarded
    return       how an admitted exchange ended, before its last byte left
    abort        an admitted exchange that has no `return`, and why
    alarm        code, flow or null, count
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from zoneproxy.terms.facts import VOCABULARY, FactType, from_json, to_json
from zoneproxy.terms.finding import Segment
from zoneproxy.terms.phase import Phase
from zoneproxy.terms.reasons import REASONS
from zoneproxy.trace.canonical import MAX_INT

Check = Callable[[Any, str], None]

MAX_FINDINGS = 32
MAX_PRIVATE_TEXT = 4096
"""Longer private text is cut to this many characters: no caller can make a record impossible."""

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+=-]{0,127}\Z", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}\Z", re.ASCII)
_SHORT_DIGEST = re.compile(r"[0-9a-f]{16}\Z", re.ASCII)
_VKEY = re.compile(r"[!-*,-~]{1,255}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{1,4096}={0,2}\Z", re.ASCII)
_ORIGIN = re.compile(r"[!-*,-~]{1,255}\Z", re.ASCII)


def _matches(pattern: re.Pattern[str], *, empty: bool = False) -> Check:
    def check(value: Any, where: str) -> None:
        if type(value) is not str or not (pattern.match(value) or (empty and not value)):
            raise ValueError(f"`{where}` is not a word of its kind")

    return check


def _one_of(words: Collection[str]) -> Check:
    allowed = frozenset(words)

    def check(value: Any, where: str) -> None:
        if type(value) is not str or value not in allowed:
            raise ValueError(f"`{where}` is not one of its words")

    return check


def _integer(low: int = 0, high: int = MAX_INT) -> Check:
    def check(value: Any, where: str) -> None:
        if type(value) is not int or not low <= value <= high:
            raise ValueError(f"`{where}` is not an integer in its range")

    return check


def _truth(value: Any, where: str) -> None:
    if type(value) is not bool:
        raise ValueError(f"`{where}` is neither true nor false")


def _or_null(inner: Check) -> Check:
    def check(value: Any, where: str) -> None:
        if value is not None:
            inner(value, where)

    return check


def _list(inner: Check, limit: int) -> Check:
    def check(value: Any, where: str) -> None:
        if type(value) is not list or len(value) > limit:
            raise ValueError(f"`{where}` is not a list of at most {limit}")
        for item in value:
            inner(item, where)

    return check


def _object(fields: Mapping[str, Check], optional: Collection[str] = ()) -> Check:
    names = frozenset(fields)
    needed = names - frozenset(optional)

    def check(value: Any, where: str) -> None:
        if type(value) is not dict:
            raise ValueError(f"`{where}` is not an object")
        for name, item in value.items():
            inner = fields.get(name)
            if inner is None:
                raise ValueError(f"`{where}` has an unknown field")
            inner(item, f"{where}.{name}")
        if not needed <= value.keys():
            raise ValueError(f"`{where}` lacks `{min(needed - value.keys())}`")

    return check


def _words(value: Any, where: str) -> None:
    """Words by word: what a decision orders."""
    if type(value) is not dict or len(value) > 32:  # noqa: PLR2004  # far above any policy's obligations
        raise ValueError(f"`{where}` is not an object of words")
    for name, item in value.items():
        _a_word(name, where)
        _a_word(item, where)


def _facts(*, returning: bool) -> Check:
    """Public facts of the return leg, or those of the legs before it, in their domains."""
    allowed = {
        name: spec
        for name, spec in VOCABULARY.items()
        if not spec.private and (spec.phase is Phase.RETURN) is returning
    }

    def check(value: Any, where: str) -> None:
        if type(value) is not dict:
            raise ValueError(f"`{where}` is not an object")
        for name, item in value.items():
            spec = allowed.get(name)
            if spec is None:
                raise ValueError(f"`{where}` holds a name that is no public fact of this leg")
            fact = from_json(name, item)
            if fact is None or to_json(fact) != item or type(to_json(fact)) is not type(item):
                raise ValueError(f"`{name}` is outside its domain")
            if spec.type is FactType.TEXT:
                _a_word(item, name)

    return check


_a_word = _matches(_WORD)
_id = _matches(_WORD, empty=True)
_digest = _matches(_DIGEST)
_flow = _matches(_UUID)
_ids = _list(_a_word, 64)
_effect = _one_of(("allow", "deny"))
_by = _one_of(("rule", "indeterminate", "missing_fact", "default", "invariant", "law", "fault"))
_reason = _one_of(("", *REASONS))
_assurance = _one_of(("production", "dev"))
_origin = _matches(_ORIGIN)
_vkeys = _list(_matches(_VKEY), 16)
_policies = _list(_object({"layer": _a_word, "digest": _digest}), 8)

_layer = _object(
    {
        "layer": _a_word,
        "digest": _digest,
        "effect": _effect,
        "by": _by,
        "rule": _id,
        "reason": _id,
        "deny": _ids,
        "indeterminate": _ids,
        "allow": _ids,
        "shadow": _ids,
        "missing": _ids,
        "obligations": _words,
    }
)
_phase = _object({"effect": _effect, "by": _by, "reason": _reason, "rule": _id, "layers": _list(_layer, 8)})
_findings = _list(
    _object(
        {
            "kind": _a_word,
            "segment": _one_of([segment.value for segment in Segment]),
            "start": _integer(),
            "end": _integer(),
            "level": _integer(1, 4),
            "score": _integer(0, 1000),
            "category": _one_of(
                ("cn_personal_info", "cn_important_data", "domestic_corpus", "model_weights")
            ),
            "digest": _matches(_SHORT_DIGEST),
        }
    ),
    MAX_FINDINGS,
)
_outcome: Mapping[str, Check] = {
    "flow": _flow,
    "verdict": _effect,
    "by": _by,
    "reason": _reason,
    "rule": _id,
    "oblig": _words,
    "findings": _findings,
}
_tokens = _object(
    {
        "prompt": _integer(),
        "completion": _integer(),
        "cached": _integer(),
        "reasoning": _integer(),
        "source": _a_word,
    }
)

PUBLIC: Mapping[str, Check] = {
    "log_open": _object(
        {
            "origin": _origin,
            "keys": _vkeys,
            "previous": _or_null(_object({"origin": _origin, "size": _integer(), "root": _digest})),
        }
    ),
    "log_close": _object({"next": _or_null(_object({"origin": _origin, "keys": _vkeys}))}),
    "key": _object(
        {
            "action": _one_of(("add", "retire", "revoke")),
            "role": _one_of(("log", "ticket", "tag", "root", "witness")),
            "vkey": _matches(_VKEY),
        }
    ),
    "policy": _object({"layer": _a_word, "digest": _digest, "bytes": _integer()}),
    "config": _object({"digest": _digest}),
    "activation": _object({"cause": _one_of(("start", "reload", "rollback")), "policy": _policies}),
    "worker_start": _object(
        {"version": _a_word, "python": _a_word, "assurance": _assurance, "config": _or_null(_digest)}
    ),
    "worker_stop": _object({"cause": _one_of(("stop", "drain"))}),
    "decision": _object(
        {
            **_outcome,
            "kind": _one_of(("serve", "outward")),
            "parent": _or_null(_flow),
            "phase": _one_of(("collect", "process")),
            "phases": _object({"collect": _phase, "process": _phase}, optional=("collect", "process")),
            "facts": _facts(returning=False),
            "policy": _policies,
            "eng": _integer(),
            "assurance": _assurance,
            "bytes": _integer(),
        }
    ),
    "return": _object(
        {
            **_outcome,
            "dec": _integer(),
            "phase": _one_of(("return",)),
            "phases": _object({"return": _phase}),
            "facts": _facts(returning=True),
            "route": _object({"in": _a_word, "out": _or_null(_a_word), "same": _truth}),
            "end": _one_of(
                ("complete", "cut", "withheld", "client_gone", "upstream_failed", "fault", "stopped")
            ),
            "status": _integer(0, 999),
            "tok": _or_null(_tokens),
            "bytes": _object({"answer": _integer(), "delivered": _integer()}),
        }
    ),
    "abort": _object({"flow": _flow, "dec": _integer(), "cause": _one_of(("recovery", "fault", "stopped"))}),
    "alarm": _object({"code": _a_word, "flow": _or_null(_flow), "count": _integer()}),
}

PRIVATE: Mapping[str, tuple[str, ...]] = {
    "decision": tuple(
        sorted(
            {name for name, spec in VOCABULARY.items() if spec.private}
            | {"request_sha256", "credential_id", "user_agent", "peer_port", "detail"}
        )
    ),
    "return": ("detail", "response_sha256"),
    "abort": ("detail",),
    "alarm": ("detail",),
}


def check_body(kind: str, body: Mapping[str, Any]) -> None:
    """Check the public fields of an entry of `kind`.

    Raises:
        ValueError: an unknown kind, or anything outside the kind's vocabulary.
    """
    check = PUBLIC.get(kind)
    if check is None:
        raise ValueError("this is no kind of entry")
    check(body if type(body) is dict else dict(body), kind)


def private_fields(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return all private fields of a kind, sorted, absent ones as null, long text cut.

    Raises:
        ValueError: a field that the kind does not have, or a value that is no text, integer, truth
            value or null.
    """
    names = PRIVATE.get(kind, ())
    if not given.keys() <= frozenset(names):
        raise ValueError(f"`{kind}` has no such private field")
    return {name: _scalar(given.get(name)) for name in names}


def _scalar(value: Any) -> Any:
    if isinstance(value, str):
        return value[:MAX_PRIVATE_TEXT]
    if value is None or type(value) is bool or (type(value) is int and -MAX_INT <= value <= MAX_INT):
        return value
    raise ValueError("a private field is neither text, integer, truth value nor null")

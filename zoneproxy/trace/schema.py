"""The closed vocabulary of each entry kind: what may stand in public, and what is only committed to.

A check takes a value and the place it stands at and raises `ValueError` on anything that it does not
know: an unknown field, a missing one, a word outside its list, free text. `PUBLIC` holds one check a
kind, `PRIVATE` the fixed list of private fields of those kinds that have any: all of a kind's private
fields are always committed to, absent ones as null, so that neither their number nor their absence
says anything.

    log_open     origin, keys [vkey], previous {origin, size, root} or null: a shard's first entry; the head
                 that the shard before it had then
    log_close    next {origin, keys} or null: a shard's last entry
    log_sealed   previous {origin, size, root}: the final head of the shard before this one
    key          action, role, origin, keys [vkey], by, trust: what becomes of keys, see below
    policy       layer, digest, bytes
    config       digest, data [{name, digest, made}]: data files on addresses, where there are any
    activation   cause, policy [{layer, digest, and of a bundle revision and signers}], shadow [...]
    activation_refused  codes [what was wrong], policy [{layer, digest}] of what was offered
    registered, alarm   owners' data that is looked for; what to look at: `registered.py`, `alarms.py`
    stop         action, scope, target, cause, act: the operator stops or resumes; who and why is private
    tenant       action, tenant, market, credential, until_ms, cause, act: what becomes of a tenant
    worker_start version, python, assurance, config digest
    worker_stop  cause: it said so (stop, drain), it went without a word (lost), it broke the rules (breach)
    decision     what was decided before anything was forwarded
    return       how an admitted exchange ended, before its last byte left
    abort        an admitted exchange that has no `return`, and why
    disclosure, redaction, retention    see `zoneproxy.trace.grounds`; of a zone log `zoneproxy.trace.nodes`
    epoch        size, root, note, times [{name, key, at}], see `zoneproxy.trace.epoch`

What a `key` entry says of its keys, which bear `origin` as their name (a log's keys do):

    announce     they will sign the shard of that origin, the next one
    add          from this entry on every checkpoint bears their signatures too
    retire       from this entry on checkpoints need not bear their signatures any more
    destroy      the private keys of that closed shard are destroyed, as the next act
    revoke       what they signed after the point that the trust file names counts for nothing

`by` is `log` where the keys in force sign for it, as they sign every entry, or `root` where the trust file
does whose SHA-256 is `trust` (null otherwise).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from zoneproxy.terms.facts import VOCABULARY, FactSpec, FactType, from_json, to_json
from zoneproxy.terms.finding import Segment
from zoneproxy.terms.phase import Phase
from zoneproxy.terms.reasons import REASONS
from zoneproxy.trace import spelling
from zoneproxy.trace.alarms import ALARM_KINDS
from zoneproxy.trace.canonical import MAX_INT
from zoneproxy.trace.checks import FIELDS, SPELLINGS, Check, counts_of, spell
from zoneproxy.trace.checks import integer as _integer
from zoneproxy.trace.checks import list_of as _list
from zoneproxy.trace.checks import matches as _matches
from zoneproxy.trace.checks import object_of as _object
from zoneproxy.trace.checks import one_of as _one_of
from zoneproxy.trace.checks import or_null as _or_null
from zoneproxy.trace.checks import truth as _truth
from zoneproxy.trace.grounds import PRIVACY_KINDS
from zoneproxy.trace.nodes import NODE_KINDS
from zoneproxy.trace.registered import REGISTERED_KINDS

MAX_FINDINGS = 32
MAX_PRIVATE_TEXT = 4096
"""Longer private text is cut to this many characters: no caller can make a record impossible."""

CAUSES = ("incident", "order", "leak", "abuse", "unpaid", "maintenance", "contract", "other")
"""Why the operator stops or changes something, in one word; who, and why in words, is private."""

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+=-]{0,127}\Z", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}\Z", re.ASCII)
_SHORT_DIGEST = re.compile(r"[0-9a-f]{16}\Z", re.ASCII)
_VKEY = re.compile(r"[!-*,-~]{1,255}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{1,4096}={0,2}\Z", re.ASCII)
_LINE_ID = re.compile(r"[0-9a-f]{8}\Z", re.ASCII)
_ACT = re.compile(r"[0-9a-f]{32}\Z", re.ASCII)
_ORIGIN = re.compile(r"[!-*,-~]{1,255}\Z", re.ASCII)


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

    spelled = {name: text for name, spec in allowed.items() if (text := _spell_fact(spec)) is not None}
    return spell(check, spelling.members(spelled, spelled))


def _spell_fact(spec: FactSpec) -> str | None:
    """Spell the public values of a fact; `None` where they can't be told by their spelling."""
    match spec.type:
        case FactType.BOOL:
            return spelling.TRUTH
        case FactType.INT:
            return spelling.integer(spec.low, spec.high)
        case FactType.ENUM:
            return spelling.choice(spec.values)
        case FactType.NAMES:
            return spelling.subset(spec.values)
        case FactType.COUNTRY:
            return spelling.word("[A-Z]{2}")
        case FactType.ROUTE:
            return spelling.word("[a-z][a-z0-9-]{0,62}")
        case FactType.TEXT:
            return spelling.word(_WORD.pattern.removesuffix(r"\Z"))
        case FactType.IP:
            return None


_PHASES = tuple(phase.value for phase in Phase)
_SHADOW_FIELDS = ("effect", "by", "rule", "reason", "deny", "indeterminate", "missing")

_a_word = _matches(_WORD, unescaped=True)
_id = _matches(_WORD, empty=True, unescaped=True)
_digest = _matches(_DIGEST, unescaped=True)
_flow = _matches(_UUID, unescaped=True)
_ids = _list(_a_word, 64)
_effect = _one_of(("allow", "deny"))
_by = _one_of(("rule", "indeterminate", "missing_fact", "default", "invariant", "law", "fault"))
_reason = _one_of(("", *REASONS))
_act = _matches(_ACT)
_assurance = _one_of(("production", "dev"))
_origin = _matches(_ORIGIN)
_vkeys = _list(_matches(_VKEY), 16)
_data_file = _object({"name": _origin, "digest": _digest, "made": _integer()})
_head = _object({"origin": _origin, "size": _integer(), "root": _digest})
_policies = _list(_object({"layer": _a_word, "digest": _digest}), 8)
_activated = _list(
    _object(
        {"layer": _a_word, "digest": _digest, "revision": _integer(1), "signers": _vkeys},
        optional=("revision", "signers"),
    ),
    8,
)

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
_seen = _object({name: check for name, check in FIELDS[_layer].items() if name in _SHADOW_FIELDS})
_shadow = _object(
    {
        "policy": _policies,
        "fault": _truth,
        "seen": _list(
            _object(
                {
                    "layer": _a_word,
                    "facts": _facts(returning=False),
                    "absent": _list(_one_of(VOCABULARY), len(VOCABULARY)),
                    "phases": _object(dict.fromkeys(_PHASES, _seen), optional=_PHASES),
                }
            ),
            8,
        ),
    }
)
SPELLINGS.pop(_shadow, None)  # rare and long: records that have it are read the long way
_findings = _list(
    _object(
        {
            "kind": _a_word,
            "segment": _one_of([segment.value for segment in Segment]),
            "start": _integer(),
            "end": _integer(),
            "level": _integer(1, 4),
            "score": _integer(0, 1000),
            "category": _one_of(VOCABULARY["data.categories"].values),
            "digest": _matches(_SHORT_DIGEST, unescaped=True),
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
_counts = counts_of(_a_word, 64)
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
            "previous": _or_null(_head),
        }
    ),
    "log_close": _object({"next": _or_null(_object({"origin": _origin, "keys": _vkeys}))}),
    "log_sealed": _object({"previous": _head}),
    "key": _object(
        {
            "action": _one_of(("announce", "add", "retire", "destroy", "revoke")),
            "role": _one_of(("log", "ticket")),
            "origin": _origin,
            "keys": _vkeys,
            "by": _one_of(("log", "root")),
            "trust": _or_null(_digest),
        }
    ),
    "stop": _object(
        {
            "action": _one_of(("stop", "resume", "reset")),
            "scope": _or_null(_one_of(("zone", "route", "tenant", "credential", "model"))),
            "target": _or_null(_a_word),
            "cause": _one_of(CAUSES),
            "act": _act,
        }
    ),
    "tenant": _object(
        {
            "action": _one_of(("add", "rotate", "revoke", "suspend", "resume", "remove")),
            "tenant": _a_word,
            "market": _or_null(_a_word),
            "credential": _or_null(_matches(_SHORT_DIGEST)),
            "until_ms": _or_null(_integer()),
            "cause": _one_of(CAUSES),
            "act": _act,
        }
    ),
    "policy": _object({"layer": _a_word, "digest": _digest, "bytes": _integer()}),
    "config": _object({"digest": _digest, "data": _list(_data_file, 64)}, optional=("data",)),
    "activation": _object(
        {
            "cause": _one_of(("start", "reload", "rollback", "turn", "activate")),
            "policy": _activated,
            "shadow": _activated,
        },
        optional=("shadow",),
    ),
    "activation_refused": _object({"codes": _ids, "policy": _policies}),
    "worker_start": _object(
        {"version": _a_word, "python": _a_word, "assurance": _assurance, "config": _or_null(_digest)}
    ),
    "worker_stop": _object({"cause": _one_of(("stop", "drain", "lost", "breach"))}),
    "decision": _object(
        {
            **_outcome,
            "kind": _one_of(("serve", "outward", "maintenance")),
            "parent": _or_null(_flow),
            "phase": _one_of(("collect", "process")),
            "phases": _object({"collect": _phase, "process": _phase}, optional=("collect", "process")),
            "facts": _facts(returning=False),
            "policy": _policies,
            "eng": _integer(),
            "assurance": _assurance,
            "bytes": _integer(),
            "shadow": _shadow,
            "masked": _counts,
        },
        optional=("shadow", "masked"),
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
                (
                    "complete",
                    "cut",
                    "withheld",
                    "halted",
                    "client_gone",
                    "upstream_failed",
                    "fault",
                    "stopped",
                )
            ),
            "status": _integer(0, 999),
            "tok": _or_null(_tokens),
            "bytes": _object({"answer": _integer(), "delivered": _integer()}),
            "shadow": _shadow,
            "masked": _counts,
            "canary": _truth,
        },
        optional=("shadow", "masked", "canary"),
    ),
    "abort": _object(
        {"flow": _flow, "dec": _integer(), "cause": _one_of(("recovery", "fault", "stopped", "turn", "lost"))}
    ),
    **ALARM_KINDS,
    **NODE_KINDS,
    **REGISTERED_KINDS,
    **PRIVACY_KINDS,
    "epoch": _object(
        {
            "size": _integer(),
            "root": _digest,
            "note": _digest,
            "times": _list(
                _object({"name": _origin, "key": _matches(_LINE_ID, unescaped=True), "at": _integer(1)}), 32
            ),
        }
    ),
}

PRIVATE: Mapping[str, tuple[str, ...]] = {
    "decision": tuple(
        sorted(
            {name for name, spec in VOCABULARY.items() if spec.private}
            | {"request_sha256", "credential_id", "user_agent", "peer_port", "detail", "headers", "addresses"}
        )
    ),
    "return": ("address", "detail", "response_sha256"),
    "abort": ("detail",),
    "stop": ("by", "why"),
    "tenant": ("by", "why"),
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

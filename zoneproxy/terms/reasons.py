"""The closed table of refusals: code, HTTP status, what the caller is told, what to do.

Codes are stable: dashboards, statements and a regulator's statistics count by them. The policy's
own reasons are snake_case words of `POLICY_REASONS`; on the wire and in a verdict they are
written `policy-<words-with-hyphens>` (see `policy_code`).

The statuses are chosen for what the official SDKs do with them: 400-404, 413, 415 and 451 are
tried once, 409, 429 and 503 three times, so a refusal is never one of those unless it means "later":
a limit (429, or 503 where it is the zone's), a stop of the whole zone or of a line, a zone that could
not work. Every refusal carries `x-should-retry: false`, but for a limit's, which says when to come back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """One way to be refused.

    Attributes:
        code: stable kebab-case code; its first word is the room that refuses.
        status: HTTP status of the answer.
        text: what the caller is told; nothing of what was found.
        remedy: what the caller, or the operator, can do.
    """

    code: str
    status: int
    text: str
    remedy: str


_LAW = (
    Reason("origin-domestic", 403, "this service is for callers outside the country",
           "call from the tenant's registered market, by its own line"),
    Reason("origin-zone", 403, "a zone workload may not use the customers' door",
           "use the zone's outward door for calls of a workload"),
    Reason("origin-unknown", 403,
           "the evidence of where this request comes from does not agree, or is too little",
           "check that line, network and credential belong to the same tenant"),
    Reason("origin-tenant-unknown", 403, "the credential is missing or not registered",
           "send the tenant's credential as a bearer token"),
    Reason("origin-tag-forged", 403, "the request bears an origin tag of its own",
           "remove every `zone-` header: the boundary alone writes them"),
    Reason("origin-market", 403, "the request does not come from the tenant's registered market",
           "call from the registered market, or register this one"),
    Reason("origin-front", 403, "the connection does not come by a registered front",
           "tell the operator: a front sends the PROXY protocol, version 2, from its registered address"),
    Reason("origin-handshake", 403, "the TLS handshake failed, or the client certificate can't be verified",
           "use TLS, and the certificate that the operator registered"),
    Reason("request-malformed", 400, "the request is not well-formed HTTP",
           "send an HTTP/1.1 request with one target, one host and one length"),
    Reason("content-unknown-endpoint", 404, "this endpoint is not served here",
           "use an endpoint that the zone lists in its documentation"),
    Reason("content-closed-endpoint", 403, "this API is kept closed in the zone on purpose",
           "use an endpoint that the zone lists in its documentation"),
    Reason("content-unknown-type", 415, "the body's type can't be inspected, so it can't pass",
           "send application/json without a content encoding"),
    Reason("content-unreadable", 400, "the body can't be read as what its type says",
           "send one JSON object, UTF-8, without duplicate keys"),
    Reason("content-too-large", 413, "the body is larger than the boundary inspects",
           "send less than the configured limit in one request"),
    Reason("content-unasked", 400, "an answer that begins by itself is asked of no quota, so it can't pass",
           "turn the server's turn-taking off (`create_response: false`), and ask with `response.create`"),
    Reason("lane-domestic", 403, "a zone workload may not reach the domestic side",
           "use a registered destination outside the country or in the zone"),
    Reason("lane-closed", 403, "this destination is not on the zone's list",
           "ask the operator to register the destination"),
    Reason("lane-callback", 403, "a callback goes only to an address that its tenant registered",
           "register the address for the tenant that the workload works for"),
    Reason("lane-weights", 403, "the call bears a model's files, which never leave the zone",
           "send no model files outward"),
    Reason("lane-tunnel", 403, "no tunnel is open here: what can't be inspected can't pass",
           "ask at the outward door, first on a connection, for a destination registered with TLS"),
    Reason("lane-handshake", 403, "no TLS could be agreed on inside the tunnel",
           "speak TLS to the tunnel's own host, with its name, and trust the zone's outward authority"),
    Reason("lane-mismatch", 403, "the call names another host than its tunnel leads to",
           "name the host of the tunnel in TLS and in `Host`; open another tunnel for another host"),
    Reason("lane-unresolved", 502, "the destination's name has no address that could be used",
           "try again later, and tell the operator if it goes on"),
    Reason("lane-mixed", 403, "maintenance bears no data that may not be mixed in",
           "take the domestic data out of the request"),
    Reason("lane-maintenance", 403, "the rules do not open this maintenance lane by its name",
           "ask the operator which lanes are open"),
    Reason("lane-flow-unknown", 403, "the outward call's tag names no exchange that is under way",
           "carry the tag of the request that the workload serves, while it serves it"),
    Reason("lane-flow-elsewhere", 421, "another worker serves the exchange that the call works for",
           "open another connection for each exchange"),
    Reason("lane-tag-missing", 403, "the outward call carries no tag",
           "carry `Zone-Origin`, `Signature-Input` and `Signature` of the request that the workload serves"),
    Reason("lane-tag-partial", 403, "the outward call carries a part of a tag, or more than one",
           "carry each of the tag's three header fields once"),
    Reason("lane-tag-altered", 403, "the outward call's tag is not the one that its exchange was given",
           "copy the tag's header fields as they are, each on a line of its own"),
    Reason("lane-tag-foreign", 403, "the outward call's tag is not this zone's",
           "carry the tag of the request that the workload serves"),
    Reason("lane-tag-other", 403, "the outward call's tag is not that of its tunnel",
           "open another tunnel for each exchange"),
    Reason("lane-tag-unsigned", 403, "this zone signs no tags, so that no workload may call outward",
           "tell the operator: outward calls need `tag` in the zone's configuration"),
    Reason("lane-changed", 403, "the call would not go where its decision allows",
           "tell the operator: the routing changed during the exchange"),
    Reason("lane-upgrade", 403, "this protocol is not open at the boundary",
           "use plain HTTP requests and server-sent events"),
    Reason("binding-unknown", 404, "no such object: the request names what was not made by you on this route",
           "name an object that this credential made by this line, and that has not expired"),
    Reason("binding-unavailable", 503, "the boundary can't tell whose the object is, so nothing passes",
           "try again later"),
    Reason("binding-foreign", 502, "the answer names what is not yours, so it can't pass",
           "tell the operator: the model server's answer names another's object"),
    Reason("binding-unlistable", 403, "the list can't be cut down to your own objects",
           "ask for a longer page (`limit`), or for the objects by their ids"),
    Reason("pin-changed", 403, "the answer would not leave by the way the request came",
           "fetch the result on the connection that asked for it"),
    Reason("return-mixed", 403, "the answer can't leave the zone", "ask for something else"),
    Reason("return-weights", 403, "the answer bears a model's files, which never leave the zone",
           "ask for inference results only"),
    Reason("egress-exchange", 403, "the answer is larger than the tokens billed for it account for",
           "tell the operator: an answer's bytes exceed its budget"),
    Reason("egress-tenant", 403, "more has left for this tenant than its billed tokens account for",
           "tell the operator: the tenant's egress window is full"),
    Reason("content-unmaskable", 403, "what must be masked in the request can't be masked",
           "take the domestic data out of the request"),
    Reason("return-unmaskable", 403, "what must be masked in the answer can't be masked",
           "ask for something else"),
    Reason("return-unreadable", 502, "the model server's answer can't be inspected, so it can't pass",
           "tell the operator: the model server speaks no known dialect"),
    Reason("upstream-failed", 502, "the model server did not answer", "try again later"),
    Reason("upstream-untrusted", 502, "the model server could not prove who it is",
           "tell the operator: the server's certificate is not the registered one"),
    Reason("upstream-truncated", 502, "the model server broke off its answer", "try again later"),
    Reason("policy-missing-fact", 403, "a fact that the rules need is not known",
           "tell the operator: a source of evidence is silent"),
    Reason("policy-expired", 403, "the zone's rules are not in force",
           "tell the operator: activate a policy that is valid today"),
    Reason("policy-default", 403, "no rule allows this request", "use what the zone's rules allow"),
    Reason("policy-invariant", 403, "a rule would break what the regulator demands",
           "tell the operator: an invariant stopped this request"),
    Reason("control-zone-stopped", 503, "the zone is stopped by its operator",
           "ask the operator when it resumes"),
    Reason("control-route-stopped", 503, "this line is stopped by the zone's operator",
           "ask the operator when it resumes"),
    Reason("control-tenant-stopped", 403, "the tenant is stopped by the zone's operator",
           "ask the operator why, and when it resumes"),
    Reason("control-tenant-suspended", 403, "the tenant's registration is suspended",
           "ask the operator why, and when it resumes"),
    Reason("control-credential-stopped", 403, "this credential is stopped by the zone's operator",
           "use another credential of the tenant, or ask the operator for one"),
    Reason("control-model-stopped", 403, "this model is stopped by the zone's operator",
           "ask for another model"),
    Reason("control-unreadable", 503, "the zone can't read what its operator has stopped, so nothing passes",
           "try again later"),
    Reason("limit-tenant-concurrency", 429, "the tenant has as many requests under way as it may",
           "wait for one of them to end"),
    Reason("limit-tenant-requests", 429, "the tenant sends more requests than it may", "send fewer a second"),
    Reason("limit-tenant-bytes", 429, "the tenant sends or receives more bytes than it may",
           "send fewer a second"),
    Reason("limit-zone-concurrency", 503, "the zone has as many requests under way as it can serve",
           "try again later"),
    Reason("limit-zone-requests", 503, "the zone gets more requests than it can serve", "try again later"),
    Reason("limit-session", 403, "the session has said as much, or lasted as long, as one may",
           "open another session"),
    Reason("limit-zone-bytes", 503, "the zone gets more bytes than it can serve", "try again later"),
    Reason("client-gone", 499, "the caller left", ""),
    Reason("internal-error", 500, "the boundary could not judge this request",
           "try again later, and tell the operator the trace index"),
    Reason("trace-unavailable", 503, "the boundary can't keep its record, so nothing passes",
           "try again later"),
)  # fmt: skip

# The words that a policy's `reason:` may use, with the status that a denial for it gets.
_OK, _FORBIDDEN, _PAYMENT, _LEGAL = 200, 403, 402, 451
POLICY_REASONS: Mapping[str, tuple[int, str]] = {
    "trace_log_unavailable": (_FORBIDDEN, "the trace log can't be written"),
    "origin_not_overseas": (_FORBIDDEN, "the request does not come from overseas"),
    "origin_country_domestic": (_FORBIDDEN, "the request comes from the country itself"),
    "origin_market_mismatch": (_FORBIDDEN, "the request does not come from the tenant's market"),
    "origin_tag_forged": (_FORBIDDEN, "the request bears an origin tag of its own"),
    "client_ip_domestic": (_FORBIDDEN, "the caller's address is domestic"),
    "origin_evidence_weak": (_FORBIDDEN, "too few sources agree on where the request comes from"),
    "ingress_route_undeclared": (_FORBIDDEN, "the request came in by no declared route"),
    "market_requires_local_deployment": (_LEGAL, "this market is served by a local deployment"),
    "market_not_on_list": (_LEGAL, "this market is not served from the zone"),
    "audience_not_overseas": (_FORBIDDEN, "the tenant does not serve overseas users"),
    "tenant_unknown": (_FORBIDDEN, "the credential is missing or not registered"),
    "authorization_chain_open": (_FORBIDDEN, "the authorisation chain is not closed"),
    "market_not_granted": (_FORBIDDEN, "the authorisation does not cover the tenant's market"),
    "client_not_granted": (_FORBIDDEN, "the authorisation does not cover this kind of client"),
    "action_not_granted": (_FORBIDDEN, "the authorisation does not cover what is asked for"),
    "business_scope_not_covered": (_FORBIDDEN, "the authorisation does not cover this use"),
    "data_responsibility_open": (_FORBIDDEN, "no data-responsibility statement is in force"),
    "quota_exhausted": (_PAYMENT, "the prepaid quota is used up"),
    "control_path_from_outside": (_FORBIDDEN, "control paths can't be reached from outside"),
    "request_not_readable": (_FORBIDDEN, "the request can't be inspected"),
    "domestic_data_mixed": (_FORBIDDEN, "domestic data may not be mixed in"),
    "mixing_score_high": (_FORBIDDEN, "the request looks too much like domestic data"),
    "domestic_category_found": (_FORBIDDEN, "a category of domestic data was found"),
    "model_provenance_unclear": (_FORBIDDEN, "the model's origin is not registered and filed"),
    "model_outside_zone": (_FORBIDDEN, "the model does not run in the zone"),
    "token_going_inland": (_FORBIDDEN, "an overseas model may not be sold to domestic users"),
    "not_separated": (_FORBIDDEN, "the server is not kept apart from domestic operation"),
    "not_purely_technical": (_FORBIDDEN, "the zone does purely technical processing only"),
    "request_too_large": (_FORBIDDEN, "the request asks for more than the zone gives"),
    "destination_domestic": (_FORBIDDEN, "a zone workload may not reach the domestic side"),
    "destination_not_registered": (_FORBIDDEN, "the destination is not on the zone's list"),
    "not_original_route": (_FORBIDDEN, "the answer would leave by another route"),
    "not_original_connection": (_FORBIDDEN, "the answer would leave on another connection"),
    "result_flows_inland": (_FORBIDDEN, "the result would reach the domestic side"),
    "response_not_readable": (_FORBIDDEN, "the answer can't be inspected"),
    "model_weights_leaving": (_FORBIDDEN, "model files never leave the zone"),
    "collected_overseas": (_OK, "collected overseas"),
    "processed_in_zone": (_OK, "processed in the zone"),
    "called_outward": (_OK, "a workload's call to a registered destination"),
    "maintenance_opened": (_OK, "maintenance by a lane that the rule names"),
    "returned_original_route": (_OK, "returned by its original route"),
}


def policy_code(word: str) -> str:
    """Write a policy's reason as the code used on the wire and in verdicts.

    >>> policy_code("domestic_data_mixed")
    'policy-domestic-data-mixed'
    """
    return "policy-" + word.replace("_", "-")


_POLICY = tuple(
    Reason(policy_code(word), status, text, "tell the operator the reason and the trace index")
    for word, (status, text) in POLICY_REASONS.items()
    if status != _OK
)

REASONS: Mapping[str, Reason] = {reason.code: reason for reason in (*_LAW, *_POLICY)}

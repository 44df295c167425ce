"""Floor 1: where does a request come from?

Independent sources (the door, the peer's network, the tenant's credential) each give a vote;
`tag.conclude` makes one `OriginTag` of them. Nothing that the client says of itself is a source.

    networks   registered prefixes: address -> side and country
    tenants    who may call, proven by a credential of which only the hash is kept
    forged     header names that the boundary alone writes
    evidence   what each source says of one request
    tag        votes -> overseas, domestic, zone or unknown; the facts for the rules
"""

"""`zoneproxy log`: one module for each group of its commands, which `commands` puts together.

`verify`, `proofs`, `shards` and `contents` check; `chain` and `report` tell what was found, and share
`audit_options` with `zoneproxy replay`. `operator`, `root`, `revoke`, `retain`, `serve` and `zone` are what
operators do with their logs.
"""

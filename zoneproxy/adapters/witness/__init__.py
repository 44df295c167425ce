"""Witnesses, from both ends.

A witness is its `folder` (keys and list of logs), `store` (its memory), `desk` (one step a request) and
`server` (HTTP). A log has itself witnessed by `client` and `feed` (one witness), `panel` (all of them at
once), `rounds` (cosigning and epochs) and `later` (months that closed without a quorum).
"""

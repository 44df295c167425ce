"""A log, given out over HTTP: `desk` answers, `server` reads requests and bounds time.

`callers` bounds connections, for the witness's server too.
"""

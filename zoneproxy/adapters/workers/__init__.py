"""Processes: `child`, `supervisor`, `backoff`, the `doors` they share, the `control` socket and its `relay`."""

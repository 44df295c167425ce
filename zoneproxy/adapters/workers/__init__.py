"""Processes: `child`, `supervisor`, `backoff`, shared `doors`, the `control` socket and its `relay`."""

"""One log for several workers: `wire` is their language, `server` and `session` one end, `client` the other."""

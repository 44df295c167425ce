"""One log for several workers: `wire` the language, `server` and `session` one end, `client` the other."""

"""A log, opened for reading: `logfolder` from a directory, `httplog` over HTTP, `crew` by many at once."""

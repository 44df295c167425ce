"""A log, given out over HTTP: `desk` answers, `server` bounds connections and time."""

"""The journal: `newlog` makes a log, `tracelog` writes it in `groups` of `jobs`, `publisher` shows it."""

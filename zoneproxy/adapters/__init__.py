"""Floor 4: the only rooms with windows.

`disk` is the file-system port, `keyfiles` reads and writes keys, `clock` tells time and draws random
bytes, `tracelog` is the journal that makes records durable, `logfolder` opens a log directory for reading.
"""

"""Work on a log that exists: checked (`fsck`), tidied, redacted, retained, time-stamped, collected.

`logport` brings work on private parts to the one process that writes the log.
"""

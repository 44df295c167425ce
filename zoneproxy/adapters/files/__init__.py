"""The disk: `disk` is the file-system port, `settings` reads small files, `trouble` names what went wrong."""

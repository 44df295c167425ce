"""Keys on disk: the log's (`keyfiles`, `keyfolder`), those of root, tag, tickets, openings; certificates."""

"""One module a family of identifiers: where they may stand (locate), and whether they are (validate)."""

"""Floor 7: parse, call, print. No rule lives here."""

"""One raw HTTP exchange through a running boundary, from both ends, for tests of policies."""

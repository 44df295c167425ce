"""`zoneproxy witness`: `commands` has all but `serve`, which answers logs until told to stop."""

"""Floor 1: how much? Usage in each dialect; integers only."""

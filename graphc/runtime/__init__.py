"""What keeps state between runs: sessions, their calls, and what a run leaves."""

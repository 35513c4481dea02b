"""What programs go through in long use, done often: signals, threads, forks, kills, thousands of graphs; `python -m tests.endurance`."""

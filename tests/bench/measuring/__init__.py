"""What `tests/bench/run` measures, and by what means."""

"""The decisions: pure functions; no await, no clock, no log, no file."""

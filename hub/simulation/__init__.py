"""Believable traffic without a single real person: for the demo, for load, for trying a rule."""

from hub.simulation.traffic import PER_DAY, generate

__all__ = ["PER_DAY", "generate"]

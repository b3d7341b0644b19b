"""Supervision: what a hub says of itself, so that people hear of trouble before partners do."""

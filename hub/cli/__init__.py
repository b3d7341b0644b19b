"""The command `seinhuis`: for people and scripts. Nothing heavy is imported before it is needed."""

from hub.cli.app import app, main

__all__ = ["app", "main"]

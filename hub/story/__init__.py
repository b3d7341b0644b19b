"""The demo: the four signals step by step, what goes wrong, a simulated day, and the books.

Everything that is shown was read back from the broker; nothing is told that was not seen.
"""

from hub.story.telling import tell

__all__ = ["tell"]

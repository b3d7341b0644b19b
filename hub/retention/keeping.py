"""Which of what is due a legal hold keeps."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Engine

from handlers.rulebook import Rulebook
from hub import notices
from hub.ledger import holds
from hub.ledger.database import reading
from hub.retention.due import Due, What


class Keeping:
    """Asks the ledger anew each time: a hold that is placed during a run counts at once."""

    def __init__(self, engine: Engine, book: Rulebook) -> None:
        self._engine = engine
        self._book = book

    async def marked(self, dues: Sequence[Due]) -> list[Due]:
        """Return the same with `kept` set on what a hold keeps.

        While there is any hold, a message that the ledger does not know (yet) is kept too: nobody
        can tell of which case it is. Notices are about no case of their own; those that tell what
        was done with a copy of the case are kept.

        Raises:
            Unavailable: the ledger did not answer; erase nothing of these.

        """
        if not dues:
            return []
        kept = await asyncio.to_thread(self._kept, [due for due in dues if due.message])
        return [replace(due, kept=due.message in kept) if due.message else due for due in dues]

    def _kept(self, dues: Sequence[Due]) -> set[str]:
        with reading(self._engine) as connection:
            case = holds.kept(connection)
            if not case.messages:
                return set()
            own = {due.message for due in dues if due.what is not What.NOTICE}
            unknown = own - holds.known(connection, own)
        told = {notices.message_of_act(self._book, act) for act in case.messages}
        return {*case.messages, *told, *unknown}

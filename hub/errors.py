"""Everything the hub raises on purpose.

HubError
  ConfigError        the operator must mend a file; the hub does not start
  NotUsable          a setting, a folder or a port that was given cannot be used; exit code 2
  BrokerError
    BrokerMissing    no broker answered in time; retried at start, then exit code 4
    BrokerLost       the broker came back empty or was replaced; the hub stops
    BrokerInUse      another hub has the data folder
  Superseded         another process took over under the name of this worker; this one stops
  LedgerError
    LedgerRolledBack the database is older than what was published; nothing is sealed
    LedgerBroken     what the database holds does not add up; nothing is sealed
  Unavailable        a store did not answer; nothing was done, or we cannot know; safe to retry
    NotSealed        records are not being sealed: nothing new is accepted until they are
    Fenced           another worker reads this shard now; what we have of it is for that one
  NotAllowed         the access list says no; not retried
  NotFound           what was asked for is not there
  NotOpened          the content of a sealed copy, before it was opened
  OpeningRefused     the hub did not hand over the key of a copy; `problems` say why
"""

from collections.abc import Iterable

from schemas.problems import Problem


class HubError(Exception):
    """Base class: catch this to catch everything of ours, and nothing else."""


class ConfigError(HubError):
    """The role config cannot be used. `problems` has all of them, each with its file and line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class NotUsable(HubError):
    """A setting, a folder or a port that was given cannot be used. Name another, or mend it."""


class BrokerError(HubError):
    """Something is wrong with the broker itself."""


class BrokerMissing(BrokerError):
    """No broker answered. Is it started, and is the address right?"""


class BrokerLost(BrokerError):
    """The broker lost what it held. Carrying on would lose more: restore it, then start again."""


class BrokerInUse(BrokerError):
    """Another hub uses this data folder. Stop that one, or name another folder with --data."""


class Superseded(HubError):
    """Another process reads under the name of this worker. Give each a name of its own."""

    def __init__(self, worker: str) -> None:
        super().__init__(
            f"another process took over under the name of this worker ({worker}): give each worker"
            " on this broker a name of its own, with SEINHUIS_WORKER"
        )


class LedgerError(HubError):
    """Sealing must not go on before a person has looked. Keep all files as they are."""


class LedgerRolledBack(LedgerError):
    """The database holds less than what was published or marked as sealed before."""


class LedgerBroken(LedgerError):
    """Records, tree and checkpoints of the database do not agree with each other."""


class NoMemory(HubError):
    """This process has no memory left, so nothing in it can be relied on; start it again."""


class Unavailable(HubError):
    """The store did not answer. Either nothing was done or we cannot know; retry the whole."""


class NotSealed(Unavailable):
    """Records are not being sealed; nothing new is accepted until they are. Nothing was done.

    The same call again is right as soon as the sealer is at work.
    """

    def __init__(self, shard: str) -> None:
        super().__init__(
            f"records are not being sealed (shard {shard}); nothing new is accepted until they are:"
            " is the sealer running, and can it write to the ledger? `seinhuis doctor` tells"
        )


class Fenced(Unavailable):
    """Another worker reads this shard now. Nothing was done; what we have of it is for that one."""

    def __init__(self, shard: str) -> None:
        super().__init__(f"this worker does not read shard {shard} any more: another one does")


class NotAllowed(HubError):
    """The broker's access list does not allow this."""


class NotFound(HubError):
    """What was asked for is not there."""


class NotOpened(HubError):
    """The content of a sealed copy was asked for before it was opened: call `open()` first."""


class OpeningRefused(HubError):
    """The hub did not hand over the key of a copy. Asking again changes nothing.

    The content was erased at the end of its term, or this party may not open it: see `problems`.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        why = "; ".join(f"{each.rule} ({each.way_out})" for each in self.problems)
        super().__init__(f"the hub did not hand over the key of this copy: {why or 'no reason'}")

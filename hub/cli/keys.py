"""`seinhuis keys`: the keyring. What is told of a key is everything but the key."""

from typing import Annotated, Final

import typer

from hub import log
from hub.bootstrap import now, rulebook
from hub.cli import key_changes, output
from hub.cli.exits import Exit
from hub.cli.failing import Stop
from hub.cli.options import AsJson, Broker, Config, Data, settings_from
from hub.cli.reasons import Reason, Yes, checked, confirm
from hub.cli.running import run
from hub.config import Settings
from hub.ledger.process import verifier_keys
from hub.vault.interface import HUB, LOG, PSEUDONYM
from hub.vault.keyring import FileKeyring

keys = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)

Owner = Annotated[
    str, typer.Argument(metavar="OWNER", help="A party of the role config, hub, pseudonym or log.")
]
_NEXT: Final = {
    HUB: "what waits for a person keeps the old key: it can go when held and dead have none of it",
    PSEUDONYM: "persons in older records are still found with the old key: retire it only when"
    " those records were erased",
    LOG: "the next checkpoints are signed by both keys; give who verifies the new line:",
}


@keys.callback()
def group() -> None:
    """List the keys of the hub, rotate and retire them.

    They live in the keyring: a folder outside broker and ledger (SEINHUIS_KEYS). Who has the
    keyring and the data of the broker reads every copy; so never keep them in one backup.
    """


@keys.command("list")
def list_(
    *,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """List the keys by owner, newest first: their use and age.

    Shows no key, makes none, and needs no hub. With --json one document a line.

    Exits with 0, also when there is none; 2 when the keyring is broken or open to others.
    """
    settings = settings_from(data=data)
    found = FileKeyring(settings.keys, now).names()
    if as_json:
        for each in found:
            output.document(
                {
                    "id": each.id,
                    "owner": each.owner,
                    "use": each.use,
                    "made_at": output.rfc3339(each.made_at),
                    "in_force": each.in_force,
                }
            )
        return
    if not found:
        output.line(f"no keys in {settings.keys}; a hub makes them when it first needs them")
        return
    rows = [
        (each.id, each.use, output.moment(each.made_at), "in force" if each.in_force else "old")
        for each in found
    ]
    output.table(("key", "for", "made", ""), rows)


@keys.command()
def public(
    *,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Print the public keys of the log, for who verifies.

    One line for each, newest first, those retired too: a file with these lines is what
    `seinhuis-verify --key` takes. Hand it over by another way than the log itself. Makes no key.

    Exits with 0, 2 when the keyring cannot be used, 5 when there is no key of the log yet.
    """
    settings = settings_from(data=data)
    ring = FileKeyring(settings.keys, now)
    if not any(info.owner == LOG for info in ring.names()):
        raise Stop(
            Exit.NOT_FOUND,
            f"the keyring in {settings.keys} has no key of the log: a hub makes it when it first"
            " seals (seinhuis up); name another folder with SEINHUIS_KEYS",
        )
    lines = verifier_keys(ring, settings.log_origin)
    signing = len(ring.signers(settings.log_origin))
    for number, line in enumerate(lines):
        if as_json:
            output.document({"key": line, "signs": number < signing})
        else:
            output.line(line)


@keys.command()
def rotate(
    *,
    owner: Owner,
    data: Data = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Make a new key for an owner, in force from now on.

    What was sealed before stays readable with the old key, until that is retired. A running hub
    uses the new key at once. It is on record. Not idempotent: twice gives two new keys.

    Exits with 0, 2 when the keyring cannot be used or nobody is called so, 4 when the ledger does
    not answer, 5 when there is no ledger to put it on record in.
    """
    settings = settings_from(data=data, config=config)
    _known(owner, settings)
    made = key_changes.rotate(settings, owner)
    if as_json:
        output.document({"made": made})
        return
    output.line(f"{made} is in force")
    output.line(_NEXT.get(owner, "the copies in its inbox keep the old key until:"))
    if owner not in {HUB, PSEUDONYM}:
        words = ("public",) if owner == LOG else ("rewrap", owner)
        output.line(f"  {output.command('keys', *words)}")


@keys.command()
def rewrap(
    *,
    party: Annotated[str, typer.Argument(metavar="PARTY", help="A party of the role config.")],
    data: Data = None,
    config: Config = None,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """Wrap the keys of all copies of a party under its key in force.

    After a rotation, so that the old key can be retired. The copies themselves stay as they are.
    Safe to stop and to repeat.

    Exits with 0, 2 when a copy does not open with this keyring, 4 when no hub runs.
    """
    settings = settings_from(data=data, config=config, broker=broker)
    if party in _NEXT:
        raise Stop(Exit.NOT_USABLE, f"nothing of {party} is wrapped anew: {_NEXT[party]}")
    _known(party, settings)
    done = run(key_changes.rewrap(settings, party))
    if as_json:
        output.document({"party": party, "rewrapped": done})
    else:
        output.line(f"{output.plural(done, 'copy', 'copies')} of {party} wrapped anew")


@keys.command()
def retire(
    *,
    key: Annotated[str, typer.Argument(metavar="KEY", help="As the list shows it: gm0363.1.")],
    reason: Reason,
    yes: Yes = False,
    data: Data = None,
    config: Config = None,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """Remove an old key for good.

    Refused while it is in force, or while anything would become unreadable: copies and what waits
    for a person are counted first, and so are the records that only a pseudonym key finds again.
    On record before it is removed. A backup of the keyring still has it.

    Exits with 0, 2 when it is refused or not confirmed, 4 when no hub runs (to count), 5 when there
    is no such key, or no ledger.
    """
    settings = settings_from(data=data, config=config, broker=broker)
    words = checked(reason)
    run(key_changes.refuse_to_retire(settings, key))
    confirm(
        f"{key} signs nothing after this; what it signed is still checked with its public half."
        if key.startswith(f"{LOG}.")
        else f"Nothing that was sealed or made with {key} can be read after this.",
        yes=yes,
    )
    key_changes.retire(settings, key, words)
    if as_json:
        output.document({"retired": key})
    else:
        output.line(f"{key} is removed; remove it from the backups of the keyring too")


@keys.command()
def adopt(
    *,
    reason: Reason,
    log_only: Annotated[
        bool,
        typer.Option("--log-only", help="Only the keys of the log: on a machine that only seals."),
    ] = False,
    yes: Yes = False,
    data: Data = None,
    config: Config = None,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """Go on with this keyring: that of this broker is lost for good.

    First look for a backup of the keyring: after this no copy that was sealed before opens, and no
    person in older records is found. The keys that signed the log before stay listed. On record,
    first. Changes nothing when the keyring belongs to this broker and this log already.

    Exits with 0, 2 when it was not confirmed or the keyring cannot be used, 4 when the broker does
    not answer.
    """
    settings = settings_from(data=data, config=config, broker=broker)
    log.configure(json=settings.log_json, level=settings.log_level)
    words = checked(reason)
    confirm("What was sealed with the keys that are lost can never be opened again.", yes=yes)
    done = []
    if not log_only:
        done += run(key_changes.adopt_for_broker(settings, words))
    done += key_changes.adopt_for_log(settings, words)
    if as_json:
        output.document({"adopted": done})
    elif done:
        output.line(f"adopted: {', '.join(done)}; make a backup of {settings.keys} now")
    else:
        output.line("nothing to adopt: this keyring belongs to this broker and this log")


def _known(owner: str, settings: Settings) -> None:
    if owner in _NEXT:
        return
    parties = rulebook(settings).parties
    if owner not in parties:
        from handlers.checks.finding import hint  # noqa: PLC0415 - only after a mistake

        known = hint(owner, [*parties, *_NEXT])
        raise Stop(Exit.NOT_USABLE, f"no keys belong to a name like that: {known}")

"""`seinhuis accounts`: the access list of a broker of your own, with a password for everybody."""

import secrets
from pathlib import Path
from typing import Annotated

import typer

from hub.access import HUB_USER, SEALER_USER, users
from hub.bootstrap import rulebook
from hub.cli import output
from hub.cli.exits import Exit
from hub.cli.failing import Stop
from hub.cli.options import AsJson, Config, settings_from
from hub.data_folder import write_accounts, write_private


def accounts(
    folder: Annotated[Path, typer.Argument(help="Where the files go; made when it is not there.")],
    *,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Write the accounts for a broker of your own.

    Writes into FOLDER, for this user only: broker.acl (give it to the broker as its `aclfile`),
    credentials.json (user -> password, to hand out one by one), hub.password (for
    SEINHUIS_BROKER_PASSWORD_FILE), sealer.password (for SEINHUIS_SEALER_PASSWORD_FILE) and
    ledger.password, of a PostgreSQL (for SEINHUIS_LEDGER_PASSWORD_FILE). Each party may write its
    own intake and read its own inbox, and nothing else. Passwords that stand there already are
    kept. The embedded broker needs none of this: it makes its own.

    Exits with 0, 2 when the role config cannot be used or the folder cannot be written.
    """
    book = rulebook(settings_from(config=config))
    inboxes = [party.id for party in book.parties.values() if party.has_inbox]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        passwords = write_accounts(folder, users(book.shards(), inboxes), portable=True)
        write_private(folder / "hub.password", passwords[HUB_USER] + "\n")
        write_private(folder / "sealer.password", passwords[SEALER_USER] + "\n")
        if not (folder / "ledger.password").exists():
            write_private(folder / "ledger.password", secrets.token_urlsafe(24) + "\n")
    except OSError as error:
        raise Stop(Exit.NOT_USABLE, f"{folder} cannot be written: {error.strerror}") from error
    if as_json:
        output.document({"folder": str(folder), "accounts": len(passwords)})
        return
    output.line(
        f"{len(passwords)} accounts in {folder}: broker.acl, credentials.json, hub.password,"
        " sealer.password, ledger.password"
    )

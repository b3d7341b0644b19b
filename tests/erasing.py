"""A whole hub about one synthetic person and another, on a real broker and a real database.

Everything lies under one folder, so that every byte that is kept can be searched.
"""

import asyncio
import base64
import contextlib
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from handlers.rulebook import Rulebook
from hub.access import SEALER_USER, users
from hub.client import Client
from hub.config import settings
from hub.embedded import EmbeddedBroker
from hub.ledger import tracing
from hub.ledger.database import reading
from hub.ledger.process import sealer
from hub.ledger.tables import subjects
from hub.pseudonyms import Pseudonyms
from hub.retention.broker_files import BrokerFiles
from hub.retention.job import Retention, retention
from hub.roles import default_folder, load
from hub.sealed_store import SealedStore
from hub.steps import Queue
from hub.stores.connection import connect
from hub.stores.valkey import ValkeyStore
from hub.vault.keyring import FileKeyring
from schemas.identifiers import message_ref
from tests.builders import a_signal, an_event
from tests.conftest import ADMIN, sync_client
from tests.harness import Hub

BSN, NAME, REF = "999990342", "Sami Voorbeeldin", "btr-sami-0001"
OTHER_BSN, OTHER_NAME, OTHER_REF = "123456782", "Noor Proefstra", "btr-noor-0002"
HOUSE = "zvh-amsterdam-amstelland"
TEXT = "Gesproken met Sami Voorbeeldin, 999990342 komt terug."
YEARS = timedelta(days=6 * 365)
"""Longer than every term of the delivered role config."""

SEINHUIS, VERIFY = (Path(sys.executable).with_name(n) for n in ("seinhuis", "seinhuis-verify"))


@dataclass
class World:
    """A hub driven by hand, its broker, its ledger and its sealer."""

    folder: Path
    ledger_url: str = ""
    searched: list[Path] = field(default_factory=list)  #: other folders that hold what is kept
    hub: Hub = field(init=False)

    @property
    def data(self):
        """The data folder: broker, and SQLite and the published log if they are there."""
        return self.folder / "data"

    async def start(self, stack):
        """Start the broker, and whatever works on it."""
        book = Rulebook(load(default_folder()))
        inboxes = [party.id for party in book.parties.values() if party.has_inbox]
        accounts = [*users(book.shards(), inboxes), ADMIN]
        self.broker = stack.enter_context(EmbeddedBroker(self.data, users=accounts))
        with self.admin() as admin:
            admin.config_set("rdbcompression", "no")  # else no search finds anything
        environment = {"SEINHUIS_DATA": str(self.data), "SEINHUIS_LEDGER": self.ledger_url}
        self.environment = {k: v for k, v in environment.items() if v}
        self.settings = settings(self.environment)
        address = self.broker.address()
        redis = await connect(address.url, address.user, address.password)
        self.keyring = FileKeyring(self.settings.keys)
        server = ValkeyStore(redis, duplicate_ms=86_400_000, inbox_cap=1_000)
        store = SealedStore(server, self.keyring)
        stack.push_async_callback(store.close)
        self.hub = Hub(book, store, Pseudonyms(self.keyring.pseudonym_keys()))
        self.hub.now = datetime.now(UTC)
        await store.prepare(book.shards())
        self.sealer_address = self.broker.address(SEALER_USER)
        self.job = self.made()
        stack.callback(self.job.close)

    def admin(self):
        """Return a client that may do everything."""
        return contextlib.closing(sync_client(self.broker.address("admin")))

    def made(self) -> Retention:
        """Return the job of retention, as the hub makes it."""
        hub, address = self.hub, self.broker.address()
        made = retention(
            self.settings, hub.store, hub.book, hub.clock, address, self.sealer_address
        )
        assert isinstance(made._files, BrokerFiles)
        return made

    async def seal(self):
        """Seal what is on record and take it off the broker, as a sealer does when it stops."""
        shards = [*self.hub.book.shards(), "hub"]
        made = sealer(self.settings, self.sealer_address, shards, self.keyring, self.hub.clock)

        def all_of_it():
            while made.round():
                pass
            made.close()
            made._parts.engine.dispose()
            made._parts.source.close()

        await asyncio.to_thread(all_of_it)

    @contextlib.asynccontextmanager
    async def client(self, party):
        """Log in as a party, with its own rights."""
        address, known = self.broker.address(party), self.hub.book.parties[party]
        client = await Client.connect(
            address.url,
            party=party,
            user=address.user,
            password=address.password,
            source=f"urn:nld:oin:{known.oin}:systeem:zaaksysteem",
            shard=known.shard,
        )
        async with client:
            yield client

    async def working(self, doing):
        """Let the hub work until a party has done what it does, which waits for the hub."""
        task = asyncio.ensure_future(doing)
        while not task.done():
            await self.hub.work()
        return await task

    async def copy(self, client, event):
        """Return the copy of an event in the inbox of this client."""
        wanted = message_ref(event["source"], event["id"])
        found = [each async for each in client.inbox(follow=False) if each.message == wanted]
        return found[0]

    async def live(self):
        """One person's case, with everything that can become of an event."""
        self.events = [
            a_signal(id=f"sami-{word}-0001", **{**about(BSN, NAME, REF, "sami"), **changes})
            for word, changes in {
                "delivered": {},
                "corrected": {},
                "held": {"data.gemeentecode": "0000"},
                "dead": {"data.doel": "onbekend"},
            }.items()
        ]
        self.main, self.wrong, *_ = self.events
        await self.hub.send(*self.events)
        await self.hub.submit(f"geen bericht, {NAME} {BSN}".encode(), shard="ind")
        link = {"bron": self.wrong["source"], "id": self.wrong["id"]}
        corrects = an_event("berichten.gerectificeerd", id="sami-rectificatie-0001")
        await self.hub.send(
            {
                **corrects,
                "source": self.wrong["source"],
                "data": {"betreft": link, "reden": f"niet {NAME}"},
            }
        )
        async with self.client("gm0363") as gemeente:
            copy = await self.copy(gemeente, self.main)
            opened = await self.working(copy.open())
            assert BSN in str(opened)
            await copy.acknowledge()
            await copy.feed_back("inhoud", TEXT.replace(BSN, "hij"))
            await copy.pass_on(HOUSE)
        await self.hub.work()
        await self.seal()
        self.tokens = self.found_by()
        self.sealed = [word async for word in self.sealed_words()]

    async def sealed_words(self):
        """Yield the sealed bytes and the wrapped key of every copy and everything that waits."""
        beneath = self.hub.store.beneath
        for party in ("gm0363", "lro", HOUSE, "ind"):
            for entry in await beneath.inbox("ind", party, count=1_000):
                yield entry.content
                key = await beneath.copy_key("ind", party, entry.message)
                if key is not None:
                    yield key
        for queue in Queue.HELD, Queue.DEAD:
            for entry in await beneath.parked("ind", queue, count=1_000):
                yield entry.parked.event
                yield entry.parked.key

    async def live_on(self):
        """Years later: an event about somebody else, which is of today."""
        self.hub.now += YEARS
        self.other = a_signal(
            id="noor-0001", **about(OTHER_BSN, OTHER_NAME, OTHER_REF, "noor"), time=NOT_LATER
        )
        self.other["data"].pop("bewarenTot")
        await self.hub.send(self.other)
        await self.seal()
        self.others_tokens = self.found_by() - self.tokens

    def found_by(self):
        """Return every pseudonym by which the log finds somebody."""
        with reading(self.job._engine) as connection:
            return set(connection.scalars(select(subjects.c.token)))

    def words(self):
        """Return every text and every number that leads to the person, as bytes."""
        ids = [event["id"] for event in self.events] + ["sami-rectificatie-0001", "zaak-sami"]
        plain = [BSN, NAME, REF, *ids]
        forms = [word.encode() for word in plain]
        forms += [base64.b64encode(f"xx{word}".encode())[3:-3] for word in plain if len(word) > 8]
        return forms + self.token_words(self.tokens) + self.sealed

    def token_words(self, tokens):
        """Return the pseudonyms as text and as bytes."""
        return [form for token in tokens for form in (token.encode(), bytes.fromhex(token))]

    def found(self, words, *more):
        """Return (file, word) for every file of the hub that holds one of these."""
        hits = set()
        for folder in (self.data, Path(f"{self.data}.keys"), *self.searched, *more):
            for path in folder.rglob("*"):
                with contextlib.suppress(FileNotFoundError):  # the broker tidies up behind us
                    if path.is_file():
                        content = path.read_bytes()
                        hits |= {(path.name, word) for word in words if word in content}
        return sorted(hits)

    async def content(self, party, event):
        """Return what a copy says, as the hub can open it; None: there is no content any more."""
        message = message_ref(event["source"], event["id"])
        found = await self.hub.store.find_delivery("ind", party, message)
        return found.content if found is not None else None

    def export(self, name):
        """Export the whole log, with the persons that are in it, as an auditor would."""
        folder = self.folder / name
        self._run([SEINHUIS, "audit", "export", folder, "--with-persons", "--json"])
        return folder

    def verified(self, export, *more):
        """Return whether the verifier finds an export sound, also beside another."""
        key = self.settings.log_folder / "key.pub"
        self._run([VERIFY, export, "--key", key, "--quiet", *more])
        return True

    def told(self, event):
        """Return the events of the story of a message, in order."""
        name = message_ref(event["source"], event["id"])
        with reading(self.job._engine) as connection:
            return [line.event for line in tracing.story(connection, name).lines]

    def _run(self, command):
        done = subprocess.run(
            command, capture_output=True, text=True, env=self.environment, check=False, timeout=120
        )
        assert 0 == done.returncode, done.stdout + done.stderr


NOT_LATER = "2026-11-23T09:12:40+01:00"


def about(bsn, name, ref, case):
    """Return what a signal about this person says."""
    return {
        "data.betrokkene": {"bsn": bsn, "naam": name},
        "data.betrokkeneRef": ref,
        "data.meldingId": f"IND-{case}-0001",
        "correlationid": f"zaak-{case}",
    }

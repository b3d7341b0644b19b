"""A ledger with a real flow in it: a hub on a store in memory, sealed by the real sealer."""

import os
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine

from handlers.differences import difference
from handlers.rulebook import Rulebook
from hub import recording
from hub.ledger.database import open_ledger
from hub.ledger.migrations import migrate
from hub.ledger.publish import Publisher
from hub.ledger.reports.versions import digest_of
from hub.ledger.sealer import LogKeys, Parts, Sealer
from hub.ledger.source import MemorySource, order
from hub.proof.notes import LOG, VerifierKey
from hub.pseudonyms import Pseudonyms
from hub.vault.keyring import FileKeyring
from tests.builders import a_signal, an_event
from tests.config_builders import a_book, a_partner, a_recipient, a_rule, to_gemeente
from tests.harness import Hub

ORIGIN = "seinhuis.example/lokale-aanpak"
AMSTERDAM = "urn:nld:oin:00000099100000363000:systeem:test"


@dataclass
class SealedHub:
    """A hub, its ledger and its published folder, all under one folder, as `--data` names it."""

    data: Path
    book: Rulebook | None = None
    engine: Engine | None = None  #: migrated; None: SQLite under `data`
    hub: Hub = field(init=False)

    def __post_init__(self):
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.keyring = FileKeyring(Path(f"{self.data.absolute()}.keys"))
        book = self.book or the_book()
        self.hub = Hub(book, pseudonyms=Pseudonyms(self.keyring.pseudonym_keys()))
        if self.engine is None:
            self.engine = open_ledger(f"sqlite:///{self.data.absolute() / 'ledger.db'}")
            migrate(self.engine)
        signer = self.keyring.signer(ORIGIN)
        keys = [str(VerifierKey(ORIGIN, LOG, key)) for key in self.keyring.log_keys(ORIGIN)]
        shards = [*book.shards(), "hub"]
        self.source = MemorySource(shards)
        self.sealer = Sealer(
            Parts(
                engine=self.engine,
                source=self.source,
                publisher=Publisher(self.data / "log", self.engine, lambda: keys),
                keys=lambda: LogKeys(signer, keys),
                clock=self.hub.clock,
                shards=shards,
                holder="test",
            )
        )
        self._sealed = dict.fromkeys(shards, 0)

    @property
    def key_file(self):
        """The verifier key(s), as an auditor would get them."""
        return self.data / "log" / "key.pub"

    async def load(self, book, before=None):
        """Say that a role config is in force, as the hub does when it starts."""
        self.source.configs[book.digest] = zlib.compress(
            book.config.model_dump_json(by_alias=True).encode()
        )
        changed = difference(before.config, book.config) if before else None
        record = recording.config_loaded(
            self.hub.clock(), book.digest, before.digest if before else None, changed
        )
        await self.hub.store.note("hub", record)

    async def seal(self):
        """Seal what the hub wrote, in the order in which it wrote it, and what readers noted."""
        new = []
        for shard, done in self._sealed.items():
            found = (await self.hub.store.records(shard, count=100_000))[done:]
            self._sealed[shard] += len(found)
            new += [(order(entry.id), shard, entry) for entry in found]
        for _, shard, entry in sorted(new, key=lambda each: each[:2]):
            self.source.append(shard, entry.record, entry.person)
        while self.sealer.round():
            pass

    def environment(self):
        """The environment of a command that asks this ledger, without anybody's own settings."""
        plain = {k: v for k, v in os.environ.items() if not k.startswith("SEINHUIS_")}
        return {**plain, "SEINHUIS_DATA": str(self.data), "COLUMNS": "80"}

    def close(self):
        """Let the ledger go."""
        self.sealer.close()
        self.engine.dispose()


def the_book(**changes):
    """A signal goes to the gemeente and the LRO, and a gemeente may pass it on to its house.

    With the digest that follows from what it says, as that of a config that was read from files.
    """
    passing = {
        "id": "gemeente-naar-huis",
        "cel": "pga-1",
        "berichten": ["signalen.signaal-gemeld"],
        "naar": ["zvh"],
        "grondslag": "wet-pga",
        "doel": "duiden",
        "velden": ["KERN"],
    }
    rule = a_rule(ontvangers=[to_gemeente(), a_recipient("groep:lro")], bewaren_dagen=90)
    gemeente = a_partner("gemeente", 5, soort="gemeente", oin=None, doorzenden=[passing])
    others = [
        partner.model_dump(by_alias=True)
        for partner in a_book(rule).config.partners
        if partner.id != "gemeente"
    ]
    config = a_book(**{"partners": [gemeente, *others], **changes}).config
    return Rulebook(config.model_copy(update={"digest": digest_of(config)}))


def the_signal(event_id="a-1", **data):
    """A signal that the small config lets in, about Sami Voorbeeldin."""
    return a_signal(id=event_id, data={"grondslag": "wet-pga", "doel": "duiden", **data})


def an_act(name, about, act_id, source=AMSTERDAM, **data):
    """An act of gemeente Amsterdam, or of another, about an event."""
    link = {"bron": about["source"], "id": about["id"]}
    event = an_event(f"berichten.{name}", id=act_id, source=source)
    return {**event, "data": {"betreft": link, **data}}

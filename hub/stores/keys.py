"""Every key on the broker: its name, type, meaning, and whether it is ever shortened.

All keys of a shard carry the hash tag `{shard}`: one slot, so one FUNCTION call may write them all.
A shard is a sending partner (`ind`), a further partition of one (`politie.3`), or one that many
parties share (`gemeente`, `zvh`). `party` is a party of the role config; `message` is always
`message_ref` (32 hexadecimal digits), never an id that a partner chose: no key can hold personal
data.

Times are RFC 3339 in UTC; an entry id is `<Unix milliseconds>-<number>`, given by the broker.

hub:{shard}:in
  A stream: events as they came, bytes untouched, one field `event`. Group `hub`. An entry is
  deleted in the step that acknowledges it. Never MAXLEN: that would drop what nobody has read.
hub:{shard}:in:<party>
  The same, in a shared shard: one for each party, so that the name of the stream, guarded by the
  access list, proves the sender.
hub:{shard}:seen:<message>
  A string with a time to live: `party=entry,party=entry;from=party;withdrawn;corrected`. First who
  received the message, in that order, and where the copy is in that inbox (nothing when nobody
  did; no entry when it was there before the message was forgotten and came again); then who
  published it; then, only if so, `withdrawn` and `corrected`. The duplicate check on (source, id),
  and the address list of a correction.
hub:{shard}:inbox:<party>
  A stream: one entry for each delivery, with the fields message (32 hexadecimal digits), type
  (without prefix), about (rule, sender, urgency, deadline to the second and last day to keep it,
  with a space between: one field, because the broker counts some bytes and some time for each),
  copy (the minimised CloudEvent, JSON, sealed), and `notice` = `1` on a notice. Readers may use
  group `reader`. Never MAXLEN. An entry goes when its content is erased.
hub:{shard}:key:<message>
  A hash: party -> the key of its copy of that message (or of that notice), wrapped under the key of
  the party. Without it the copy cannot be read: erasing a copy is deleting this field. One hash for
  all copies of a message, because a key of the broker costs a hundred bytes more than a field.
hub:{shard}:opened:<party>:<message>
  A string with a time to live (minutes): the answer to an opening, <message> being the act. Sealed
  to the key that came with the act; the only key beside its inboxes that a party may read.
hub:{shard}:open
  A hash: party -> how many copies in its inbox it has not acknowledged, taken up or refused; a
  whole number, never below 0. No field: none yet. An inbox is full by this number, not by its
  length: it is the party that empties it, by its acts.
hub:{shard}:delivery:<party>:<message>
  A hash, made at the first act: state (a word of handlers.deliveries), at (time of the last act),
  finished (time of the first act after which nothing is left to do: acknowledged, taken up or
  refused), erased (when the content went), and for every act that was done a field
  `act:<message of the act>` = the type of the act; of an opening with a key, made of that as well,
  so that the same id with another key is another opening. Once erased it lives as long as the
  duplicate check: that long is it known that the party had the message.
hub:{shard}:audit
  A stream: seq (a whole number from 1, without a gap), record (JSON), and person (JSON: keyed
  pseudonyms) unless the record is about nobody. Trimmed by the sealer only, after sealing.
hub:{shard}:held, hub:{shard}:dead
  Streams: event (as it came, sealed), reasons (JSON), message, type, sender, key (the key of this
  event, wrapped under the key of the hub; empty: not sealed). message, type and sender are empty
  when the bytes are not an event. Wait for a person; never trimmed.
hub:{shard}:head
  A hash: seq, the last number given to a record; since (Unix milliseconds), when the first of the
  records that are not sealed yet was written, if all before it were sealed then.
hub:{shard}:sealed
  A hash: seq, up to which all records are sealed in the ledger; at (Unix milliseconds), when that
  was. Made by the hub with seq 0, written by the sealer. When too much is not sealed, or for too
  long, nothing new is accepted. read (an entry of audit): what the sealer saw last, written where
  replicas are waited for, because one can only wait for what one wrote.

hub:{shard}:lease
  A string with a time to live (seconds): `<worker>|<token>`, who reads the shard now. Nobody else
  writes what came in there, and the token changes each time that it is taken.

Of the hub as a whole:

hub:{hub}:workers
  A hash: worker -> until when it counts as living (Unix milliseconds), by the clock of the broker.
hub:{hub}:config
  A string: the digest of the role config in force.
hub:{hub}:config:<digest>
  A string: the role config with that digest, JSON, zlib: for the sealer, who keeps it.
hub:{hub}:partitions
  A string: JSON, sender -> how many partitions it has, of those with more than one. Every party may
  read it: to write on the partition of a case, and to read its inboxes in all of them.
hub:{hub}:config:keyring
  A string: by what the keyring of this broker is known (`hub.keyring_identity`); no secret.
"""

from typing import Final

HUB_GROUP: Final = "hub"
"""The reader group of every intake."""

READER_GROUP: Final = "reader"
"""The reader group that a recipient's own system may make on its inboxes."""


def intake(shard: str, party: str = "") -> str:
    """Return the intake stream of a shard; `party` only in a shared shard.

    >>> intake("ind"), intake("gemeente", "gm0363")
    ('hub:{ind}:in', 'hub:{gemeente}:in:gm0363')
    """
    return f"hub:{{{shard}}}:in:{party}" if party else f"hub:{{{shard}}}:in"


def seen(shard: str, message: str) -> str:
    """Return the key that says that `message` was handled, and who received it.

    >>> seen("ind", "3b5878002f6245a16681e26dc015c7e7")
    'hub:{ind}:seen:3b5878002f6245a16681e26dc015c7e7'
    """
    return f"hub:{{{shard}}}:seen:{message}"


def inbox(shard: str, party: str) -> str:
    """Return the inbox stream of a party for one sender's shard.

    >>> inbox("politie.3", "zvh-haaglanden")
    'hub:{politie.3}:inbox:zvh-haaglanden'
    """
    return f"hub:{{{shard}}}:inbox:{party}"


def delivery(shard: str, party: str, message: str) -> str:
    """Return the hash with the state of one delivery.

    >>> delivery("ind", "gm0363", "3b5878002f6245a16681e26dc015c7e7")
    'hub:{ind}:delivery:gm0363:3b5878002f6245a16681e26dc015c7e7'
    """
    return f"hub:{{{shard}}}:delivery:{party}:{message}"


def copy_keys(shard: str, message: str) -> str:
    """Return where the wrapped keys of the copies of a message are, by party.

    >>> copy_keys("ind", "3b5878002f6245a16681e26dc015c7e7")
    'hub:{ind}:key:3b5878002f6245a16681e26dc015c7e7'
    """
    return f"hub:{{{shard}}}:key:{message}"


def opened(shard: str, party: str, act: str) -> str:
    """Return where the answer to an opening is; `act`: the message ref of the opening.

    >>> opened("ind", "gm0363", "3b5878002f6245a16681e26dc015c7e7")
    'hub:{ind}:opened:gm0363:3b5878002f6245a16681e26dc015c7e7'
    """
    return f"hub:{{{shard}}}:opened:{party}:{act}"


def unfinished(shard: str) -> str:
    """Return the hash that counts the copies that each party has not finished.

    >>> unfinished("ind")
    'hub:{ind}:open'
    """
    return f"hub:{{{shard}}}:open"


def audit(shard: str) -> str:
    """Return the stream of records."""
    return f"hub:{{{shard}}}:audit"


def held(shard: str) -> str:
    """Return the stream of what waits for a person."""
    return f"hub:{{{shard}}}:held"


def dead(shard: str) -> str:
    """Return the stream of what was refused or given up."""
    return f"hub:{{{shard}}}:dead"


def head(shard: str) -> str:
    """Return the hash with the last `seq`."""
    return f"hub:{{{shard}}}:head"


def sealed(shard: str) -> str:
    """Return the hash that says up to where the records are sealed."""
    return f"hub:{{{shard}}}:sealed"


def lease(shard: str) -> str:
    """Return where it stands who reads the shard.

    >>> lease("politie.3")
    'hub:{politie.3}:lease'
    """
    return f"hub:{{{shard}}}:lease"


def workers() -> str:
    """Return the hash of the workers that live."""
    return "hub:{hub}:workers"


def config_in_force() -> str:
    """Return where the digest of the role config in force is."""
    return "hub:{hub}:config"


def partitions() -> str:
    """Return where it stands which senders have partitions."""
    return "hub:{hub}:partitions"


def config_document(digest: str) -> str:
    """Return where the role config with this digest is.

    >>> config_document("9f86d081")
    'hub:{hub}:config:9f86d081'
    """
    return f"hub:{{hub}}:config:{digest}"


def keyring_mark() -> str:
    """Return where it stands which keyring belongs to this broker. No digest is called so."""
    return "hub:{hub}:config:keyring"

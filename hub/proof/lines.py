"""One line of `records-<first position>.jsonl`: a record as it is exported."""

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from hub.proof.errors import Malformed
from hub.proof.leaves import commit, leaf_hash

_NEEDED: Final = frozenset({"position", "shard", "seq", "commitment", "record"})
_PERSONAL: Final = _NEEDED | {"salt", "person"}
_HEX: Final = frozenset("0123456789abcdef")


class Line(NamedTuple):
    """A record, where it stands, and the commitment to its personal part."""

    position: int  #: from 0, in the whole log
    shard: str
    seq: int  #: from 1, in its shard
    commitment: bytes  #: 32 bytes
    record: bytes
    salt: bytes | None = None  #: only in an export that asked for it, and not once erased
    person: bytes | None = None  #: empty or not there: about nobody, or erased

    @classmethod
    def parse(cls, text: bytes) -> "Line":
        """Read one line of JSON. Malformed: another form, a field twice, or one we do not prove."""
        try:
            value = read_json(text.decode())
        except ValueError as error:
            raise Malformed("the line is not JSON in UTF-8, or it has a field twice") from error
        if not isinstance(value, dict):
            raise Malformed("the line is not an object")
        return cls.of(value)

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> "Line":
        """Take the fields from a mapping. Malformed: says which rule is broken, not the value."""
        if not _NEEDED <= value.keys() <= _PERSONAL:
            raise Malformed(
                "a record has position, shard, seq, commitment and record, and perhaps salt and "
                "person; nothing else, because nothing else is proven"
            )
        position, shard, seq = value["position"], value["shard"], value["seq"]
        if type(position) is not int or position < 0 or type(seq) is not int or seq < 1:
            raise Malformed("`position` is a number from 0 and `seq` one from 1")
        if not isinstance(shard, str) or not is_shard(shard):
            raise Malformed("`shard` is a word of 1 to 64 visible characters")
        record = value["record"]
        if not isinstance(record, str):
            raise Malformed("`record` is the text of the record")
        salt, person = value.get("salt"), value.get("person")
        if not isinstance(person, str | None) or (person and salt is None):
            raise Malformed("`person` is a text, and only there with the `salt` of the commitment")
        try:
            return cls(
                position,
                shard,
                seq,
                _bytes_of(value["commitment"], 32),
                record.encode(),
                None if salt is None else _bytes_of(salt, 16),
                None if person is None else person.encode(),
            )
        except UnicodeEncodeError as error:
            raise Malformed("half a character (a lone surrogate) is no text") from error

    def leaf_hash(self) -> bytes:
        """Return the hash of its leaf."""
        return leaf_hash(self.shard, self.seq, self.commitment, self.record)

    def is_about_whom_it_says(self) -> bool:
        """Say whether the commitment is to the person; True when the salt is not there to tell."""
        return self.salt is None or commit(self.salt, self.person or b"") == self.commitment

    def __str__(self) -> str:
        return f"position {self.position} (shard {self.shard}, seq {self.seq})"


def is_shard(name: str) -> bool:
    """Say whether `name` can be a shard: one word, so that no two leaves can be the same bytes."""
    return 0 < len(name) <= 64 and name.isprintable() and " " not in name


def _bytes_of(text: object, length: int) -> bytes:
    if not isinstance(text, str) or len(text) != 2 * length or not _HEX.issuperset(text):
        raise Malformed(f"`commitment` is 64 hex digits and `salt` 32: one is not {2 * length}")
    return bytes.fromhex(text)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a field that stands twice: another program would show the other value."""
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a field stands twice")
    return value


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_once)


def read_json(text: str) -> Any:
    """Return what a JSON text says. ValueError: none, a field twice, or nested too deep to read."""
    try:
        return _DECODER.decode(text)
    except RecursionError as error:
        raise ValueError("nested too deep") from error

"""What the Node peers need of the role config and the models, as one JSON file.

    python -m peers.node_rules FILE

JSON Schemas of the messages of the load, and per sender and gemeente the verdicts ready made: the
peer looks them up and has no conditions to test, so it does less than the hub.
"""

import json
import sys
from pathlib import Path

from kit import load

from hub import planning
from hub.reference.json_schema import schema
from hub.steps import Entry


def main(file):
    book = load.book()
    verdicts = {}
    for shard in load.SENDERS:
        verdicts[shard] = {}
        for code in load.gemeenten():
            raw = load.event(shard, 0, code)
            entry = Entry("0-0", "", raw)
            read = planning.read(entry, book, shard)
            decision = load.decided(shard, code)
            step = planning.routed(shard, entry, read.event, decision, shard)
            listed = json.loads(step.record)["verdicts"]
            until = {copy.party: copy.retain_until for copy in step.copies}
            for each in listed:
                if each["outcome"] == "forward":
                    deadline = next(
                        f.deadline for f in decision.forwards if f.party == each["party"]
                    )
                    each["minutes"] = round((deadline - decision.at).total_seconds() / 60)
                    each["retain"] = until[each["party"]]
                    del each["deadline"]
            verdicts[shard][code] = listed
    value = {
        "prefix": book.prefix,
        "config": book.digest,
        "senders": {party.oin: party.id for party in book.parties.values() if party.is_partner},
        "schemas": {name: schema(name) for name, _ in load.SENDERS.values()},
        "verdicts": verdicts,
    }
    Path(file).write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])

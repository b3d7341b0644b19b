"""A bare loop with redis-py: what one writes without any framework, in batches.

Reads up to a hundred entries of every intake at once, decides them, does the duplicate checks in
one pipeline and all writes in one MULTI with the acknowledgements.
"""

import redis

from peers.job import DAY_MS, URL, plan, write

GROUP = "loop"


def main(shards):
    client = redis.Redis.from_url(URL, protocol=2)
    streams = {f"hub:{{{shard}}}:in": shard for shard in shards}
    for stream in streams:
        client.xgroup_create(stream, GROUP, "0", mkstream=True)
    while True:
        found = client.xreadgroup(GROUP, "w", dict.fromkeys(streams, ">"), count=100, block=2_000)
        batch, done = [], {}
        for name, entries in found:
            shard = streams[name.decode()]
            done[name] = [place for place, _ in entries]
            batch += [plan(shard, fields[b"event"]) for _, fields in entries]
        if not batch:
            continue
        checks = client.pipeline(transaction=False)
        for made in batch:
            checks.set(made.seen, "", nx=True, px=DAY_MS)
        new = checks.execute()
        writes = client.pipeline(transaction=True)
        for made, is_new in zip(batch, new, strict=True):
            write(writes, made, is_new=is_new)
        for name, places in done.items():
            writes.xack(name, GROUP, *places)
            writes.xdel(name, *places)
        writes.execute()


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])

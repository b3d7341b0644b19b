"""FastStream as in its tutorial: a subscriber for each stream, one await after another.

FastStream acknowledges when the handler returns. The entries stay in the stream, as they do there.
"""

import asyncio
import sys

from faststream import FastStream
from faststream.redis import RedisBroker, StreamSub
from redis.asyncio import Redis

from peers.job import DAY_MS, URL, plan

GROUP = "naive"


async def main(shards):
    redis = Redis.from_url(URL, protocol=2)
    broker = RedisBroker(URL, logger=None, apply_types=False)

    async def parser(message, original):
        parsed = await original({**message, "data": {b"__data__": b"{}"}})
        parsed.raw_message = message
        return parsed

    async def body(message):
        return message.raw_message["data"][b"event"]

    def subscribe(shard):
        async def handle(raw):
            made = plan(shard, raw)
            if not await redis.set(made.seen, "", nx=True, px=DAY_MS):
                await redis.xadd(made.audit, {"record": made.duplicate_record})
                return
            for inbox, fields in made.copies:
                await redis.xadd(inbox, fields)
            await redis.xadd(made.audit, {"record": made.record})

        stream = StreamSub(f"hub:{{{shard}}}:in", group=GROUP, consumer="n", max_records=100)
        broker.subscriber(stream=stream, parser=parser, decoder=body)(handle)

    for shard in shards:
        await redis.xgroup_create(f"hub:{{{shard}}}:in", GROUP, "0", mkstream=True)
        subscribe(shard)
    await FastStream(broker, logger=None).run()


if __name__ == "__main__":
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(sys.argv[1:]))

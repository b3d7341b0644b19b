// A Node.js worker, ioredis and ajv, in batches: the next batch is read while one is being written.
// The duplicate checks of a batch go in one pipeline, all its writes in one MULTI.

import Redis from "ioredis";

import { DAY_MS, plan } from "./job.mjs";

const GROUP = "node";
const COUNT = Number(process.env.BENCH_COUNT ?? 100);
const streams = process.argv.slice(2).map((shard) => `hub:{${shard}}:in`);
const shardOf = (stream) => stream.slice(5, stream.indexOf("}"));

const reader = new Redis({ path: process.env.BENCH_SOCKET, maxRetriesPerRequest: null });
const writer = new Redis({ path: process.env.BENCH_SOCKET, maxRetriesPerRequest: null });

for (const stream of streams) await writer.xgroup("CREATE", stream, GROUP, "0", "MKSTREAM");

const read = () =>
  reader.xreadgroup("GROUP", GROUP, "w", "COUNT", COUNT, "BLOCK", 2000, "STREAMS", ...streams, ...streams.map(() => ">"));

let next = read();
for (;;) {
  const found = await next;
  next = read();
  if (!found) continue;
  const batch = [];
  for (const [stream, entries] of found) {
    const shard = shardOf(stream);
    for (const [, fields] of entries) batch.push(plan(shard, fields[1]));
  }
  const checks = writer.pipeline();
  for (const made of batch) checks.set(made.seen, "", "PX", DAY_MS, "NX");
  const fresh = await checks.exec();
  const writes = writer.multi();
  batch.forEach((made, at) => {
    const isNew = fresh[at][1] === "OK";
    if (isNew) for (const copy of made.copies) writes.xadd(...copy);
    writes.xadd(made.audit, "*", "record", isNew ? made.record : made.duplicate);
  });
  for (const [stream, entries] of found) {
    const places = entries.map(([place]) => place);
    writes.xack(stream, GROUP, ...places);
    writes.xdel(stream, ...places);
  }
  await writes.exec();
}

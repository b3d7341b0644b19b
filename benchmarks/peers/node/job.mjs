// The job of the Node peers: read, validate, look up the verdicts, minimise, write the record.
// Done by `worker.mjs` in batches, and by the nodes of `flows.json` one event at a time.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const rules = JSON.parse(readFileSync(process.env.BENCH_RULES, "utf8"));
const ajv = new Ajv2020({ strict: false, useDefaults: true });
addFormats(ajv);

const validators = new Map(
  Object.entries(rules.schemas).map(([name, schema]) => [`${rules.prefix}.${name}`, ajv.compile(schema)]),
);

// A list of fields becomes a function, once: most lists are the same for every gemeente.
const pickers = new Map();
function pickerOf(fields) {
  const key = fields.join();
  let found = pickers.get(key);
  if (!found) {
    const whole = new Set(fields.filter((field) => !field.includes(".")));
    const parts = new Map();
    for (const field of fields) {
      const [head, tail] = field.split(".");
      if (tail) parts.set(head, [...(parts.get(head) ?? []), tail]);
    }
    found = (data) => {
      const kept = {};
      for (const [name, value] of Object.entries(data)) {
        if (value === null) continue;
        if (whole.has(name)) kept[name] = value;
        else if (parts.has(name)) {
          kept[name] = {};
          for (const tail of parts.get(name)) {
            if (tail in value) kept[name][tail] = value[tail];
          }
        }
      }
      return kept;
    };
    pickers.set(key, found);
  }
  return found;
}
const verdictsOf = new Map();
for (const [shard, byCode] of Object.entries(rules.verdicts)) {
  for (const [code, listed] of Object.entries(byCode)) {
    verdictsOf.set(
      `${shard} ${code}`,
      listed.map(({ minutes, retain, ...verdict }) => ({
        verdict, minutes, retain,
        pick: verdict.outcome === "forward" ? pickerOf(verdict.fields) : null,
      })),
    );
  }
}

export function plan(shard, raw) {
  const event = JSON.parse(raw);
  const validate = validators.get(event.type);
  if (!validate || !validate(event)) throw new Error("the load has an event that is not valid");
  const [, , , oin, , system] = event.source.split(":");
  if (rules.senders[oin] !== shard) throw new Error("the load has an event of another sender");
  const message = createHash("sha256").update(`${event.source}\n${event.id}`).digest("hex").slice(0, 32);
  const type = event.type.slice(rules.prefix.length + 1);
  const now = Date.now();
  const time = new Date(now).toISOString();
  const { data, ...envelope } = event;
  const copies = [];
  const verdicts = [];
  for (const { verdict, minutes, retain, pick } of verdictsOf.get(`${shard} ${data.gemeentecode}`)) {
    if (!pick) {
      verdicts.push(verdict);
      continue;
    }
    const deadline = new Date(now + minutes * 60_000).toISOString();
    verdicts.push({ ...verdict, deadline });
    copies.push([
      `hub:{${shard}}:inbox:${verdict.party}`, "*",
      "message", message, "type", type, "rule", verdict.rule, "sender", shard,
      "urgency", data.urgentie, "deadline", deadline, "retain", retain,
      "copy", JSON.stringify({ ...envelope, data: pick(data) }),
    ]);
  }
  const record = {
    time, event: "decided", object: { kind: "message", id: message }, result: "delivered",
    origin: { shard, oin, system }, actor: { kind: "partner", id: shard }, config: rules.config,
    type, sender: shard, processing_activity: data.doel, verdicts,
  };
  return {
    seen: `hub:{${shard}}:seen:${message}`,
    audit: `hub:{${shard}}:audit`,
    copies,
    record: JSON.stringify(record),
    duplicate: JSON.stringify({ ...record, event: "duplicate", result: "duplicate", verdicts: undefined }),
  };
}

export const DAY_MS = 86_400_000;

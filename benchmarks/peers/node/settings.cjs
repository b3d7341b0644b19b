// Settings of Node-RED: no editor, no project; what the function nodes may use.

const Redis = require("ioredis");
const job = require("./job.mjs");

module.exports = {
  httpAdminRoot: false,
  httpNodeRoot: false,
  disableEditor: true,
  uiPort: Number(process.env.BENCH_PORT),
  uiHost: "127.0.0.1",
  flowFile: require("node:path").join(__dirname, "flows.json"),
  credentialSecret: false,
  logging: { console: { level: "error" } },
  functionGlobalContext: {
    job,
    shards: process.env.BENCH_SHARDS.split(","),
    reader: new Redis({ path: process.env.BENCH_SOCKET }),
    writer: new Redis({ path: process.env.BENCH_SOCKET, enableAutoPipelining: true }),
  },
};

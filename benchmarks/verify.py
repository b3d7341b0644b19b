"""How long does it take to verify a log of N records, and how large is a proof?

    python benchmarks/verify.py [--records 1000000] [--every 500] [--rounds 3] [--persons] [--json]

Makes a log with `hub.proof` alone, in a folder that is thrown away: records of about 700 bytes in
eighteen shards, a checkpoint after `--every` of them. Then measures, on one core and in a process
of its own, what `seinhuis-verify` does, start of Python included; and in this process an inclusion
proof, a consistency proof and a receipt from the tiles. Medians; machines are shared and noisy.
"""

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hub.proof.checkpoints import Checkpoint, sign_checkpoint
from hub.proof.leaves import commit
from hub.proof.lines import Line
from hub.proof.notes import Ed25519Signer
from hub.proof.receipts import make_receipt
from hub.proof.tiles import Edge, Tile, TileFolder
from hub.proof.tree import (
    Frontier,
    consistency_proof,
    inclusion_proof,
    root_of,
    verify_consistency,
    verify_inclusion,
)

SHARDS = [f"partner{number:02d}" for number in range(17)] + ["ledger"]
A_FILE = 100_000
SIGNER = Ed25519Signer("seinhuis.example/benchmark", bytes(range(32)))


def a_record(number):
    """Return a record of the size of a real one: a decision with two verdicts."""
    verdict = {
        "rule": "rvdk-signaal-zvh",
        "role": "zvh",
        "party": f"gm{number % 342:04d}",
        "outcome": "forward",
        "legal_basis": "wet-pga",
        "purpose": "signaleren",
        "fields": ["betrokkene", "omschrijving", "gemeente", "urgentie"],
        "deadline": "2026-11-25T12:00:00Z",
    }
    return {
        "time": "2026-11-23T12:00:00.000000Z",
        "event": "decided",
        "object": {"kind": "message", "id": f"{number:032x}"},
        "result": "delivered",
        "origin": {"shard": SHARDS[number % len(SHARDS)], "oin": "00000099000000001000"},
        "actor": {"kind": "partner", "id": "rvdk"},
        "config": "0123456789abcdef" * 4,
        "type": "signalen.signaal-gemeld",
        "verdicts": [verdict, verdict | {"outcome": "withhold", "reason": "not-competent"}],
    }


def make(folder, records, every, *, persons):
    """Write an export folder. Return how many seconds it took, and how many bytes of records."""
    start, edge, frontier, written = time.perf_counter(), Edge(), Frontier(), 0
    seqs, chance = dict.fromkeys(SHARDS, 0), random.Random(1)
    file, notes = None, (folder / "checkpoints.jsonl").open("w", encoding="utf-8")
    note = ""
    for position in range(records):
        if position % A_FILE == 0:
            if file:
                file.close()
            file = (folder / f"records-{position:012d}.jsonl").open("w", encoding="utf-8")
        shard = SHARDS[position % len(SHARDS)]
        seqs[shard] += 1
        salt, person = chance.randbytes(16), b'{"bsn":"%032x","key":"pseudonym.1"}' % position
        text = json.dumps(a_record(position), separators=(",", ":"))
        line = Line(position, shard, seqs[shard], commit(salt, person), text.encode())
        leaf = line.leaf_hash()
        edge.push(leaf)
        frontier.push(leaf)
        value = {
            "position": position,
            "shard": shard,
            "seq": line.seq,
            "commitment": line.commitment.hex(),
            "record": text,
        }
        if persons:
            value |= {"salt": salt.hex(), "person": person.decode()}
        written += file.write(json.dumps(value, separators=(",", ":")) + "\n")
        size = position + 1
        if size % every == 0 or size == records:
            note = sign_checkpoint(Checkpoint(SIGNER.name, size, frontier.root()), SIGNER)
            notes.write(json.dumps({"size": size, "note": note}) + "\n")
        if size % 65_536 == 0 or size == records:
            for (level, number), hashes in edge.take_changed().items():
                path = folder / Tile(level, number, len(hashes) // 32).path()
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(hashes)
    file.close()
    notes.close()
    (folder / "checkpoint").write_text(note, encoding="utf-8")
    (folder / "export.json").write_text('{"whole": true}', encoding="utf-8")
    (folder / "key.pub").write_text(f"{SIGNER.verifier}\n", encoding="utf-8")
    return time.perf_counter() - start, written, note


def run_verifier(folder):
    """Return wall seconds and CPU seconds of one run of the command."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "hub.proof.command", folder, "--key", folder / "key.pub", "--json"],
        capture_output=True,
        check=False,
        cwd=Path(__file__).parent.parent,
    )
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(done.stderr.decode() or done.stdout.decode())
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, cpu, after.ru_maxrss / 1024


def median_us(rounds, work):
    """Return the median of `rounds` runs of `work(number)`, in microseconds."""
    taken = []
    for number in range(rounds):
        start = time.perf_counter()
        work(number)
        taken.append((time.perf_counter() - start) * 1e6)
    return round(statistics.median(taken), 1)


def proofs(folder, records, note):
    """Return times and sizes of proofs from the tiles."""
    read, chance = TileFolder(folder), random.Random(2)
    root, where = root_of(read, records), [chance.randrange(records) for _ in range(500)]
    proof = inclusion_proof(read, where[0], records)
    tile = read(Tile(0, where[0] // 256, min(256, records - where[0] // 256 * 256)))
    leaf = tile[where[0] % 256 * 32 :][:32]
    old = records // 3
    consistency, old_root = consistency_proof(read, old, records), root_of(read, old)
    if not verify_inclusion(leaf, where[0], records, root, proof) or not verify_consistency(
        old, old_root, records, root, consistency
    ):
        sys.exit("a proof does not hold: nothing was measured")
    line = Line(where[0], "ind", 1, bytes(32), json.dumps(a_record(where[0])).encode())
    return {
        "inclusion proof, made from tiles (us)": median_us(
            500, lambda number: inclusion_proof(read, where[number], records)
        ),
        "inclusion proof, checked (us)": median_us(
            500, lambda _: verify_inclusion(leaf, where[0], records, root, proof)
        ),
        "inclusion proof (hashes)": len(proof),
        "inclusion proof (bytes)": 32 * len(proof),
        "consistency proof, made from tiles (us)": median_us(
            500, lambda number: consistency_proof(read, where[number] + 1, records)
        ),
        "consistency proof, checked (us)": median_us(
            500, lambda _: verify_consistency(old, old_root, records, root, consistency)
        ),
        "consistency proof (bytes)": 32 * len(consistency),
        "receipt with its record (bytes)": len(make_receipt(line, proof, note).encode()),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--every", type=int, default=500, help="records between checkpoints")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--persons", action="store_true", help="with salt and person")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="seinhuis-verify-bench-") as name:
        folder = Path(name)
        made, written, note = make(folder, options.records, options.every, persons=options.persons)
        runs = [run_verifier(folder) for _ in range(options.rounds)]
        seconds = statistics.median(run[0] for run in runs)
        result = {
            "records": options.records,
            "checkpoints": -(-options.records // options.every),
            "generate (s)": round(made, 1),
            "export (bytes a record)": round(written / options.records),
            "tree (bytes a record)": round(
                sum(file.stat().st_size for file in (folder / "tile").rglob("*") if file.is_file())
                / options.records,
                1,
            ),
            "verify, wall (s)": round(seconds, 1),
            "verify, CPU (s)": round(statistics.median(run[1] for run in runs), 1),
            "verify, records a second": round(options.records / seconds),
            "verify, memory at most (MB)": round(max(run[2] for run in runs)),
            **proofs(folder, options.records, note),
        }
    if options.json:
        print(json.dumps(result))
    else:
        for what, value in result.items():
            print(f"{what:45} {value:>14,}")


if __name__ == "__main__":
    main()

"""The ledger: sealed records, the tree over them, its checkpoints, and what can be asked of it."""

"""Proofs that anybody can check: the tree, signed notes, receipts. Imports nothing of the hub."""

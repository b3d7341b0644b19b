"""The proof that the log was not changed: tree, signed notes, receipts, and the verifier.

Imports nothing else of Seinhuis, and of others only `cryptography`: who does not trust the hub can
read this folder alone, and run it alone. `tree` is the mathematics, `notes` and `checkpoints` are
what is signed, `tiles` is how the tree is published, `leaves` is what a record becomes in it.
"""

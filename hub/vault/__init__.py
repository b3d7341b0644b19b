"""Keys, and what is sealed with them. The keys live outside the broker and outside the ledger."""

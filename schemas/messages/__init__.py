"""The payload models, one module for each family of message types."""

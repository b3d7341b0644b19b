"""Documents made from the code: JSON Schema, AsyncAPI, the pages of the message types."""

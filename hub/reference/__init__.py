"""Documents made from the code: JSON Schema, AsyncAPI, the page of the message types.

What is committed under docs/reference/ is made by `python -m hub.reference docs/reference`
(`make docs`) and by nothing else; a test compares the two.
"""

from hub.reference.asyncapi import document
from hub.reference.generate import generate
from hub.reference.json_schema import schema

__all__ = ["document", "generate", "schema"]

"""The language: what may cross a boundary. Pure: pydantic and the standard library."""

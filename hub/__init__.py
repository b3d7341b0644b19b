"""The shell: everything that touches the world. Start reading in pipeline.py."""

"""Write the references: `python -m hub.reference docs/reference`."""

import sys
from pathlib import Path

from hub.reference.generate import generate

if __name__ == "__main__":
    for path in generate(Path(sys.argv[1])):
        print(path)  # noqa: T201  (the output of this command)

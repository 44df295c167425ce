"""`python -m demo` plays the demo."""

from __future__ import annotations

import sys

from demo.play import main

if __name__ == "__main__":
    sys.exit(main())

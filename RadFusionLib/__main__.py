"""``python -m RadFusionLib`` is the ``radfusion`` command."""

import sys

from RadFusionLib.cli import main

if __name__ == "__main__":
    sys.exit(main())

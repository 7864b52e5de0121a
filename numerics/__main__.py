"""``python -m numerics``: the same as the command ``neurenorm``."""

import sys

from numerics.cli import main

sys.exit(main())

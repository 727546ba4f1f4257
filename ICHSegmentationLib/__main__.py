"""``python -m ICHSegmentationLib`` is the command ``ichseg``."""

import sys

from .cli import main

sys.exit(main())

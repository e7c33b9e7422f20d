"""Where real data are: beside the repository, or where MOTES_DATA says. Tests skip where they are absent."""

from __future__ import annotations

import os
from pathlib import Path

DATA = Path(os.environ.get("MOTES_DATA", Path(__file__).parents[2] / "shared" / "data"))

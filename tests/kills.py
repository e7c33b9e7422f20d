"""Kills a labelling script at random moments, and looks at what it lost; ``MOTES_KILLS`` kills more often."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path


def loses_nothing(way: str, folder: Path, kills: int) -> None:
    """Through the project itself ("journal"), or through the server of the page ("server")."""
    n_kills = int(os.environ.get("MOTES_KILLS", kills))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    script = Path(__file__).with_name("killed.py")
    done = subprocess.run(
        [sys.executable, script, way, folder, str(n_kills)], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["lost"] == told["twice"] == 0
    assert told["kills"] == n_kills
    assert told["acknowledged"] > n_kills

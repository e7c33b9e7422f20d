"""Without torch: everything else works, and who asks for a network is told what to install."""

from __future__ import annotations

import sys

import pytest

from motes import pickers
from motes.cli.commands import explanation


@pytest.fixture
def no_torch(monkeypatch):
    """As if torch were not installed."""
    monkeypatch.setitem(sys.modules, "torch", None)


@pytest.mark.parametrize("name", ["CombinedPicker", "CompactPicker", "PhosaurusPicker"])
def test_a_network_without_torch_is_one_sentence(no_torch, name, tmp_path):
    picker = getattr(pickers, name)
    with pytest.raises(ImportError, match=rf'^{name} needs torch: pip install "motes\[torch\]"') as told:
        picker(100)
    assert explanation(told.value) == str(told.value)  # one line on the command line, no traceback
    with pytest.raises(ImportError, match=rf"^{name} needs torch"):
        picker.load(tmp_path / "picker.npz")


def test_importing_pickers_imports_no_torch():
    import subprocess

    code = "import sys; import motes.pickers; print('torch' in sys.modules, 'scipy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]

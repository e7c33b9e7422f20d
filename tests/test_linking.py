"""What programs link to is installed, and told."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from motes import linking

PROGRAM = """
#include <motes/motes.h>
#include <stdio.h>
int main(void) {
  double distance;
  return motes_equal_radii_distance(0.5, &distance, NULL) || printf("%.17g\\n", distance) < 0;
}
"""


@pytest.fixture
def installed():
    if not (linking.ROOT / "lib").is_dir():
        pytest.skip("this copy of motes was not installed: it carries no library")


def test_a_program_in_c_links_the_wheel(installed, tmp_path):
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if not compiler:
        pytest.skip("no C compiler")
    tmp_path.joinpath("program.c").write_text(PROGRAM)
    told = subprocess.run([sys.executable, "-m", "motes", "--includes", "--libs"], capture_output=True, text=True)
    command = [compiler, "-std=c11", "-pedantic", "-Werror", "program.c", *told.stdout.split(), "-o", "program"]
    subprocess.run(command, check=True, cwd=tmp_path)
    run = subprocess.run([tmp_path / "program"], capture_output=True, text=True, check=True)
    from motes import _core

    assert float(run.stdout) == _core.equal_radii_distance(0.5)


def test_the_cmake_package_is_there(installed):
    assert {path.name for path in Path(linking.cmake_dir()).iterdir()} >= {"motesConfig.cmake", "motesTargets.cmake"}


def test_a_copy_that_was_not_installed_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(linking, "ROOT", tmp_path)
    for tell in (linking.cmake_dir, linking.includes, linking.libs):
        with pytest.raises(FileNotFoundError, match="was not installed"):
            tell()

"""What programs link to is installed, and told."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from motes import _core, linking

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


@pytest.fixture
def runs(tmp_path):
    """Compile and link the program with these options, run it, compare what it prints with Python's."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if not compiler:
        pytest.skip("no C compiler")

    def run_with(options):
        tmp_path.joinpath("program.c").write_text(PROGRAM)
        command = f"{compiler} -std=c11 -pedantic -Werror program.c {options} -o program"
        subprocess.run(command, shell=True, check=True, cwd=tmp_path)  # quoted: as a shell reads it
        run = subprocess.run([tmp_path / "program"], capture_output=True, text=True, check=True)
        return float(run.stdout) == _core.equal_radii_distance(0.5)

    return run_with


def test_a_program_in_c_links_the_wheel(installed, runs):
    told = subprocess.run([sys.executable, "-m", "motes", "--includes", "--libs"], capture_output=True, text=True)
    assert runs(told.stdout.strip())


def test_a_path_may_hold_spaces(installed, runs, tmp_path, monkeypatch):
    root = tmp_path / "my programs" / "motes"
    for part in ("include", "lib"):
        shutil.copytree(linking.ROOT / part, root / part)
    monkeypatch.setattr(linking, "ROOT", root)
    assert shlex.split(linking.includes()) == [f"-I{root}/include"]
    assert shlex.split(linking.libs())[:2] == [f"-L{root}/lib", "-lmotes"]
    assert runs(f"{linking.includes()} {linking.libs()}")
    if tool := shutil.which("pkg-config"):
        monkeypatch.setenv("PKG_CONFIG_PATH", str(root / "lib" / "pkgconfig"))
        command = [tool, "--cflags", "--libs", "motes"]
        assert runs(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())


def test_the_five_lines_of_the_page_are_enough(installed, tmp_path):
    if not shutil.which("cmake") or not (shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")):
        pytest.skip("no CMake, or no C++ compiler")
    page = (Path(__file__).parents[1] / "docs" / "linking.md").read_text()
    for file, language in (("CMakeLists.txt", "cmake"), ("mine.cpp", "cpp")):
        tmp_path.joinpath(file).write_text(re.search(rf"```{language}\n(.*?)```", page, re.DOTALL)[1])
    configure = ["cmake", "-S", ".", "-B", "build", f"-Dmotes_DIR={linking.cmake_dir()}"]
    for command in (configure, ["cmake", "--build", "build"]):
        subprocess.run(command, check=True, cwd=tmp_path, stdout=subprocess.DEVNULL)
    told = subprocess.run([tmp_path / "build" / "mine"], capture_output=True, text=True, check=True).stdout
    assert told == f"motes {_core.version}: circles overlap by half at 0.530 radii\n"


def test_the_cmake_package_is_there(installed):
    assert {path.name for path in Path(linking.cmake_dir()).iterdir()} >= {"motesConfig.cmake", "motesTargets.cmake"}


def test_a_copy_that_was_not_installed_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(linking, "ROOT", tmp_path)
    for tell in (linking.cmake_dir, linking.includes, linking.libs):
        with pytest.raises(FileNotFoundError, match="was not installed"):
            tell()

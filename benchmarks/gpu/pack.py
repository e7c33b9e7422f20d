"""What a GPU machine without a package index needs, as one folder: `python -m benchmarks.gpu.pack FOLDER`.

run_gpu.py              the entry, which needs nothing but Python
wheels.tar.xz           motes with CUDA, for this Python; what its tests need; pip itself
requirements*.txt       what is taken from there where the machine has not got it
source.tar.xz           tests and benchmarks, and the sources, for a machine with another Python
manifest.json           versions and sizes
"""

from __future__ import annotations

import argparse
import io
import json
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
NEEDED = ("numpy", "scipy", "matplotlib", "rich", "typer", "threadpoolctl", "tomli", "pytest", "hypothesis", "mpmath")
CARRIED = (
    "csrc",
    "python",
    "tests",
    "benchmarks",
    "conftest.py",
    "pyproject.toml",
    "CMakeLists.txt",
    "README.md",
    "LICENSE",
)
LEFT_OUT = ("benchmarks/results/", "benchmarks/studies/")
MOST_MIB = 60


def requirements(have: list[str]) -> tuple[list[str], list[str]]:
    """What tests and benchmarks need, less what the machine has; what a build needs. As pyproject.toml says."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    stated = project["project"]["dependencies"] + project["project"]["optional-dependencies"]["test"]
    chosen = [spec for spec in stated if _name(spec) in NEEDED and _name(spec) not in have]
    return chosen, [spec for spec in project["build-system"]["requires"] if _name(spec) not in have]


def _name(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9-]", requirement, maxsplit=1)[0].lower()


def pip(*arguments: object) -> None:
    """Run pip of this Python."""
    subprocess.run([sys.executable, "-m", "pip", *map(str, arguments), "-q", "--disable-pip-version-check"], check=True)


def sources() -> list[Path]:
    """Files of the repository that travel."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", *CARRIED], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout.splitlines()  # fmt: skip
    return [Path(name) for name in listed if not name.startswith(LEFT_OUT) and (ROOT / name).is_file()]


def stored(wheel: Path) -> bytes:
    """The same wheel without compression of its own: xz does much better on all of them."""
    again = io.BytesIO()
    with zipfile.ZipFile(wheel) as given, zipfile.ZipFile(again, "w", zipfile.ZIP_STORED) as plain:
        for member in given.infolist():
            plain.writestr(member, given.read(member), zipfile.ZIP_STORED)
    return again.getvalue()


def write(path: Path, files: dict[str, bytes]) -> None:
    """As an archive."""
    with tarfile.open(path, "w:xz", preset=9) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o755 if data.startswith(b"#!") else 0o644
            archive.addfile(member, io.BytesIO(data))


def pack(folder: Path, have: list[str], wheel: Path | None = None) -> dict[str, object]:
    """Fill the folder; returns the manifest."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    run, build = requirements(have)
    with tempfile.TemporaryDirectory() as wheels:
        if wheel:
            shutil.copy(wheel, wheels)
        else:
            pip("wheel", "--no-deps", "-C", "cmake.define.MOTES_CUDA=ON", "-w", wheels, ROOT)
        pip("download", "--only-binary=:all:", "-d", wheels, "pip", *run, *build)
        found = sorted(Path(wheels).glob("*.whl"))
        write(folder / "wheels.tar.xz", {path.name: stored(path) for path in found})
    (folder / "requirements.txt").write_text("\n".join(run) + "\n")
    (folder / "requirements-build.txt").write_text("\n".join(build) + "\n")
    shutil.copy(Path(__file__).with_name("run_gpu.py"), folder)
    write(folder / "source.tar.xz", {str(name): (ROOT / name).read_bytes() for name in sorted(sources())})
    sizes = {str(path.relative_to(folder)): path.stat().st_size for path in sorted(folder.rglob("*")) if path.is_file()}
    manifest = {
        "python": platform.python_version(),
        "left_to_the_machine": have,
        "wheels": [path.name for path in found],
        "bytes": sum(sizes.values()),
        "files": sizes,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    return manifest


def main() -> int:
    """Pack, and say what came of it; 1 if it is too large to carry."""
    parser = argparse.ArgumentParser(prog="benchmarks.gpu.pack", description=__doc__.splitlines()[0])
    parser.add_argument(
        "folder", type=Path, nargs="?", default=ROOT / "dist" / "gpu", help="by default dist/gpu; replaced"
    )
    parser.add_argument("--have", nargs="+", default=[], metavar="NAME", help="what the machine has: numpy scipy ...")
    parser.add_argument("--wheel", type=Path, help="a wheel of motes with CUDA, instead of building one")
    asked = parser.parse_args()
    manifest = pack(asked.folder, [name.lower() for name in asked.have], asked.wheel)
    files = manifest["files"]
    assert isinstance(files, dict)
    mib = sum(files.values()) / 2**20
    print(f"{asked.folder}: {len(files)} files, {mib:.1f} MiB, for Python {manifest['python']}")
    if mib <= MOST_MIB:
        return 0
    print(f"more than {MOST_MIB} MiB: leave out with --have what the machine has: numpy, scipy")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())

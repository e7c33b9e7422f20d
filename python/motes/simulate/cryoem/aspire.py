"""ASPIRE's physics: its projections (by non-uniform transforms) and its CTF, behind the same interface.

ASPIRE (https://github.com/ComputationalCryoEM/ASPIRE-Python) is the extra `aspire`. Its Euler angles are RELION's, as
ours; its offsets count the other way; its CTF has the camera's sign (dark particles), ours RELION's.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motes.simulate.cryoem.densities import Density
from motes.simulate.cryoem.optics import Optics

Floats = NDArray[np.float64]
PER_SQUARE_NM = 400  # ASPIRE's envelope is exp(-B k^2) with k in 1 / nm


class AspireProjector:
    """Projects one density by `aspire.source.Simulation`.

    Parameters
    ----------
    density : Density
        Its voxels are as large as the pixels.
    pixel_size : float, angstrom

    Raises
    ------
    ImportError
        If ASPIRE is not installed.
    ValueError
        If voxels and pixels differ.
    """

    def __init__(self, density: Density, pixel_size: float) -> None:
        import_aspire()
        if abs(density.voxel_size - pixel_size) > 1e-3 * pixel_size:
            raise ValueError(
                f"pixel_size: {pixel_size:g} A, but ASPIRE projects onto the volume's grid, {density.voxel_size:g} A"
            )
        self.density, self.pixel_size = density, pixel_size
        self.box = len(density.data)

    def images(
        self, angles: Floats, offsets: Floats, box: int, defocus: Floats | None = None, optics: Optics | None = None
    ) -> NDArray[np.float32]:
        """Projections, (n, box, box): (n, 3) angles and (n, 2) offsets; with (n, 3) defocus through its CTF."""
        import_aspire()
        from aspire.operators import CTFFilter
        from aspire.source import Simulation
        from aspire.volume import Volume

        n, filters = len(angles), {}
        if defocus is not None and optics is not None:
            each, which = np.unique(defocus, axis=0, return_inverse=True)
            filters = {
                "unique_filters": [
                    CTFFilter(
                        voltage=optics.voltage,
                        defocus_u=u,
                        defocus_v=v,
                        defocus_ang=np.deg2rad(angle),
                        Cs=optics.spherical_aberration,
                        alpha=optics.amplitude_contrast,
                        B=optics.b_factor / PER_SQUARE_NM,
                    )
                    for u, v, angle in each
                ],
                "filter_indices": which.reshape(-1),
            }
        with _quietly():
            simulation = Simulation(
                L=box,
                n=n,
                vols=Volume(_on_grid(self.density.data, box)[None], pixel_size=self.pixel_size),
                angles=np.deg2rad(angles).astype(np.float32),
                offsets=-offsets.astype(np.float32),
                amplitudes=np.ones(n, np.float32),
                states=np.ones(n, int),
                C=1,
                dtype=np.float32,
                seed=0,
                **filters,
            )
            images: NDArray[np.float32] = simulation.clean_images[:].asnumpy()
        # Its images are sums along the beam over box * pixel_size.
        return np.asarray(images * np.float32((-1 if filters else 1) * box * self.pixel_size), np.float32)


def _on_grid(volume: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """The volume in a larger cube, its voxel L // 2 at side // 2."""
    before = side // 2 - len(volume) // 2
    return np.pad(volume, [(before, side - len(volume) - before)] * 3)


def import_aspire() -> ModuleType:
    """Import ASPIRE, and undo what that does to a program.

    It makes a folder for logs in the working directory, replaces the program's logging and its hook for exceptions.

    Raises
    ------
    ImportError
        If it is not installed.
    """
    if (loaded := sys.modules.get("aspire")) is not None:
        return loaded
    try:
        with _untouched():
            import aspire
    except ImportError as error:
        raise ImportError('engine "aspire" needs ASPIRE: pip install "motes[aspire]"') from error
    module: ModuleType = aspire
    return module


@contextmanager
def _untouched() -> Iterator[None]:
    root, hook = logging.getLogger(), sys.excepthook
    handlers, level = root.handlers[:], root.level
    disabled = {name: logger.disabled for name, logger in _loggers()}
    asked, place = os.environ.get("ASPIREDIR"), Path(tempfile.mkdtemp(prefix="motes-aspire-"))
    try:
        if asked is None:  # a user's own configuration stays
            logs = str(Path(tempfile.gettempdir(), "motes-aspire-logs"))
            (place / "config.yaml").write_text(f"logging:\n  log_dir: '{logs}'\n  tqdm_disable: True\n")
            os.environ["ASPIREDIR"] = str(place)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        if asked is None:
            os.environ.pop("ASPIREDIR", None)
            (place / "config.yaml").unlink(missing_ok=True)
        place.rmdir()
        for handler in root.handlers:
            if handler not in handlers:
                handler.close()
        root.handlers[:] = handlers
        root.setLevel(level)
        sys.excepthook = hook
        for name, logger in _loggers():
            logger.disabled = disabled.get(name, False)


def _loggers() -> list[tuple[str, Any]]:
    found = logging.Logger.manager.loggerDict.items()
    return [(name, logger) for name, logger in found if isinstance(logger, logging.Logger)]


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the warnings of a library that is not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield

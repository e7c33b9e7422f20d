"""Several fits of one picker: where they disagree, labels would teach it most."""

from __future__ import annotations

import copy
import errno
import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from motes.checks import whole
from motes.circles import Circles
from motes.errors import FormatError
from motes.io.atomic import atomic_path
from motes.kernels.matching import near_pairs
from motes.micrograph import Micrograph
from motes.pickers.detections import Detections
from motes.pickers.labelled import Labelled
from motes.pickers.picker import NotFittedError, Picker

REACH = 0.25  # diameters: a member's candidate this near is of the same place
MANIFEST = "committee.json"
MANIFEST_BYTES = 2**16  # at most
MEMBERS = ("BlobPicker", "CombinedPicker", "CompactPicker", "ExternalPicks", "FilterBankPicker", "PhosaurusPicker")


class Committee:
    """K fits of a picker: one to all labels, the others to resampled ones.

    Each of the others learns from labels drawn with replacement, as many as there are; one that was drawn twice counts
    once, since a picker knows labels and no weights, so that a member sees about 63% of them. A label that was not
    drawn is unknown to it, as any unlabelled place is, and its micrograph no longer complete.

    Candidates, their positions and appearance are those of the member that has learned from all labels: it is the best
    of them, and as every picker proposes each local maximum down to probability 0, what another member sees is among
    its candidates. A member's probability there is that of its own candidate within a quarter of a diameter, the
    highest of several, or 0. The committee's probability is their mean.

    Parameters
    ----------
    picker : Picker or callable
        Copied for each member (a shallow copy: what it keeps beside what it learned, features for one, is shared), or
        called for each.
    n_members : int
        At least 2.

    Raises
    ------
    TypeError
        If a member would be a committee itself.
    ValueError
        If there are fewer than two members.

    Examples
    --------
    >>> import motes
    >>> from motes import picking
    >>> from motes.pickers import Committee, FilterBankPicker, Labelled
    >>> sample = motes.sample.load()
    >>> particles, _ = picking.circles_of(sample.particles, radius=13.5)
    >>> committee = Committee(FilterBankPicker(27), 3).fit(Labelled([sample.micrograph], particles[::20]))
    >>> found = committee.predict([sample.micrograph])
    >>> found.members.shape == (len(found), 3)
    True
    """

    def __init__(self, picker: Picker | Callable[[], Picker], n_members: int = 5) -> None:
        self.n_members = whole("n_members", n_members, least=2)
        made = (copy.copy(picker) if isinstance(picker, Picker) else picker() for _ in range(n_members))
        self.members: tuple[Picker, ...] = tuple(made)
        if any(isinstance(member, Committee) for member in self.members):
            raise TypeError("picker: expected a picker that is one, got a Committee")
        self.picker = self.members[0]
        self.diameter = self.picker.diameter
        self._fitted = False

    def fit(self, labelled: Labelled, seed: int = 0) -> Committee:
        """Fit every member; see `Picker.fit`."""
        for k, member in enumerate(self.members):
            sequence = np.random.SeedSequence(seed, spawn_key=(k,))
            seen = labelled if k == 0 else _resampled(labelled, np.random.default_rng(sequence))
            member.fit(seen, int(sequence.generate_state(1)[0]))
        self._fitted = True
        return self

    def predict(self, micrographs: Sequence[Micrograph]) -> Detections:
        """Candidates with the probability by each member; see `Picker.predict`."""
        if not self._fitted:
            raise NotFittedError("Committee: fit or load it before it predicts")
        first, *others = (member.predict(micrographs) for member in self.members)
        places = first.circles.astype(np.float64)
        members = np.zeros((len(first), self.n_members))
        members[:, 0] = first.probability
        for k, found in enumerate(others, 1):
            here, there, _ = near_pairs(places, found.circles.astype(np.float64), distance=REACH * self.diameter)
            np.maximum.at(members[:, k], here, found.probability[there].astype(np.float64))
        scored = Circles(places.centres, places.radii, members.mean(axis=1), indptr=places.indptr)
        return Detections(scored, first.micrographs, first.appearance, members)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all members into one file, whole or not at all."""
        if not self._fitted:
            raise NotFittedError("Committee: fit it before it is saved")
        manifest = {"members": [type(member).__name__ for member in self.members]}
        with (
            tempfile.TemporaryDirectory() as folder,
            atomic_path(path) as temporary,
            zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive,
        ):
            archive.writestr(zipfile.ZipInfo(MANIFEST), json.dumps(manifest))
            for k, member in enumerate(self.members):
                own = Path(folder, f"member{k}")
                member.save(own)
                archive.writestr(zipfile.ZipInfo(own.name), own.read_bytes())

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], *, member: Callable[[str | os.PathLike[str]], Picker] | None = None
    ) -> Committee:
        """Read what `save` wrote.

        Parameters
        ----------
        path : path
        member : callable, optional
            Reads one member; needed for a picker that is none of `motes.pickers`, or to give it what it shares with
            others, such as a cache.

        Raises
        ------
        FormatError
            If it is no such file, or damaged.
        ValueError
            If the members are of a class that is not known here.
        """
        place = os.fspath(path)
        with tempfile.TemporaryDirectory() as folder:
            try:
                names = _extract(place, folder)
            except (zipfile.BadZipFile, KeyError, TypeError, ValueError, RuntimeError, EOFError, OSError) as error:
                if isinstance(error, OSError) and error.errno != errno.EINVAL:  # EINVAL: a place that no file has
                    raise
                raise FormatError(f"{place}: holds no committee, or is damaged ({error})") from error
            committee = cls.__new__(cls)
            committee.members = tuple(
                _load_member(place, name, Path(folder, f"member{k}"), member) for k, name in enumerate(names)
            )
        committee.n_members, committee.picker = len(names), committee.members[0]
        committee.diameter, committee._fitted = committee.picker.diameter, True
        return committee

    def __repr__(self) -> str:
        return f"<Committee: {self.n_members} of {type(self.picker).__name__}, {'not ' * (not self._fitted)}fitted>"


def _extract(place: str, folder: str) -> list[str]:
    """Write the members of an archive to a folder; their classes. Nothing grows: they are stored as they are."""
    with zipfile.ZipFile(place) as archive:
        infos = archive.infolist()
        if any(info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size for info in infos):
            raise ValueError("a member is compressed")
        if sum(info.file_size for info in infos) > Path(place).stat().st_size:
            raise ValueError("members that overlap")
        if archive.getinfo(MANIFEST).file_size > MANIFEST_BYTES:
            raise ValueError(f"{MANIFEST} has more than {MANIFEST_BYTES} bytes")
        names = json.loads(archive.read(MANIFEST))["members"]
        if not isinstance(names, list) or len(names) < 2 or not all(isinstance(name, str) for name in names):
            raise ValueError("members: expected the classes of two or more")
        for k in range(len(names)):
            archive.extract(f"member{k}", folder)
    return names


def _load_member(place: str, name: str, path: Path, load: Callable[[str | os.PathLike[str]], Picker] | None) -> Picker:
    from motes import pickers

    try:
        if load is not None:
            return load(path)
        if name in MEMBERS:
            found: Picker = getattr(pickers, name).load(path)
            return found
    except FormatError as error:
        raise FormatError(str(error).replace(os.fspath(path), f"{place}: {path.name}")) from error
    if name in pickers.__all__:
        raise FormatError(f"{place}: a committee of {name}, which can be no member")
    raise ValueError(f"{place}: a committee of {name:.40}, which is none of motes.pickers; say how a member is loaded")


def _resampled(labelled: Labelled, rng: np.random.Generator) -> Labelled:
    """Labels drawn with replacement, particles and rejected places each for themselves, so that a particle is left."""
    parts, kept, complete = [], [], labelled.complete.copy()
    for circles in (labelled.particles, labelled.rejected):
        n = len(circles)
        drawn = np.unique(rng.integers(0, n, n)) if n else np.zeros(0, np.int64)
        complete[circles.micrograph[np.setdiff1d(np.arange(n), drawn)]] = False
        parts.append(circles[drawn])
        kept.append(drawn)
    return Labelled(labelled.micrographs, parts[0], parts[1], complete, labelled.asked[kept[0]])

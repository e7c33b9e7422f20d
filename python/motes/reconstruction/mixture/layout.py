"""Several classes as one long list: their masters one vector, their templates one stack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from motes.cached import cached_property
from motes.maps import TemplateMap
from motes.shapes import Shape

FloatArray: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Layout:
    """K classes, class k with the R_k templates of its map; T templates in all, class after class.

    Parameters of a fit are one vector: the masters, flat, class after class, then what else is estimated (a fluence for
    each pattern, or nothing).

    Examples
    --------
    >>> from motes import C1, C4
    >>> layout = Layout((C4, C4, C1), (5, 5))
    >>> layout.n_templates, layout.class_of[[0, 7, 8]], layout.rotation_of[[0, 7, 8]]
    (9, array([0, 1, 2], dtype=int32), array([0, 3, 0], dtype=int32))
    """

    maps: tuple[TemplateMap, ...]
    shape: Shape

    @property
    def n_templates(self) -> int:
        """T."""
        return sum(turns.n for turns in self.maps)

    @cached_property
    def class_of(self) -> npt.NDArray[np.int32]:
        """(T,): the class of each template."""
        return np.repeat(np.arange(len(self.maps), dtype=np.int32), [turns.n for turns in self.maps])

    @cached_property
    def rotation_of(self) -> npt.NDArray[np.int32]:
        """(T,): which template of its class it is."""
        return np.concatenate([np.arange(turns.n, dtype=np.int32) for turns in self.maps])

    @cached_property
    def parts(self) -> tuple[slice, ...]:
        """Where each class has its templates."""
        ends = np.cumsum([turns.n for turns in self.maps])
        return tuple(slice(int(end) - turns.n, int(end)) for end, turns in zip(ends, self.maps, strict=True))

    def prior(self, class_weights: FloatArray, weights: FloatArray) -> FloatArray:
        """(T,): the probability of each template, of (K,) classes and the (K, R) templates of each; rows may be longer.

        Examples
        --------
        >>> from motes import C1, C4
        >>> Layout((C4, C1), (5, 5)).prior(np.array([0.6, 0.4]), np.array([[0.25] * 4, [1, 0, 0, 0]]))
        array([0.15, 0.15, 0.15, 0.15, 0.4 ])
        """
        rows = zip(class_weights, weights, self.maps, strict=True)
        return np.concatenate([share * row[: turns.n] for share, row, turns in rows])

    @cached_property
    def master_shapes(self) -> tuple[tuple[int, ...], ...]:
        """Of each class's master: whatever its map takes."""
        return tuple(turns.back_rotate(np.zeros((turns.n, *self.shape))).shape for turns in self.maps)

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Pixels of each class's master."""
        return tuple(int(np.prod(shape)) for shape in self.master_shapes)

    @property
    def n_pixels(self) -> int:
        """Of all masters together."""
        return sum(self.sizes)

    @cached_property
    def support(self) -> npt.NDArray[np.bool_]:
        """(H, W): pixels that all classes cover: only there can they be compared."""
        return np.asarray(np.logical_and.reduce([turns.support(self.shape) for turns in self.maps]))

    def split(self, vector: FloatArray) -> list[FloatArray]:
        """The masters of a vector of parameters, each in its shape."""
        ends = np.cumsum(self.sizes)
        return [
            vector[end - size : end].reshape(shape)
            for end, size, shape in zip(ends, self.sizes, self.master_shapes, strict=True)
        ]

    def rest(self, vector: FloatArray) -> FloatArray:
        """What of a vector of parameters is no master."""
        return vector[self.n_pixels :]

    def join(self, masters: Sequence[FloatArray], rest: FloatArray | None = None) -> FloatArray:
        """A vector of parameters.

        Examples
        --------
        >>> from motes import C1
        >>> Layout((C1, C1), (1, 2)).join([np.zeros((1, 2)), np.ones((1, 2))])
        array([0., 0., 1., 1.])
        """
        flat = [np.asarray(master, np.float64).ravel() for master in masters]
        return np.concatenate([*flat, *(() if rest is None else (rest,))])

    def expand(self, vector: FloatArray) -> FloatArray:
        """All templates of a vector of parameters: (T, H, W)."""
        masters = self.split(vector)
        return np.concatenate([turns.expand(master) for turns, master in zip(self.maps, masters, strict=True)])

    def back_rotate(self, planes: FloatArray) -> FloatArray:
        """The transpose of `expand`: (n_pixels,) from (T, H, W)."""
        return self.join([turns.back_rotate(planes[part]) for turns, part in zip(self.maps, self.parts, strict=True)])

    def per_class(self, values: FloatArray) -> FloatArray:
        """(K,): values of the templates, summed over each class."""
        return np.array([values[part].sum() for part in self.parts])

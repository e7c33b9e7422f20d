"""How close to the edges of a micrograph particles are labelled."""

from __future__ import annotations

import numpy as np

from motes.pickers.labelled import Labelled

WHOLE, BOX = 0.5, 1.2  # diameters: the particle is not cut off; nor is the box that it is cut out in


def label_edge(labelled: Labelled, diameter: float) -> float:
    """Distance from the edges that labels keep: who labels often leaves out what is close to an edge.

    The least distance of n places strewn evenly over an area exceeds the least possible one by about the area over n
    times its perimeter; less that, and between half a diameter and one and a fifth.

    Parameters
    ----------
    labelled : Labelled
        Without particles it is half a diameter.
    diameter : float, pixels
        Of the particles.

    Returns
    -------
    float, pixels
    """
    if not len(labelled.particles):
        return WHOLE * diameter
    shapes = np.array([micrograph.shape[::-1] for micrograph in labelled.micrographs])
    centres = labelled.particles.centres
    sides = shapes[labelled.particles.micrograph]
    least = np.minimum(centres + 0.5, sides - 0.5 - centres).min()
    width, height = np.maximum(shapes - 2 * least, 0).mean(axis=0)
    excess = width * height / (2 * (width + height)) / len(centres) if width + height else 0.0
    return float(np.clip(least - excess, WHOLE * diameter, BOX * diameter))

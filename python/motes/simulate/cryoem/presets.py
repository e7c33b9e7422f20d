"""Micrographs by name; docs/simulate.md says what a picker reaches on them."""

from __future__ import annotations

from motes.simulate.cryoem.settings import Settings

PRESETS = {
    # The seed's synthetic setting as far as it tells it: 40 particles, SNR 0.05, 70 micrographs. Nothing but particles
    # and white noise.
    "seed": Settings(
        n_micrographs=70,
        particles=40,
        snr=0.05,
        shape=(2048, 2048),
        pixel_size=1.8,
        diameter=150,
        coloured=0.0,
        defocus=(1.5, 3.0),
    ),
    # Half of what looks like a particle is another one, and they overlap.
    "crowded": Settings(
        particles=90,
        species=("tetramer",),
        decoys=("ring",),
        n_decoys=90,
        aggregates=2,
        diameter=52,
        min_distance=0.75,
        snr=0.6,
        contrast_spread=0.15,
        ice_gradient=0.5,
        defocus=(0.8, 2.8),
    ),
    # Little contrast, less where the ice is thick.
    "faint": Settings(
        particles=80,
        diameter=48,
        snr=0.4,
        contrast_spread=0.2,
        ice_gradient=1.2,
        ice_spread=0.3,
        defocus=(0.8, 2.4),
        astigmatism=0.1,
    ),
    # Two species, one of them rare, among dirt, aggregates and carbon.
    "contaminated": Settings(
        particles=70,
        species=("ribosome", "rod"),
        abundance=(0.8, 0.2),
        aggregates=4,
        contamination=8.0,
        carbon=0.6,
        diameter=56,
        snr=0.4,
        ice_gradient=0.6,
        ice_spread=0.2,
        defocus=(0.8, 2.6),
        astigmatism=0.1,
    ),
}
"""Settings by name: docs/simulate.md says what each is for."""

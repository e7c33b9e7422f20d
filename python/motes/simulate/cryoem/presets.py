"""Micrographs by name."""

from __future__ import annotations

from motes.simulate.cryoem.settings import Settings

PRESETS = {
    # The seed's synthetic setting as far as it tells it: 40 particles, SNR 0.05, 70 micrographs.
    # Nothing but particles and white noise.
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
    "crowded": Settings(
        particles=90,
        n_decoys=90,
        species=("tetramer",),
        decoys=("ring",),
        diameter=52,
        min_distance=0.75,
        snr=0.3,
        defocus=(0.8, 2.8),
        ice_gradient=0.5,
        contrast_spread=0.15,
        aggregates=2,
    ),
    "faint": Settings(
        particles=80,
        species=("ribosome",),
        diameter=48,
        snr=0.12,
        coloured=0.03,
        defocus=(0.6, 2.4),
        ice_gradient=1.0,
        ice_spread=0.3,
        astigmatism=0.1,
        contrast_spread=0.2,
    ),
    "contaminated": Settings(
        particles=70,
        species=("ribosome", "rod"),
        abundance=(0.8, 0.2),
        diameter=56,
        snr=0.3,
        carbon=0.6,
        contamination=8.0,
        aggregates=4,
        ice_gradient=0.6,
        ice_spread=0.2,
        astigmatism=0.1,
        defocus=(0.8, 2.6),
    ),
}

"""The keys and sections of Dragonfly's `config.ini`, and what becomes of each here."""

from __future__ import annotations

from typing import TypeAlias

Reason: TypeAlias = str

SECTION = "emc"
"""The section of the reconstruction; all others belong to programs that simulate, convert or classify."""

OTHERS = (
    *("parameters", "make_densities", "make_intensities", "make_detector", "make_data", "make_powder"),
    *("make_background", "classifier", "merge", "phaser"),
)
"""Sections that are known; their keys are looked up where `[emc]` refers to one, as `section:::key`."""

READ = (
    *("recon_type", "in_photons_file", "in_photons_list", "in_detector_file", "output_folder", "log_file"),
    *("num_rot", "num_modes", "num_nonrot_modes", "need_scaling", "update_scale", "scale_file"),
    *("beta", "beta_factor", "beta_schedule", "selection", "blacklist_file", "start_model_file", "gaussian_sigma"),
)
"""Keys that have a counterpart."""

POINTLESS: dict[str, Reason] = {
    "alpha": "no step lowers the likelihood, so that the model needs no inertia",
    "axial_sym": "a symmetry in three dimensions",
    "fixed_seed": "every run is seeded: --seed",
    "hdf5_output": "output is always HDF5",
    "in_quat_file": "orientations in three dimensions; num_rot counts those in the plane",
    "num_div": "orientations in three dimensions; num_rot counts those in the plane",
    "num_quat": "orientations in three dimensions; num_rot counts those in the plane",
    "oversampling": "the model has the shape of a pattern",
    "point_group": "a symmetry in three dimensions",
    "save_prob": "the saved result gives the probabilities when it is asked",
    "size": "the model has the shape of a pattern",
    "sym_icosahedral": "a symmetry in three dimensions",
    "sym_octahedral": "a symmetry in three dimensions",
    "verbosity": "--quiet, --log",
}
"""Keys without a meaning here, and why: they are told, and change nothing."""

REFUSED: dict[str, Reason] = {
    "background_file": "give the known background with the detector, from Python: motes.Detector(background=...)",
    "bgscale_file": "the background is the same in every pattern",
    "friedel_sym": "patterns are not taken to be symmetric about their centre",
    "in_detector_list": "one detector for all patterns: in_detector_file",
    "merge_photons_file": "the master is made from the patterns that were oriented",
    "num_shift_x": "patterns are not shifted",
    "num_shift_y": "patterns are not shifted",
    "radius": "mark the pixels beyond the radius as bad in the detector file, or with --mask",
    "radius_schedule": "mark the pixels beyond the radius as bad in the detector file, or with --mask",
    "shift_max_x": "patterns are not shifted",
    "shift_max_y": "patterns are not shifted",
}
"""Keys that would change the result in ways that are not there, and what to do instead: refused, unless they are 0."""

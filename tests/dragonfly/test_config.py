"""Dragonfly's config.ini: what is read, what is told, what is refused, and by which name."""

from __future__ import annotations

from pathlib import Path

import pytest

from motes import FormatError
from motes.dragonfly import read_config
from motes.dragonfly.keys import POINTLESS, READ, REFUSED

# Of the sample files that come with Dragonfly: an experiment, its detector made from [parameters].
EXPERIMENT = """# Sample
[parameters]
detd = 586
lambda = 7.75
detsize = 257 260
pixsize = 0.3

[make_detector]
in_mask_file = aux/mask.byt
out_detector_file = data/det.h5
center = 128 130

[emc]
recon_type = 2d
in_photons_list = runs.txt
in_detector_file = make_detector:::out_detector_file
num_rot = 180
num_modes = 12
num_nonrot_modes = 1
num_div = 10
output_folder = data/
log_file = logs/EMC.log
need_scaling = 1   # fluences
sym_icosahedral = 0
friedel_sym = 0
; deterministic annealing
beta = 0.001
beta_schedule = 1.41421356 10
selection = odd_only
blacklist_file = /absolute/blacklist.dat
start_model_file = data/output_010.h5
"""


def written(folder: Path, text: str) -> Path:
    (folder / "config.ini").write_text(text, encoding="utf-8")
    return folder / "config.ini"


def emc(folder: Path, *lines: str) -> Path:
    """A configuration that is whole but for what the lines say."""
    given = {line.partition("=")[0].strip() for line in lines}
    usual = {"recon_type": "2d", "in_photons_file": "a.emc", "num_rot": "8"}
    whole = [f"{key} = {value}" for key, value in usual.items() if key not in given]
    return written(folder, "\n".join(["[emc]", *whole, *lines, ""]))


def test_an_experiment_is_read(tmp_path):
    (tmp_path / "runs.txt").write_text("data/run1.emc\n\n/elsewhere/run2.h5\n")
    config = read_config(written(tmp_path, EXPERIMENT))
    assert config.photons == (tmp_path / "data/run1.emc", Path("/elsewhere/run2.h5"))
    assert config.detector == tmp_path / "data/det.h5"
    assert (config.num_rot, config.num_modes, config.num_nonrot_modes) == (180, 12, 1)
    assert config.need_scaling
    assert config.scale is None
    assert (config.beta, config.beta_factor, config.beta_schedule) == (0.001, 1.0, (1.41421356, 10))
    assert config.selection == "odd"
    assert config.blacklist == Path("/absolute/blacklist.dat")
    assert config.start_model == tmp_path / "data/output_010.h5"
    assert config.sigma is None
    assert (config.output_folder, config.log_file) == (tmp_path / "data", tmp_path / "logs/EMC.log")
    assert [note.partition(":")[0] for note in config.notes] == ["num_div", "sym_icosahedral"]


def test_what_is_not_given_is_as_dragonfly_has_it(tmp_path):
    config = read_config(emc(tmp_path))
    assert (config.num_modes, config.num_nonrot_modes, config.need_scaling) == (1, 0, False)
    assert (config.beta, config.beta_factor, config.beta_schedule) == (None, 1.0, (1.0, 100))
    assert (config.selection, config.blacklist, config.start_model, config.detector) == (None, None, None, None)
    assert (config.output_folder, config.log_file) == (tmp_path / "data", tmp_path / "EMC.log")
    assert config.notes == ()


def test_indented_lines_capitals_and_empty_values_are_no_trap(tmp_path):
    path = written(
        tmp_path, "  [emc]\n  recon_type=2D\n\tNum_Rot = 36\n  in_photons_file = a b.emc\n blacklist_file =\n"
    )
    config = read_config(path)
    assert (config.num_rot, config.blacklist) == (36, None)
    assert config.photons == (tmp_path / "a b.emc",)


def test_every_key_has_one_fate():
    assert not {*READ} & {*POINTLESS}
    assert not {*READ} & {*REFUSED}
    assert not {*POINTLESS} & {*REFUSED}


@pytest.mark.parametrize("key", POINTLESS)
def test_keys_without_a_meaning_are_told(tmp_path, key):
    assert read_config(emc(tmp_path, f"{key} = 3")).notes == (f"{key}: {POINTLESS[key]}",)


@pytest.mark.parametrize("key", REFUSED)
def test_what_would_change_the_result_is_refused_unless_it_is_off(tmp_path, key):
    assert read_config(emc(tmp_path, f"{key} = 0")).notes == ()
    with pytest.raises(FormatError, match=rf"config\.ini: \[emc\] {key}: can not be done: "):
        read_config(emc(tmp_path, f"{key} = 7"))


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["num_rots = 3"], "[emc] num_rots: there is no such key; did you mean num_rot?"),
        (["recon_type = 3d"], "[emc] recon_type: is '3d'; motes reconstructs in the plane, recon_type = 2d"),
        (["in_photons_list = b.txt"], "[emc] in_photons_list: given with in_photons_file; expected one of the two"),
        (["num_rot = "], "[emc] num_rot: needed, and not there"),
        (["num_rot = 0"], "[emc] num_rot: expected a whole number, 1 to 1000000, got '0'"),
        (["num_rot = 3.5"], "[emc] num_rot: expected a whole number, 1 to 1000000, got '3.5'"),
        (["num_modes = -1"], "[emc] num_modes: expected a whole number, 1 to 1000000, got '-1'"),
        (["num_modes = ²"], "[emc] num_modes: expected a whole number, 1 to 1000000, got '²'"),
        (["need_scaling = 2"], "[emc] need_scaling: expected 1 or 0, got '2'"),
        (["update_scale = 0"], "[emc] update_scale: 0 asks for known fluences, need_scaling = 0 for none"),
        (["update_scale = 0", "need_scaling = 1"], "[emc] update_scale: 0 asks for known fluences, and there is no"),
        (["gaussian_sigma = 1", "need_scaling = 1"], "[emc] gaussian_sigma: fluences (need_scaling = 1) are those of"),
        (["gaussian_sigma = -1"], "[emc] gaussian_sigma: expected a number of 0 or more, got '-1'"),
        (["beta = 0"], "[emc] beta: expected a number above 0, got '0'"),
        (["beta = nan"], "[emc] beta: expected a number above 0, got 'nan'"),
        (["beta = 1_0"], "[emc] beta: expected a number above 0, got '1_0'"),
        (["beta_schedule = 1.4"], "[emc] beta_schedule: expected a factor and every how many iterations, got '1.4'"),
        (["beta_schedule = 1.4 0"], "[emc] beta_schedule: expected a whole number, 1 to 1000000, got '0'"),
        (["selection = all"], "[emc] selection: expected odd_only or even_only, got 'all'"),
        (["num_modes = 2", "num_modes = 3"], "line 6: [emc] num_modes is given for the second time"),
        (["[emc]"], "line 5: section [emc] begins for the second time"),
        (["[simulate]"], "[simulate]: there is no such section"),
        (["[DEFAULT]", "num_modes = 3"], "[DEFAULT]: there is no such section"),
        (["what is this"], "line 5: expected key = value"),
        (
            ["in_detector_file = make_detector:::out_file", "[make_detector]"],
            "[emc] in_detector_file: refers to make_detector:::out_file, and there is no out_file in [make_detector]",
        ),
        (
            ["in_detector_file = emc:::in_detector_file"],
            "[emc] in_detector_file: refers to itself: emc:::in_detector_file -> emc:::in_detector_file",
        ),
        (
            ["in_photons_file = merge:::in_photons_file", "[merge]", "in_photons_file = emc:::in_photons_file"],
            "[emc] in_photons_file: refers to itself: ",
        ),
    ],
)
def test_refusals_name_the_key(tmp_path, lines, told):
    path = emc(tmp_path, *lines)
    with pytest.raises(FormatError) as refused:
        read_config(path)
    assert str(refused.value).startswith(f"{path}: {told}")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("num_rot = 3\n", "line 1: expected a section, such as [emc]"),
        ("[parameters]\ndetd = 3\n", "has no section [emc], which says how to reconstruct"),
        ("[emc]\nnum_rot = 3\n", "[emc] recon_type: is 3d where it is not given; motes reconstructs in the plane"),
        ("", "is empty"),
        ("[emc]\0\n", "holds a zero byte at 5, expected text"),
    ],
)
def test_refusals_of_the_file(tmp_path, text, told):
    path = written(tmp_path, text)
    with pytest.raises(FormatError) as refused:
        read_config(path)
    assert str(refused.value).startswith(f"{path}: {told}")


def test_a_list_that_is_empty_or_not_there(tmp_path):
    path = emc(tmp_path, "in_photons_file = ", "in_photons_list = runs.txt")
    with pytest.raises(FileNotFoundError, match=r"runs\.txt"):
        read_config(path)
    (tmp_path / "runs.txt").write_text("\n \n")
    with pytest.raises(FormatError, match=r"runs\.txt: names no file"):
        read_config(path)


def test_a_fluence_that_is_known_stays(tmp_path):
    known = read_config(emc(tmp_path, "need_scaling = 1", "update_scale = 0", "scale_file = data/output_003.h5"))
    assert known.scale == tmp_path / "data/output_003.h5"
    begun = read_config(emc(tmp_path, "need_scaling = 1", "scale_file = data/output_003.h5"))
    assert begun.scale is None
    assert begun.notes[0].startswith("scale_file: ")


def test_a_reference_is_followed_through_sections(tmp_path):
    others = "[make_data]\nout_photons_file = a.emc\n[merge]\nin_photons_file = make_data:::out_photons_file\n"
    path = written(
        tmp_path, "[emc]\nrecon_type = 2d\nnum_rot = 4\nin_photons_file = merge:::in_photons_file\n" + others
    )
    assert read_config(path).photons == (tmp_path / "a.emc",)

"""Dragonfly's output_NNN.h5: written whole, read back, and refused where it is none."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import motes
from motes.dragonfly import Output, read_model, read_output, write_output
from motes.dragonfly.results import output_of

h5py = pytest.importorskip("h5py", reason="HDF5 needs h5py")


def made_up(n_patterns=7, n_models=2, shape=(5, 5)) -> Output:
    rng = np.random.default_rng(0)
    return Output(
        intens=rng.random((n_models, *shape)),
        orientations=rng.integers(-1, 9, n_patterns, dtype=np.int32),
        likelihood=rng.normal(size=n_patterns),
        mutual_info=rng.random(n_patterns),
        occupancies=rng.dirichlet(np.ones(n_models), n_patterns),
        scale=rng.random(n_patterns),
    )


def assert_same(one: Output, other: Output) -> None:
    for field in dataclasses.fields(Output):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name))


@pytest.mark.parametrize("n_patterns", [0, 1, 7])
def test_round_trip(tmp_path, n_patterns):
    output = made_up(n_patterns)
    write_output(tmp_path / "output_001.h5", output)
    assert_same(read_output(tmp_path / "output_001.h5"), output)
    with h5py.File(tmp_path / "output_001.h5") as file:  # names and types that Dragonfly's own programs look for
        told = {name: (file[name].dtype.str, file[name].ndim) for name in file}
    one, two, three = ("<f8", 1), ("<f8", 2), ("<f8", 3)
    expected = {"intens": three, "orientations": ("<i4", 1), "likelihood": one, "mutual_info": one}
    assert told == expected | {"occupancies": two, "scale": one}


def test_what_one_model_of_one_fluence_lacks(tmp_path):
    output = dataclasses.replace(made_up(), occupancies=None, scale=None)
    write_output(tmp_path / "a.h5", output)
    assert_same(read_output(tmp_path / "a.h5"), output)
    assert "scale" not in h5py.File(tmp_path / "a.h5")


def test_what_dragonfly_adds_is_no_hindrance(tmp_path):
    write_output(tmp_path / "a.h5", made_up())
    with h5py.File(tmp_path / "a.h5", "a") as file:
        file["inter_weight"] = np.ones((2, 5, 5))
        file["probabilities/num_rot"] = [4]
    assert_same(read_output(tmp_path / "a.h5"), made_up())


def test_a_file_that_can_not_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    write_output(tmp_path / "a.h5", made_up())
    before = (tmp_path / "a.h5").read_bytes()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("h5py.Dataset.write_direct", full)
    with pytest.raises(OSError, match="No space left"):
        write_output(tmp_path / "a.h5", made_up(n_patterns=3))
    assert (tmp_path / "a.h5").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.h5"]


def changed(**arrays):
    def change(file):
        for name, value in arrays.items():
            del file[name]
            if value is not None:
                file[name] = value

    return change


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (changed(intens=None), "intens missing, or no numbers of 3 axes"),
        (changed(intens=np.ones((5, 5))), "intens missing, or no numbers of 3 axes"),
        (changed(intens=np.full((2, 5, 5), np.nan)), "intens: expected finite numbers"),
        (changed(intens=np.ones((0, 5, 5))), "intens: expected models, got shape (0, 5, 5)"),
        (changed(orientations=np.zeros(7)), "orientations missing, or no numbers of 1 axes"),
        (changed(orientations=np.full(7, -2)), "orientations: expected -1 or more, got -2"),
        (changed(orientations=np.full(7, 2**40)), "orientations: numbers of more than 31 bits"),
        (changed(likelihood=np.zeros(6)), "likelihood: 6 rows, but there are 7 orientations"),
        (changed(mutual_info=np.full(7, np.inf)), "mutual_info: expected finite numbers"),
        (changed(mutual_info=np.array([b"a"] * 7)), "mutual_info missing, or no numbers of 1 axes"),
        (changed(occupancies=np.ones((7, 3))), "occupancies: of 3 models, but intens holds 2"),
        (changed(occupancies=np.full((7, 2), 1.5)), "occupancies: expected probabilities, 0 to 1"),
        (changed(scale=np.full(7, -1.0)), "scale: expected numbers of 0 or more"),
    ],
)
def test_refusals(tmp_path, change, told):
    path = tmp_path / "a.h5"
    write_output(path, made_up())
    with h5py.File(path, "a") as file:
        change(file)
    with pytest.raises(motes.FormatError) as refused:
        read_output(path)
    assert str(refused.value).startswith(f"{path}: {told}")


def test_a_size_that_the_file_does_not_have_is_refused(tmp_path):
    write_output(tmp_path / "a.h5", made_up())
    with h5py.File(tmp_path / "a.h5", "a") as file:
        del file["intens"]
        file.create_dataset("intens", (1, 2**20, 2**20), np.float64)  # never written: 8 TB of zeros
    with pytest.raises(motes.FormatError, match="intens: a HDF5 bomb"):
        read_output(tmp_path / "a.h5")


def test_models_to_start_from(tmp_path):
    output = made_up(shape=(7, 7))
    write_output(tmp_path / "a.h5", output)
    np.testing.assert_array_equal(read_model(tmp_path / "a.h5", (7, 7)), output.intens)
    np.testing.assert_array_equal(read_model(tmp_path / "a.h5", (5, 5)), output.intens[:, 1:-1, 1:-1])
    (tmp_path / "a.bin").write_bytes(output.intens.tobytes())
    np.testing.assert_array_equal(read_model(tmp_path / "a.bin", (7, 7)), output.intens)
    with pytest.raises(motes.FormatError, match="models of 7x7 pixels, expected 6x6, or larger by an even number"):
        read_model(tmp_path / "a.h5", (6, 6))
    with pytest.raises(motes.FormatError, match=r"784 bytes, expected HDF5 with intens, or models of 5x5 float64"):
        read_model(tmp_path / "a.bin", (5, 5))
    (tmp_path / "a.bin").write_bytes(np.full((7, 7), np.nan).tobytes())
    with pytest.raises(motes.FormatError, match="expected models of finite numbers"):
        read_model(tmp_path / "a.bin", (7, 7))


@pytest.fixture(scope="module")
def fitted():
    truth = motes.simulate.scaled(motes.simulate.portrait(9), 30.0)
    drawn = motes.simulate.patterns(truth, 400, noise="poisson", seed=2)
    patterns = motes.Patterns.from_coo(drawn.rows, drawn.cols, counts=drawn.counts, shape=(9, 9), n_patterns=400)
    return patterns, motes.reconstruct(patterns, noise="poisson", weights="estimate", seed=1)


def test_a_reconstruction_as_dragonfly_would_keep_it(fitted):
    from scipy.stats import poisson

    patterns, result = fitted
    output = output_of(result, patterns)
    np.testing.assert_array_equal(output.intens, result.master[None])
    np.testing.assert_array_equal(output.orientations, result.labels)
    templates = result.rotations.expand(result.master)
    log_p = poisson.logpmf(patterns.to_dense()[:, None], templates).sum(axis=(2, 3))
    joint = np.exp(log_p) * result.weights
    evidence = joint.sum(axis=1)
    gamma = joint / evidence[:, None]
    np.testing.assert_allclose(output.likelihood, np.log(evidence), atol=2e-4)  # with -ln x!, float32 scores
    information = (gamma * np.log(np.maximum(gamma, 1e-300) / result.weights)).sum(axis=1)
    np.testing.assert_allclose(output.mutual_info, information, atol=1e-4)
    np.testing.assert_allclose(output.occupancies, np.ones((400, 1)), atol=1e-6)


def test_patterns_that_were_left_out_are_told_in_their_places(fitted):
    patterns, result = fitted
    kept = np.zeros(500, bool)
    kept[::5], kept[1::5], kept[2::5], kept[3::5] = (True,) * 4
    output, whole = output_of(result, patterns, kept), output_of(result, patterns)
    np.testing.assert_array_equal(output.orientations[kept], whole.orientations)
    np.testing.assert_array_equal(output.likelihood[kept], whole.likelihood)
    assert (output.orientations[~kept] == -1).all()
    assert np.isnan(output.mutual_info[~kept]).all()
    assert repr(output) == "Output(1 models of 9x9 pixels, 500 patterns, 100 left out)"
    with pytest.raises(ValueError, match="kept: names 500 patterns, 400 patterns were fitted, and there are 400"):
        output_of(result, patterns, np.ones(500, bool))


def test_a_mixture_as_dragonfly_would_keep_it():
    """Two classes at six angles and one that does not rotate, all of it once more from the definition."""
    from scipy.stats import poisson

    from mixtures import drawn

    masters = [motes.simulate.scaled(motes.simulate.portrait(9), 40.0), np.full((9, 9), 0.4)]
    patterns, _ = drawn(masters, motes.Rotations.in_plane(6), 300, seed=3)
    result = motes.reconstruct(patterns, "in-plane:6", "poisson", classes=2, still_classes=1, max_iterations=5, seed=2)
    output = output_of(result, patterns)
    templates = result.templates()
    support = motes.Rotations.in_plane(6).support((9, 9))
    log_p = poisson.logpmf(patterns.to_dense()[:, None], np.maximum(templates, 1e-300))[:, :, support].sum(axis=2)
    prior = np.concatenate([(result.class_weights[:2, None] * result.weights[:2]).ravel(), result.class_weights[2:]])
    joint = np.exp(log_p) * prior
    evidence = joint.sum(axis=1)
    gamma = joint / evidence[:, None]
    np.testing.assert_allclose(output.likelihood, np.log(evidence), atol=1e-3)
    information = (gamma * np.log(np.maximum(gamma, 1e-300) / prior)).sum(axis=1)
    np.testing.assert_allclose(output.mutual_info, information, atol=1e-3)
    of_class = np.stack([gamma[:, :6].sum(axis=1), gamma[:, 6:12].sum(axis=1), gamma[:, 12]], axis=1)
    np.testing.assert_allclose(output.occupancies, of_class, atol=1e-3)
    kinds, turns = result.labels.T
    assert set(kinds) >= {0, 1}
    # models first: r * num_modes + mode, and after all of these the models that do not rotate
    np.testing.assert_array_equal(output.orientations, np.where(kinds < 2, 2 * turns + kinds, 12))
    assert output.intens.shape == (3, 9, 9)
    assert np.isfinite(output.intens).all()
    assert output.scale is None


def test_fluences_are_kept_as_scale():
    from scipy.stats import poisson

    from mixtures import drawn

    turns = motes.Rotations.in_plane(6)
    patterns, _ = drawn([motes.simulate.scaled(motes.simulate.portrait(9), 40.0)], turns, 200, seed=3)
    result = motes.reconstruct(patterns, turns, "poisson", fluence="estimate", max_iterations=4, seed=2)
    output = output_of(result, patterns)
    np.testing.assert_array_equal(output.scale, result.fluence)
    means = np.maximum(result.templates() * result.fluence[:, None, None, None], 1e-300)
    inside = turns.support((9, 9))
    log_p = poisson.logpmf(patterns.to_dense()[:, None], means)[:, :, inside].sum(axis=2)
    evidence = (np.exp(log_p) * result.weights[0]).sum(axis=1)
    np.testing.assert_allclose(output.likelihood, np.log(evidence), atol=1e-3)


def test_dense_patterns():
    from motes import DensePatterns

    rng = np.random.default_rng(0)
    values = motes.C4.expand(motes.simulate.portrait(9))[rng.integers(0, 4, 50)] + 0.1 * rng.normal(size=(50, 9, 9))
    patterns = DensePatterns(values)
    result = motes.reconstruct(patterns, "C4", motes.Gaussian(0.1), max_iterations=4)
    output = output_of(result, patterns)
    np.testing.assert_allclose(output.likelihood, result.assign(patterns).log_likelihood)
    np.testing.assert_array_equal(output.orientations, result.labels[:, 1])

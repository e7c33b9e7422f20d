"""Figures say what they show: axes, units, scales, and the truth turned as the estimate is."""

from __future__ import annotations

import dataclasses
import io
import sys
from subprocess import run

import numpy as np
import pytest

import motes
from motes import plotting, simulate
from motes.plotting.style import BLUE
from motes.reconstruction.result import many
from motes.truth import Truth, compare


@pytest.fixture(scope="module")
def story():
    """A reconstruction with two starts, its patterns and its truth."""
    drawn = simulate.task_patterns(7, n_patterns=3000, seed=2)
    patterns = motes.Patterns.from_coo(drawn.rows, drawn.cols, shape=(25, 25), n_patterns=3000)
    return motes.reconstruct(patterns, restarts=2), patterns, Truth(drawn.master, drawn.labels)


def titled(figure, title):
    (axes,) = [axes for axes in figure.axes if axes.get_title("left") == title]
    return axes


def shown(figure, title):
    return titled(figure, title).images[0]


def test_master_shows_estimate_and_error(story):
    result, _, _ = story
    figure = plotting.master(result)
    np.testing.assert_array_equal(shown(figure, "Reconstruction").get_array(), result.master)
    np.testing.assert_array_equal(shown(figure, "Standard error").get_array(), result.std_error)
    assert [axes.get_ylabel() for axes in figure.axes] == ["row (pixel)"] * 2
    assert [bar.get_ylabel() for axes in figure.axes for bar in axes.child_axes] == ["photons per pixel"] * 2


@pytest.mark.parametrize("turn", range(4))
def test_master_shows_the_truth_turned_alike_on_one_scale(story, turn):
    result, _, truth = story
    figure = plotting.master(result, motes.C4.turn_master(truth.master, turn))
    expected = compare(result, truth).master
    np.testing.assert_array_equal(shown(figure, "The truth, turned alike").get_array(), expected)
    assert shown(figure, "The truth, turned alike").get_clim() == shown(figure, "Reconstruction").get_clim()
    deviation = shown(figure, "Reconstruction less truth").get_array()
    np.testing.assert_allclose(deviation, (result.master - expected) / result.std_error)


def test_unseen_pixels_stand_out(story):
    result, _, truth = story
    seen = np.ones((25, 25), bool)
    seen[12, 12] = False
    blind = np.where(seen, result.master, np.nan), np.where(seen, result.std_error, np.nan)
    blinded = dataclasses.replace(result, master=blind[0], std_error=blind[1], seen=seen)
    for figure in (plotting.master(blinded), plotting.master(blinded, truth.master)):
        image = shown(figure, "Reconstruction, blue where never seen")
        assert np.all(np.isfinite(image.get_clim()))
        red, green, blue, _ = image.get_cmap()(image.norm(image.get_array()))[12, 12]
        assert not red == green == blue


def test_convergence_shows_every_start(story):
    result, _, _ = story
    figure = plotting.convergence(result)
    (axes,) = figure.axes
    assert len(axes.lines) == 2
    assert axes.get_yscale() == "log"
    assert "sweeps" in axes.get_xlabel()
    assert "nats per pattern" in axes.get_ylabel()
    best = max(record["log_likelihood"] for record in result.history)
    for line in axes.lines:
        for sweeps, gap in zip(*line.get_data(), strict=True):
            assert any(
                record["sweeps"] == sweeps and best - record["log_likelihood"] == pytest.approx(gap)
                for record in result.history
            )


def test_convergence_goes_on_to_the_sweeps_it_tells(story):
    """The last iterations gain nothing, so that no logarithmic axis has a place for them."""
    result, _, _ = story
    (axes,) = plotting.convergence(result).axes
    told = f"Converged after {many(result.sweeps, 'sweep')} in {many(result.iterations, 'iteration')}, "
    assert axes.get_title("left").startswith(told)
    (blue,) = [line for line in axes.lines if line.get_color() == BLUE]
    (circles,) = axes.collections
    drawn = sorted([*blue.get_xdata(), *np.asarray(circles.get_offsets())[:, 0]])
    (best,) = {record["restart"] for record in result.history if record["log_likelihood"] == result.log_likelihood}
    assert drawn == [record["sweeps"] for record in result.history if record["restart"] == best]
    assert drawn[-1] == result.sweeps
    assert len(drawn) == result.iterations
    assert axes.get_xlim()[1] > max(record["sweeps"] for record in result.history)


def test_a_climb_on_a_sample_is_not_drawn(story):
    """Its likelihood is another's: of fewer patterns, and often higher."""
    result, _, _ = story
    on_sample = {"restart": 0, "sweeps": 0, "log_likelihood": result.log_likelihood + 0.1}
    sampled = dataclasses.replace(result, history=(result.history[0] | on_sample, *result.history))
    (axes,), (before,) = plotting.convergence(sampled).axes, plotting.convergence(result).axes
    assert len(axes.lines) == len(before.lines)
    for line, same in zip(axes.lines, before.lines, strict=True):
        added = len(line.get_xdata()) - len(same.get_xdata())  # where the sample led: lower by what the next step won
        np.testing.assert_array_equal(np.array(line.get_data())[:, added:], same.get_data())
        assert line.get_xdata()[:added].tolist() == [1.0] * added
    assert sum(len(line.get_xdata()) for line in axes.lines) == 1 + sum(len(line.get_xdata()) for line in before.lines)
    nothing = dataclasses.replace(result, history=sampled.history[:1])
    assert "no step gained anything" in [text.get_text() for text in plotting.convergence(nothing).axes[0].texts]


@pytest.mark.parametrize(
    ("change", "title"),
    [
        ({}, "Converged after"),
        ({"converged": False}, "Not converged after"),
        ({"converged": False, "interrupted": True}, "Interrupted after"),
        ({"history": ()}, "Converged after"),
    ],
)
def test_convergence_says_how_it_ended(story, change, title):
    figure = plotting.convergence(dataclasses.replace(story[0], **change))
    assert figure.axes[0].get_title("left").startswith(title)
    figure.savefig(io.BytesIO())


def test_one_iteration_gains_nothing_over_itself(story):
    figure = plotting.convergence(dataclasses.replace(story[0], history=story[0].history[:1]))
    assert "no step gained anything" in [text.get_text() for text in figure.axes[0].texts]
    figure.savefig(io.BytesIO())


def test_sweeps_are_whole_numbers(story):
    result, _, _ = story
    short = dataclasses.replace(result, history=tuple(r | {"sweeps": r["iteration"]} for r in result.history[:2]))
    for shown_result in (result, short):
        (axes,) = plotting.convergence(shown_result).axes
        assert all(float(tick).is_integer() for tick in axes.get_xticks())


def test_a_few_extreme_errors_do_not_darken_the_map(story):
    result, patterns, truth = story
    errors = result.std_error.copy()
    errors[0, 0], errors[0, 1] = 1e3, np.nan
    stretched = dataclasses.replace(result, std_error=errors)
    for figure in (plotting.master(stretched), plotting.demo(stretched, patterns, truth)):
        low, high = shown(figure, "Standard error").get_clim()
        assert np.nanmin(errors) <= low < high <= 1.01 * result.std_error.max()


def test_a_result_without_error_bars_is_drawn(story):
    result, _, truth = story
    plotting.master(dataclasses.replace(result, std_error=np.full((25, 25), np.nan)), truth.master).savefig(
        io.BytesIO()
    )


def test_errors_that_are_not_there_are_told_in_words(story):
    hard = motes.reconstruct(story[1], method="hard-em", max_iterations=2)
    for result, why in ((hard, "hard assignment is biased"), (dataclasses.replace(hard, notes=()), "not computed")):
        for figure in (plotting.master(result), plotting.demo(result, *story[1:])):
            (text,) = titled(figure, "Standard error").texts
            assert why in text.get_text().replace("\n", " ")


def test_a_fit_that_gained_nothing_says_so(story):
    result = dataclasses.replace(story[0], history=story[0].history[:1])
    (axes,) = plotting.convergence(result).axes
    assert [text.get_text() for text in axes.texts] == ["no step gained anything"]


def test_demo_tells_the_story_upright(story):
    result, patterns, truth = story
    figure = plotting.demo(result, patterns, truth)
    comparison = compare(result, truth)
    np.testing.assert_array_equal(shown(figure, "The truth").get_array(), truth.master)
    np.testing.assert_array_equal(shown(figure, "Their average").get_array(), patterns.mean_image())
    upright = shown(figure, "Reconstruction").get_array()
    assert np.linalg.norm(upright - truth.master) == pytest.approx(np.linalg.norm(result.master - comparison.master))
    np.testing.assert_array_equal(shown(figure, "The first 8 patterns").get_array(), patterns[0])
    words = [text.get_text() for text in figure.texts]
    for expected in ("3,000", f"{comparison.error:.1%}", f"{result.error_bound:.1%}", f"{comparison.accuracy:.1%}"):
        assert expected in words


def test_demo_does_with_little(story):
    result, patterns, truth = story
    figure = plotting.demo(dataclasses.replace(result, n_patterns=2), patterns[:2], Truth(truth.master, None))
    assert titled(figure, "The first 2 patterns")
    assert "orientations found" not in [text.get_text() for text in figure.texts]


def test_plots_leave_no_global_state(story):
    import matplotlib

    before = dict(matplotlib.rcParams)
    plotting.master(story[0])
    plotting.convergence(story[0])
    assert dict(matplotlib.rcParams) == before
    code = "import sys, motes.plotting; assert not {'matplotlib.pyplot', 'matplotlib'} & set(sys.modules)"
    run([sys.executable, "-c", code], check=True)


def test_limits_show_the_bound_the_threshold_and_the_target():
    master = simulate.scaled(simulate.creature(9, seed=1), 15.0)
    plan = motes.limits.plan(master, 100, target_error=0.05)
    (axes,) = [axes for axes in plotting.limits(plan).axes if axes.get_xlabel() == "number of patterns"]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert axes.get_title("left") == "Not solvable by maximum likelihood from 100 patterns"
    lines = {line.get_label(): line.get_xydata() for line in axes.lines}
    lost, reached = lines["bound, not sure to be reached"], lines["bound, reached within 10%"]
    assert lost[-1, 0] == reached[0, 0] == plan.solvable_from
    assert motes.limits.cramer_rao(master, int(reached[-1, 0])).relative_error == pytest.approx(reached[-1, 1])
    (shaded,) = axes.patches
    assert shaded.get_x() + shaded.get_width() == plan.solvable_from
    np.testing.assert_allclose(lines[f"target 0.05: {plan.patterns_needed:,} patterns"], [[plan.patterns_needed, 0.05]])
    np.testing.assert_allclose(
        lines[f"100 patterns: {plan.bound.relative_error:.3g}"], [[100, plan.bound.relative_error]]
    )


def test_words_stay_on_their_shade():
    """A narrow band has no room for them."""
    master = simulate.scaled(simulate.creature(9, seed=1), 15.0)
    for n_patterns, room in ((100, True), (30_000, True), (10**7, False)):
        figure = plotting.limits(motes.limits.plan(master, n_patterns))
        figure.draw_without_rendering()
        axes = figure.axes[0]
        (shade,) = axes.patches
        for text in axes.texts:
            assert text.get_window_extent().x1 < shade.get_window_extent().x1
        assert bool(axes.texts) == room


@pytest.mark.parametrize(("share", "told"), [(0.9995, "99.95%"), (0.99999, "> 99.99%"), (1.0, "100.00%")])
def test_only_all_is_100_percent(share, told):
    plan = motes.limits.plan(simulate.scaled(simulate.creature(9, seed=1), 15.0), 10**5)
    figure = plotting.limits(dataclasses.replace(plan, expected_accuracy=share))
    assert told in [text.get_text() for text in figure.texts]


def test_limits_of_a_flat_master_are_drawn_too(tmp_path):
    figure = plotting.limits(motes.limits.plan(np.full((5, 5), 0.2), 100))
    figure.savefig(tmp_path / "limits.png")
    assert any(text.get_text() == "no finite bound" for axes in figure.axes for text in axes.texts)


def test_task5_shows_the_expressions():
    figure = plotting.task5()
    ratios = titled(figure, "Upright, against a quarter turn")
    (one,) = [line for line in ratios.lines if line.get_label() == "λ = 0.5"]
    beta, ratio = one.get_xydata().T
    np.testing.assert_allclose(ratio, (1 - beta / 2) / (beta / 2))
    scatter = titled(figure, "16 pixels, 3 bright: λ = 0.6, β = 0.4")
    mean = motes.limits.task5.mean_log_likelihood(0.6, 0.4, 16, 3)
    assert any(line.get_xdata()[0] == pytest.approx(mean) for line in scatter.lines)


def test_progress_shows_errors_the_line_and_the_target():
    numbers, errors = [1000, 2000, 4000, 9000], [np.inf, 0.6, 0.4, 0.25]
    figure = plotting.progress(numbers, errors, target_error=0.05, needed=225_000)
    (axes,) = figure.axes
    told = {line.get_label(): line for line in axes.lines}
    np.testing.assert_array_equal(told["pictures"].get_xydata(), np.column_stack([numbers[1:], errors[1:]]))
    x, y = told["as 1 / sqrt(patterns), through the last"].get_xydata().T
    np.testing.assert_allclose(y * np.sqrt(x), 0.25 * np.sqrt(9000))
    np.testing.assert_array_equal(told["target 0.05: 225,000 patterns"].get_xydata(), [[225_000, 0.05]])
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert axes.get_title("left") == "9,000 patterns: error 0.25, some 220k more needed"
    assert axes.get_xlim()[1] > 225_000
    assert axes.get_ylim()[0] < 0.05


def test_progress_without_a_picture():
    figure = plotting.progress([500], [np.inf], target_error=0.05)
    assert figure.axes[0].get_title("left") == "500 patterns: no picture yet"
    assert [text.get_text() for text in figure.axes[0].texts] == ["no picture yet"]
    figure.savefig(io.BytesIO(), format="png")


def test_progress_that_reached_its_target():
    figure = plotting.progress([500, 800], [0.2, 0.1], target_error=0.1, needed=790)
    assert figure.axes[0].get_title("left") == "800 patterns: error 0.1, target reached"
    with pytest.raises(ValueError, match="error: expected one for each"):
        plotting.progress([500], [0.1, 0.2])

"""PhosaurusNet is the table's, layer by layer; what its loss teaches; and that it learns."""

from __future__ import annotations

import re

import numpy as np
import pytest

from discs import circles as circles_of_diameter
from discs import discs
from motes import FormatError, picking
from motes.io.npy import array_table
from motes.io.npz import open_archive, write_npz
from motes.pickers import Labelled, NotFittedError, PhosaurusPicker, Picker
from motes.pickers.networks import grid, phosaurus
from motes.pickers.networks.phosaurus_table import filters
from motes.pickers.networks.targets import EMPTY, PARTICLE, REJECTED, UNLABELLED, weights

torch = pytest.importorskip("torch", reason="torch is an extra")

from motes.pickers.networks import lanes as lanes_module  # noqa: E402
from motes.pickers.networks.norm import BatchNorm, settle  # noqa: E402
from motes.pickers.networks.phosaurus_net import PhosaurusNet  # noqa: E402
from motes.pickers.networks.yolo_loss import yolo_loss  # noqa: E402

# Table 2-1 of seed 001 for an input of 1024 x 1024, written out again: layer, kernel, side and filters of its output.
TABLE = [
    (1, 3, 1024, 32), (2, 3, 512, 64), (3, 3, 256, 128), (4, 1, 256, 64), (5, 3, 256, 128), (6, 3, 128, 256),
    (7, 1, 128, 128), (8, 3, 128, 256), (9, 3, 64, 512), (10, 1, 64, 256), (11, 3, 64, 512), (12, 1, 64, 256),
    (13, 3, 64, 512), (14, 3, 32, 1024), (15, 1, 32, 512), (16, 3, 32, 1024), (17, 1, 32, 512), (18, 3, 32, 1024),
    (19, 3, 32, 1024), (20, 3, 32, 1024), (21, 1, 64, 256), (22, 3, 64, 1024),
]  # fmt: skip
DISC = 28.0
SMALL = {"width": 0.06, "crop": 96, "batch": 4, "steps": 120}


def traced(network, image):
    """The output of the network, and what went into and came out of each of its layers."""
    seen = {}
    for name, layer in network.layers.items():
        layer.register_forward_hook(lambda _, entered, left, name=name: seen.update({name: (entered[0], left)}))
    return network.eval()(image), seen


@pytest.fixture(scope="module")
def whole():
    """The table's own network, its layers traced at the table's own size without computing anything."""
    with torch.device("meta"):
        return traced(PhosaurusNet(), torch.zeros(1, 1, 1024, 1024))


@pytest.mark.parametrize(("number", "kernel", "side", "n"), TABLE)
def test_every_layer_is_as_in_the_table(whole, number, kernel, side, n):
    _, seen = whole
    with torch.device("meta"):
        layer = PhosaurusNet().layers[str(number)]
    assert tuple(seen[str(number)][1].shape) == (1, n, side, side)
    assert layer.convolution.kernel_size == (kernel, kernel)
    assert layer.convolution.stride == (1, 1)
    assert isinstance(layer.norm, BatchNorm)


def test_layers_20a_to_the_detection_are_as_in_the_table(whole):
    output, seen = whole
    assert tuple(seen["21"][0].shape) == (1, 512, 64, 64)  # the output of 13
    assert tuple(seen["22"][0].shape) == (1, 1280, 64, 64)  # 20a and 21
    assert tuple(output.shape) == (1, 6, 64, 64)


def test_the_network_has_the_weights_of_its_table(whole):
    with torch.device("meta"):
        network = PhosaurusNet()
    entering = {1: 1, 21: 512, 22: 1280} | {number: n for (number, _, _, n) in [(t[0] + 1, *t[1:]) for t in TABLE[:19]]}
    expected = sum(entering[number] * kernel**2 * n + 2 * n for number, kernel, _, n in TABLE) + 1024 * 6 + 6
    assert sum(parameter.numel() for parameter in network.parameters()) == expected


def test_the_route_is_layer_13_and_the_coarse_half_is_doubled():
    torch.manual_seed(0)
    network = PhosaurusNet(0.05)
    settle(network, [torch.randn(1, 1, 64, 96)])
    _, seen = traced(network, torch.randn(1, 1, 64, 96))
    torch.testing.assert_close(seen["21"][0], seen["13"][1])
    torch.testing.assert_close(seen["14"][0], torch.nn.functional.max_pool2d(seen["13"][1], 2))
    n = filters(0.05)[20]
    doubled = seen["20"][1].repeat_interleave(2, 2).repeat_interleave(2, 3)
    torch.testing.assert_close(seen["22"][0][:, :n], doubled)
    torch.testing.assert_close(seen["22"][0][:, n:], seen["21"][1])
    x = seen["9"][0]
    block = network.layers["9"]
    normed = block.norm(block.convolution(x))
    torch.testing.assert_close(seen["9"][1], torch.where(normed > 0, normed, 0.1 * normed))


def test_dropout_drops_a_fifth_in_training_and_nothing_after():
    from motes.pickers.networks.dropout import Dropout, seed_dropout

    layer, ones = Dropout(0.2), torch.ones(1, 10, 100, 100)
    seed_dropout(3)
    dropped = layer(ones)
    seed_dropout(3)
    torch.testing.assert_close(layer(ones), dropped, rtol=0, atol=0)
    assert set(dropped.unique().tolist()) == {0.0, 1.25}
    assert abs((dropped == 0).float().mean().item() - 0.2) < 0.01
    torch.testing.assert_close(layer.eval()(ones), ones, rtol=0, atol=0)


def test_settled_statistics_are_those_of_the_images():
    torch.manual_seed(1)
    norm = BatchNorm(3)
    images = [torch.randn(1, 3, 8, 8) * 3 + 5 for _ in range(4)]
    network = torch.nn.Sequential(norm)
    settle(network, images)
    every = torch.cat(images)
    torch.testing.assert_close(norm.mean, every.mean((0, 2, 3)))
    torch.testing.assert_close(norm.variance, every.var((0, 2, 3), correction=0), rtol=1e-4, atol=1e-4)
    assert not network.training


def taught(particles, rejected=(), *, complete=False, side=64, anchor=20.0, mask=None):
    """Target and classes of one crop."""
    places = np.array(particles, float).reshape(-1, 2)
    return grid.cells(
        side, places, np.full(len(places), 20.0), np.array(rejected, float).reshape(-1, 2), anchor=anchor,
        complete=complete, mask=np.ones((side, side), bool) if mask is None else mask,
    )  # fmt: skip


def test_the_cell_of_a_centre_is_responsible():
    target, classes = taught([[17.5, 3.5]])  # cell column 1, row 0: at (18, 4) / 16 from the corner
    assert np.argwhere(classes[PARTICLE]).tolist() == [[0, 1]]
    np.testing.assert_allclose(target[[grid.X, grid.Y, grid.SIZE], 0, 1], [0.125, 0.25, 0])
    assert classes[EMPTY][0, 0]  # beside it: no room for another
    assert classes[UNLABELLED][3, 3]
    assert (classes.sum(axis=0) == 1).all()


def test_what_is_known_is_kept_apart_from_what_is_not():
    mask = np.ones((64, 64), bool)
    mask[:, :5] = False
    _, classes = taught([[40.0, 40.0]], rejected=[[60.0, 4.0]], complete=True, mask=mask)
    assert classes[REJECTED][0, 3]
    assert not classes[UNLABELLED].any()
    assert not classes[:, :, 0].any()  # padding
    shares = weights(classes[None])[0]
    assert shares[0].sum() == pytest.approx(0.5)
    assert shares[1].sum() == pytest.approx(0.5)
    assert shares[1][0, 3] == pytest.approx(0.125)


def loss_of(output, target, classes):
    whole_target = grid.with_weights(target[None].copy(), weights(classes[None]))
    return yolo_loss(output, torch.from_numpy(whole_target), anchor=20 / 16)


def logits(value):
    return float(np.log(value / (1 - value)))


def test_the_loss_is_its_definition():
    """By hand, cell after cell."""
    target, classes = taught([[24.0, 9.0], [50.0, 52.0]])
    output = torch.randn(1, 6, 4, 4, generator=torch.Generator().manual_seed(2))
    x, y, w, h, c = output[0, 0].sigmoid(), output[0, 1].sigmoid(), output[0, 2].exp(), output[0, 3].exp(), output[0, 4]
    parts, rest = [], []
    labels = [((24.5) / 16, 9.5 / 16), (50.5 / 16, 52.5 / 16)]
    for row in range(4):
        for column in range(4):
            distances = [np.hypot(column + 0.5 - lx, row + 0.5 - ly) for lx, ly in labels]
            lx, ly = labels[int(np.argmin(distances))]
            middle = column + float(x[row, column]), row + float(y[row, column])
            sides = 1.25 * float(w[row, column]), 1.25 * float(h[row, column])
            common = 1.0
            for at, side, label in zip(middle, sides, (lx, ly), strict=True):
                common *= max(0.0, min(at + side / 2, label + 0.625) - max(at - side / 2, label - 0.625))
            iou = common / (sides[0] * sides[1] + 1.25**2 - common)
            sure = 1 / (1 + np.exp(-float(c[row, column])))
            if (int(lx), int(ly)) == (column, row):
                box = (middle[0] - lx) ** 2 + (middle[1] - ly) ** 2 + np.log(sides[0] / 1.25) ** 2
                parts.append(box + np.log(sides[1] / 1.25) ** 2 + 5 * (iou - sure) ** 2)
            else:
                rest.append((5 * sure**2 * (iou <= 0.6), bool(classes[EMPTY][row, column])))
    known = np.mean([value for value, sure in rest if sure])
    unknown = np.mean([value for value, sure in rest if not sure])
    expected = np.mean(parts) / 2 + known / 4 + unknown / 4
    assert loss_of(output, target, classes).item() == pytest.approx(expected, rel=1e-5)


def test_the_loss_of_the_truth_is_nothing_and_an_unlabelled_particle_costs_little():
    target, classes = taught([[24.0, 9.0]])
    truth = torch.zeros(1, 6, 4, 4)
    truth[:, 4] = -20
    row, column = np.argwhere(classes[PARTICLE])[0]
    truth[0, 0, row, column], truth[0, 1, row, column] = (
        logits(float(target[k, row, column])) for k in (grid.X, grid.Y)
    )
    truth[0, 4, row, column] = 20
    assert loss_of(truth, target, classes).item() < 1e-6
    missed, found = truth.clone(), truth.clone()
    missed[0, 4, row, column] = -20
    found[0, 4, 3, 3] = 20  # a particle without a label
    assert loss_of(missed, target, classes).item() == pytest.approx(2.5, rel=1e-3)
    assert loss_of(found, target, classes).item() < 2.5 / 4


def test_the_loss_without_any_label_or_particle_is_finite():
    target, classes = taught([])
    output = torch.full((1, 6, 4, 4), 60.0, requires_grad=True)
    loss = loss_of(output, target, classes)
    (gradient,) = torch.autograd.grad(loss, output)
    assert torch.isfinite(loss)
    assert torch.isfinite(gradient).all()


@pytest.fixture(scope="module")
def data():
    """Discs of 28 pixels on 320 x 320, binned by nothing: one to learn from, half of it labelled, one to test."""
    return [disc_field(seed) for seed in (1, 2)]


def circles(*places):
    return circles_of_diameter(*places, diameter=DISC)


def disc_field(seed):
    micrograph, places = discs(seed, 40, (320, 320), diameter=DISC)
    return micrograph, places


def average_precision(picker, micrograph, places):
    found = picker.predict([micrograph])
    return picking.evaluate(found.circles, circles(places), iou=0.3, n_bootstrap=0).average_precision.value


@pytest.fixture(scope="module")
def fitted(data):
    (micrograph, places), _ = data
    return PhosaurusPicker(DISC, **SMALL).fit(Labelled([micrograph], circles(places[::2])), seed=1)


def test_training_raises_the_average_precision(fitted, data):
    (micrograph, places), test = data
    start = PhosaurusPicker(DISC, **SMALL | {"steps": 2}).fit(Labelled([micrograph], circles(places[::2])), seed=1)
    before, after = (average_precision(picker, *test) for picker in (start, fitted))
    assert isinstance(fitted, Picker)
    assert after > before + 0.4


def test_any_number_of_threads_gives_the_same_bits(data, monkeypatch):
    (micrograph, places), (test, _) = data

    def probabilities(threads):
        monkeypatch.setattr(lanes_module, "available_threads", lambda _: threads)
        picker = PhosaurusPicker(DISC, **SMALL | {"steps": 3})
        return picker.fit(Labelled([micrograph], circles(places[::2])), seed=1).predict([test]).probability

    expected = probabilities(1)
    for threads in (2, 5):
        np.testing.assert_array_equal(probabilities(threads), expected)


def test_a_saved_picker_predicts_the_same(fitted, data, tmp_path):
    fitted.save(tmp_path / "picker.npz")
    micrograph = data[1][0]
    found, expected = (one.predict([micrograph]) for one in (PhosaurusPicker.load(tmp_path / "picker.npz"), fitted))
    np.testing.assert_array_equal(found.probability, expected.probability)
    np.testing.assert_array_equal(found.circles.centres, expected.circles.centres)
    np.testing.assert_array_equal(found.appearance, expected.appearance)


def test_candidates_are_on_the_micrograph_and_apart(fitted, data):
    micrograph, _ = data[1]
    found = fitted.predict([micrograph])
    assert found.circles.centres.min() >= DISC / 2 - 0.5
    assert found.circles.centres.max() <= 320 - DISC / 2 - 0.5
    assert len(picking.suppress(found.circles, distance=0.45 * DISC)) == len(found)
    assert found.appearance.shape == (len(found), filters(SMALL["width"])[22])


def test_micrographs_of_other_sizes_are_scaled_alike(data):
    small, large = disc_field(5), discs(6, 40, (330, 500), diameter=DISC)
    labelled = Labelled([small[0], large[0]], circles(small[1], large[1]))
    picker = PhosaurusPicker(DISC, longest=500, **SMALL | {"steps": 2}).fit(labelled)
    found = picker.predict([small[0], large[0]])
    assert picker.binning == 1
    assert (np.diff(found.circles.indptr) > 0).all()


@pytest.mark.parametrize(
    ("side", "most", "binning"), [(4096, 1024, 4), (1024, 1024, 1), (2049, 1024, 4), (5760, 1024, 6)]
)
def test_a_micrograph_is_binned_to_the_longest_side(side, most, binning):
    assert phosaurus._binning(side, most) == binning


def test_too_small_a_particle_is_told(data):
    (micrograph, places), _ = data
    with pytest.raises(ValueError, match=r"diameter: 28 pixels become 4\.67 where the longer side has 64, expected at"):
        PhosaurusPicker(DISC, **SMALL, longest=64).fit(Labelled([micrograph], circles(places)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"crop": 100}, "crop: expected a multiple of 32, got 100"),
        ({"width": 0}, "width: expected a positive, finite number, got 0"),
        ({"batch": 0}, "batch: expected 1 or more, got 0"),
        ({"device": "gpu"}, "device: expected cpu, cuda, cuda:N or auto, got 'gpu'"),
    ],
)
def test_options_out_of_range_are_named(options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        PhosaurusPicker(DISC, **options)


def test_it_has_to_be_fitted_first_and_needs_labels(data, tmp_path):
    picker, (micrograph, _) = PhosaurusPicker(DISC, **SMALL), data[0]
    with pytest.raises(NotFittedError, match="fit or load it"):
        picker.predict([micrograph])
    with pytest.raises(NotFittedError, match="fit it before"):
        picker.save(tmp_path / "picker.npz")
    with pytest.raises(ValueError, match="expected at least one particle"):
        picker.fit(Labelled([micrograph], circles([])))


@pytest.mark.parametrize(
    ("name", "table", "message"),
    [
        ("picker", None, "holds no picker"),
        ("network.layers.3.norm.mean", None, "lacks network.layers.3.norm.mean"),
        ("looks", np.zeros((2, 5)), "looks: expected finite floats of shape (2, 61)"),
        ("numbers", np.ones(14), "numbers: expected finite floats of shape (13,)"),
        ("numbers", np.full(13, 8.5), "longest: expected 32 or more, got 8"),
    ],
)
def test_damaged_files_are_told(fitted, tmp_path, name, table, message):
    fitted.save(tmp_path / "fine.npz")
    with open_archive(tmp_path / "fine.npz") as archive:
        tables = {one: archive.array(one) for one in archive.names if one != name}
    tables |= {} if table is None else {name: table}
    write_npz(tmp_path / "bad.npz", {one: array_table(values) for one, values in tables.items()})
    with pytest.raises(FormatError, match=re.escape(message)):
        PhosaurusPicker.load(tmp_path / "bad.npz")

"""What a configuration says, and what is refused by the name of its key."""

from __future__ import annotations

from inspect import signature

import pytest

from motes.study import parse_config, presets, read_config, read_preset
from motes.study.config import known_strategies
from motes.study.labels import Labels

BASE = {"strategies": ["low_confidence"], "data": {"source": "sample"}}


def test_what_is_left_out_has_a_default():
    config = parse_config(BASE)
    assert [strategy.label for strategy in config.strategies] == ["random", "low_confidence"]
    assert config.seeds == tuple(range(10))
    assert config.settings == {"setting": Labels()}
    assert config.picker.name == "filterbank"
    every = parse_config({"data": {"source": "sample"}})
    assert tuple(strategy.name for strategy in every.strategies) == known_strategies()


def test_axes_are_combined():
    config = parse_config(
        BASE | {"labels": {"total": 85, "rounds": 9}, "axes": {"ratio": [0.5, 2], "validation": [1, 3]}}
    )
    assert list(config.settings) == [
        "ratio 0.5, validation 1", "ratio 0.5, validation 3", "ratio 2, validation 1", "ratio 2, validation 3",
    ]  # fmt: skip
    for labels in config.settings.values():
        initial, per_round = labels.amounts(1000)
        assert initial + 8 * per_round == 85
    assert config.settings["ratio 2, validation 3"].amounts(1000) == (21, 8)


def test_strategies_with_options_and_labels_of_their_own():
    table = {"name": "diverse_position", "label": "diverse, entropy", "options": {"base": "entropy_score"}}
    config = parse_config(BASE | {"strategies": ["diverse_position", table]})
    assert [strategy.label for strategy in config.strategies] == ["random", "diverse_position", "diverse, entropy"]


def test_options_of_a_base_are_the_strategys_too():
    options = {"base": "boundary_distance", "bootstrap": True, "strength": 2.0}
    table = BASE | {"strategies": [{"name": "diverse_position", "options": options}], "labels": {"validation": 2}}
    assert parse_config(table).strategies[1].options == options
    with pytest.raises(ValueError, match=r"options\.bootstrap: there is no such option \(known: base, "):
        parse_config(BASE | {"strategies": [{"name": "diverse_position", "options": {"bootstrap": True}}]})


@pytest.mark.parametrize(
    ("name", "initial", "per_round"),
    [("i5-a8.75", 357, 624), ("i15-a7.5", 1070, 535), ("i25-a6.25", 1784, 446)],
)
def test_presets_are_the_seeds_settings(name, initial, per_round):
    [labels] = read_preset(name, "anywhere").settings.values()
    assert labels.amounts(7136) == (initial, per_round)
    assert (labels.rounds, labels.iou, labels.budget) == (9, 0.3, "labels")
    assert initial + 8 * per_round in (5349, 5350, 5352)


def test_the_synthetic_preset_is_the_seeds():
    [labels] = read_preset("synthetic").settings.values()
    assert labels.amounts(2800) == (70, 70)
    assert (labels.rounds, labels.iou) == (9, 0.7)


def test_presets_need_their_data():
    assert len(presets()) == 5
    with pytest.raises(ValueError, match=r"did you mean synthetic\? \(known: i15"):
        read_preset("syntetic")
    with pytest.raises(ValueError, match="source is simulation, which takes no folder"):
        read_preset("synthetic", "somewhere")


def test_paths_are_relative_to_the_file(tmp_path):
    (tmp_path / "study.toml").write_text('[data]\nsource = "folder"\nmicrographs = "a"\ntruth = "/b"\n')
    config = read_config(tmp_path / "study.toml")
    assert (config.data.micrographs, config.data.truth, config.name) == (str(tmp_path / "a"), "/b", "study")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 3}, r"^seed: there is no such key; did you mean seeds\?"),
        ({"labels": {"intial": 3}}, r"^labels\.intial: there is no such key; did you mean initial\?"),
        ({"folds": {"m": 3}}, r"^folds\.m: there is no such key \(known: fixed, n, run\)"),
        ({"axes": {"ration": [1]}}, r"^axes\.ration: there is no such key; did you mean ratio\?"),
        ({"picker": {"name": "filterbang"}}, r"^picker\.name: 'filterbang' is none; did you mean filterbank\?"),
        ({"strategies": ["margni"]}, r"^strategies: 'margni' is none; did you mean margin\?"),
        ({"strategies": []}, r'^strategies: expected "all" or a list'),
        ({"strategies": ["random"]}, "^strategies: expected at least one beside random"),
        ({"strategies": ["margin", "margin"]}, "^strategies: margin comes twice"),
        ({"strategies": [{"nam": "margin"}]}, r"^strategies\[0\]\.nam: there is no such key; did you mean name\?"),
        (
            {"strategies": [{"name": "margin", "options": {"foo": True}}]},
            r"^strategies: margin: options\.foo: there is no such option \(known: none\)",
        ),
        (
            {"strategies": [{"name": "cost_aware", "label": "dear", "options": {"openin": 3}}]},
            r"^strategies: dear: options\.openin: there is no such option; did you mean opening\?",
        ),
        (
            {"strategies": [{"name": "diverse_position", "options": {"base": "margni"}}]},
            r"^strategies: diverse_position: options\.base: 'margni' is none; did you mean margin\?",
        ),
        (
            {"strategies": [{"name": "margin", "options": {"seed": 1}}]},
            r"^strategies: margin: options\.seed: there is no such option",
        ),
        (
            {"strategies": [{"name": "boundary_distance", "options": {"threshold": 0.5, "bootstrap": True}}]},
            r"options\.bootstrap: a threshold that is given has no samples",
        ),
        (
            {"strategies": [{"name": "boundary_distance", "options": {"bootstrap": True}}]},
            r"^labels\.validation: boundary_distance with options\.bootstrap needs 2 micrographs or more .* got 1",
        ),
        ({"labels": {"beta": 0}}, r"^labels\.beta: expected above 0"),
        ({"labels": {"rule": "nearest"}}, r"^labels\.rule: 'nearest' \(known: best, first, optimal\)"),
        ({"labels": {"warm_start": True}}, r"^labels\.warm_start: filterbank learns from scratch only"),
        (
            {"strategies": ["committee"], "labels": {"warm_start": True}, "picker": {"name": "compact"}},
            r"^labels\.warm_start: committee asks a committee, which learns from scratch",
        ),
        ({"baseline": "nobody"}, "^baseline: 'nobody' is no strategy"),
        ({"seeds": 0}, "^seeds: expected 1 or more, got 0"),
        ({"seeds": True}, "^seeds: expected a whole number, got True"),
        ({"seeds": [1, 1]}, "^seeds: expected one or more different numbers"),
        ({"seeds": ["a"]}, r"^seeds\[0\]: expected a whole number, got 'a'"),
        ({"labels": {"rounds": "9"}}, r"^labels\.rounds: expected a whole number, got '9'"),
        ({"labels": {"rounds": 1}}, r"^labels\.rounds: expected 2 or more, got 1"),
        ({"labels": {"initial": 1.5}}, r"^labels\.initial: expected a fraction above 0, at most 1"),
        ({"labels": {"initial": 0}}, r"^labels\.initial: expected 1 or more"),
        ({"labels": {"initial": "5%"}}, r"^labels\.initial: expected a whole number or a number, got '5%'"),
        ({"labels": {"budget": "label"}}, r"^labels\.budget: 'label'; did you mean labels\?"),
        ({"labels": {"iou": 1.0}}, r"^labels\.iou: expected 0 or more, below 1, got 1"),
        ({"labels": {"ratio": 1.0}}, "^labels.total and labels.ratio: one needs the other"),
        ({"labels": 3}, "^labels, axes: expected tables"),
        ({"axes": {"ratio": []}}, r"^axes\.ratio: expected a list of values"),
        ({"axes": {"validation": [1, 1]}}, r"^axes\.validation: a value comes twice"),
        ({"statistics": {"metric": "ap"}}, r"^statistics\.metric: 'ap' \(known: auc_grid"),
        ({"statistics": {"confidence": 1.0}}, r"^statistics\.confidence"),
        ({"folds": {"n": 3, "run": 4}}, "^folds: expected n of 2 or more and run of 1 to 3, got 3 and 4"),
        ({"folds": 3}, "^folds: expected a table, got 3"),
        ({"picker": {"members": 1}}, r"^picker\.members: expected 2 or more"),
        ({"data": None}, "^data: needed, a table with its source: cryoppp, folder"),
        ({"data": {"source": "foldr"}}, r"^data\.source: 'foldr'; did you mean folder\?"),
        ({"data": {"source": "folder", "truth": "x"}}, r"^data\.micrographs: needed, and not there"),
        ({"data": {"source": "sample", "tiles": 1}}, r"^data\.tiles: expected 2 or more, below 10, got 1"),
        ({"data": {"source": "sample", "tiles": 12}}, r"^data\.tiles: expected 2 or more, below 10, got 12"),
        ({"data": {"source": "folder", "micrographs": "a", "truth": "b", "diameter": -1}}, "expected above 0"),
    ],
)  # fmt: skip
def test_a_wrong_key_is_named(changes, message):
    with pytest.raises(ValueError, match=message):
        parse_config(BASE | changes)


def test_what_is_no_toml_is_told_with_its_file(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text("seeds = = 3")
    with pytest.raises(ValueError, match=r"bad\.toml: .*line 1"):
        read_config(path)
    path.write_bytes(b"name = '\xff'")
    with pytest.raises(ValueError, match=r"bad\.toml: "):
        read_config(path)
    path.write_text("[folds]\nm = 1\n[data]\nsource='sample'")
    with pytest.raises(ValueError, match=r"bad\.toml: folds\.m: there is no such key"):
        read_config(path)
    path.write_text("name = " + "[" * 50_000)
    with pytest.raises(ValueError, match=r"bad\.toml: "):
        read_config(path)


def test_too_few_labels_for_their_ratio():
    with pytest.raises(ValueError, match="total: 5 labels are too few for 9 rounds at ratio 1"):
        Labels(total=5, ratio=1.0, rounds=9).amounts(100)


def test_how_labels_are_taken_is_handed_on():
    labels = {"beta": 2, "rule": "best", "warm_start": True}
    [setting] = parse_config(BASE | {"labels": labels, "picker": {"name": "compact"}}).settings.values()
    assert (setting.beta, setting.rule, setting.warm_start) == (2.0, "best", True)


def test_those_that_learn_on_are_the_pickers_that_can():
    pytest.importorskip("torch")
    import motes.pickers
    from motes.study.pickers import LEARN_ON, PICKERS

    can = {name for name, of in PICKERS.items() if "warm_start" in signature(getattr(motes.pickers, of)).parameters}
    assert can == set(LEARN_ON)

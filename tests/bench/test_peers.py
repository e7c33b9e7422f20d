"""Every peer that is installed computes what motes does, and whole calls what they are known to."""

from __future__ import annotations

import numpy as np
import pytest

from motes.bench import one_round
from motes.bench.bounds import bound_of
from motes.bench.environment import prepare_process
from motes.bench.kernels import KERNELS, kernel
from motes.bench.one_round import ours, present
from motes.bench.peers import Contender, Prepared
from motes.bench.suite import WITH_PEERS
from motes.bench.timing import assert_same
from motes.bench.workloads import N_PATTERNS, Work
from motes.bench.yardsticks import UNITS

prepare_process()  # where MKL is, before a peer is imported


@pytest.fixture(scope="module")
def work():
    return Work(500)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(("name", "peer"), [pytest.param(n, p, id=f"{n}-{p}") for n in WITH_PEERS for p in present(n)])
def test_peers_agree(work, name, peer):
    rules, own, theirs = kernel(name), ours(name).prepare(work, 2), peer.prepare(work, 2)
    expected = theirs.expected() if theirs.expected else own.read(own.call())
    assert_same(theirs.read(theirs.call()), expected, rules.rtol, rules.atol)


def test_a_peer_that_does_not_work_is_told(work, monkeypatch):
    def broken(*_):
        raise ImportError("no such\nlibrary")

    def wrong(*_):
        return Prepared(lambda: np.zeros((work.n_patterns, 4), np.float32))

    peers = [Contender("likelihood", name, "numpy", prepare) for name, prepare in (("a", broken), ("b", wrong))]
    monkeypatch.setattr(one_round, "present", lambda _: peers)
    told = []
    one_round._races(["likelihood"], work, 1, 0.01, lambda **answer: told.append(answer))
    assert told[0] == {"case": "likelihood", "peer": "a", "trouble": "ImportError: no such library"}
    assert told[1]["trouble"].startswith("AssertionError: Not equal to tolerance")


def test_what_differs_is_not_the_same():
    with pytest.raises(AssertionError):
        assert_same((np.ones(3), np.ones(2)), (np.ones(3), np.array([1, 1.1])), 1e-3, 1e-3)


@pytest.mark.parametrize("name", [entry.name for entry in KERNELS if entry.name != "ingest, 100M photons"])
def test_every_case_has_a_bound(work, name):
    prepared = ours(name).prepare(work, 1)
    bound = bound_of(name, work, prepared.call())
    assert bound.work
    assert set(bound.amounts) <= set(UNITS)
    assert all(amount > 0 for amount in bound.amounts.values())
    assert bound.amounts


def test_bounds_are_arithmetic(work):
    photons, n = work.patterns.n_photons, work.n_patterns
    assert bound_of("sweep", work).amounts == {"cache": 2 * photons + 8 * n, "reads": photons, "additions": photons}
    assert bound_of("likelihood, R = 1024", work).amounts["wide reads"] == 64 * photons
    each = work.patterns.photons_per_pattern().astype(int)
    assert bound_of("outer", work).amounts["additions"] == sum(k * (k + 1) // 2 for k in each)


def test_many_bytes_are_held_by_memory():
    work = Work(2000)
    assert "memory" in bound_of("likelihood, R = 1024", Work(5000)).amounts
    assert "cache" in bound_of("likelihood", work).amounts


def test_noiseless_patterns_are_matched(work):
    np.testing.assert_array_equal(ours("match").prepare(work, 1).call(), work.turns)


def test_sizes_shrink_with_the_patterns():
    assert Work(500).scaled(100_000) == 500
    assert Work(500).scaled(129, power=3) % 2 == 1
    assert Work(2, repeats=N_PATTERNS).scaled(1000) < 1000

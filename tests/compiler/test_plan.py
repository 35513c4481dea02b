"""Plans and programs: the same graph makes the same one, whatever the order that sets and identities happen to have."""

from __future__ import annotations

from graphc.errors import InvalidArgumentError
from tests.digest import plan_digest, programs
from tests.fuzz.generate import recipe
from tests.fuzz.oracles import limits
from tests.fuzz.recipe import build

SEEDS = range(100)


def test_two_compilations_agree() -> None:
    """The fuzzer's graphs, each built twice, under the compiler's limits that they bring."""
    compiled = 0
    for seed in SEEDS:
        drawn = recipe(seed)
        try:
            with limits(drawn.limits):
                first, second = ([plan_digest(p) for p in programs(made.graph, made.fetches, made.feeds, threads=1 + seed % 2)]
                                 for made in (build(drawn), build(drawn)))
        except InvalidArgumentError:                # an operator of it does not take what it is fed
            continue
        assert first == second, seed
        compiled += len(first)
    assert compiled > len(SEEDS) * 0.8

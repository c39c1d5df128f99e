"""The order of nodes as tensor code gives the benefits that the policy gives, and the record of a draft is complete."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from smartgen.policy.controller import Controller  # noqa: E402
from smartgen.policy.learned import Learned  # noqa: E402
from smartgen.policy.tiers import Tier  # noqa: E402
from smartgen.profile.example import example_profile  # noqa: E402
from smartgen.profile.online import OnlineCosts  # noqa: E402
from smartgen.recipe import load  # noqa: E402
from smartgen.sglang.learning import Drafted, _rebuild, _step  # noqa: E402
from smartgen.sglang.order import CalibratedOrder, ordering_site  # noqa: E402
from smartgen.sglang.selecting import Selecting  # noqa: E402
from tests.sglang.test_parts import situation  # noqa: E402

STEPS, TOPK = 4, 3


def draft(seed: int, rows: int = 2):
    """Lists as the engine's draft loop makes them: scores, tokens, places of the nodes drafted from next."""
    rng = torch.Generator().manual_seed(seed)

    def children(*shape):
        return torch.rand(*shape, TOPK + 2, generator=rng).softmax(-1).sort(-1, descending=True).values[..., :TOPK]

    scores = [children(rows, 1)]
    parents = [torch.arange(-1, TOPK).expand(rows, -1)]
    above = scores[0][:, 0]
    for depth in range(1, STEPS):
        layer = above[..., None] * children(rows, TOPK)
        above, place = layer.flatten(1).topk(TOPK)
        scores.append(layer)
        parents.append(place + TOPK**2 * (depth - 1) + TOPK)
    tokens = [torch.randint(0, 50, (rows, layer[0].numel()), generator=rng) for layer in scores]
    return scores, tokens, parents


def as_arrays(scores, tokens, parents):
    flat = torch.cat([layer.flatten(1) for layer in scores], 1).double().numpy()
    frontier = torch.stack([layer[:, -TOPK:] for layer in parents], 1).numpy()
    return Drafted(TOPK, flat, torch.cat(tokens, 1).numpy(), frontier, np.zeros((len(flat), 7), np.int64))


def taught() -> Controller:
    """A controller whose calibration has seen that the draft is far too sure of itself."""
    profile = example_profile()
    controller = Controller(load("smart").program, OnlineCosts(profile.verify, profile.draft), Learned())
    calibration = controller.learned.map_for(ordering_site(controller.program))
    rng = np.random.default_rng(0)
    for rank in range(TOPK):
        prob = rng.uniform(0.01, 0.99, (1, 600))
        found = calibration.estimate(prob, [float(rank), 1.0, float(rank == 0), "head", 0.0])
        calibration.record(found.cell[0], (rng.random(600) < prob[0] ** (2 + rank)).astype(float))
    calibration.refresh()
    return controller


@pytest.mark.parametrize("seed", range(5))
def test_keys_are_the_policys_benefits(seed: int) -> None:
    controller = taught()
    calibration = controller.learned.map_for(ordering_site(controller.program))
    order = CalibratedOrder(STEPS, TOPK, "cpu")
    order.refill(calibration, "head", False)
    lists = draft(seed)
    drafted = as_arrays(*lists)
    keys = torch.cat([layer.flatten(1) for layer in order.keys(lists[0], lists[2])], 1).numpy()
    step = _step(controller.begin(situation(2)), Tier(STEPS, TOPK, 8), drafted, np.arange(2))
    _rebuild(controller, step, drafted)
    assert keys == pytest.approx(step.tree.benefit, rel=0.06, abs=1e-3)


def test_without_data_the_order_is_the_drafts() -> None:
    scores, _, parents = draft(1)
    keys = CalibratedOrder(STEPS, TOPK, "cpu").keys(scores, parents)
    for key, score in zip(keys, scores, strict=True):
        assert torch.allclose(key, score, rtol=2e-2, atol=1e-4)  # a curve between points


@pytest.mark.parametrize("seed", range(5))
def test_the_best_nodes_are_closed_under_parents(seed: int) -> None:
    order = CalibratedOrder(STEPS, TOPK, "cpu")
    order.table.fill_(1.0)  # ties everywhere
    scores, _, parents = draft(seed)
    keys = torch.cat([layer.flatten(1) for layer in order.keys(scores, parents)], 1)
    for row, places in enumerate(keys.topk(7).indices.tolist()):
        for place in places:
            if place >= TOPK:
                depth, inside = divmod(place - TOPK, TOPK**2)
                assert int(parents[depth][row, -TOPK:][inside // TOPK]) in places


def test_the_record_holds_what_was_drafted() -> None:
    lists = draft(2)
    selecting = Selecting(Tier(STEPS, TOPK, 8), 4, "cpu", None)
    picked = torch.arange(7).expand(2, -1)
    selecting(lambda scores, tokens, parents, count: (None, picked, None), *lists, 8)
    drafted = as_arrays(*lists)
    width = drafted.scores.shape[1]
    assert selecting.scores[:2, :width].numpy() == pytest.approx(drafted.scores)
    assert (selecting.tokens[:2, :width].numpy() == drafted.tokens).all()
    assert (selecting.frontier[:2].numpy().reshape(2, STEPS, TOPK) == drafted.frontier).all()
    assert (selecting.selected[:2, :7] == picked).all()


def test_which_recipes_have_an_order_that_tables_hold() -> None:
    assert ordering_site(load("smart").program) is not None
    assert ordering_site(load("eagle2").program) is None
    assert ordering_site(load("sequoia").program) is None

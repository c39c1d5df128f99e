"""Packed copies of a model's linear weights: same function, noticed changes, nothing left behind."""

import copy
import pickle
from functools import partial

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from smartgen.packing import model as packing
from smartgen.packing.linear import can_pack
from smartgen.packing.model import fingerprint, pack, packed, packs, set_packing


class Small(nn.Module):
    device = torch.device("cpu")

    def __init__(self, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.up, self.down = nn.Linear(24, 40, dtype=dtype), nn.Linear(40, 24, bias=False, dtype=dtype)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.down(torch.relu(self.up(x)))


needs_kernels = pytest.mark.skipif(not can_pack(torch.zeros(2, 2)), reason="torch packs no weights on this machine")


def run(model: nn.Module, rows: int = 5) -> torch.Tensor:
    torch.manual_seed(1)
    with torch.no_grad():
        return model(torch.randn(2, rows, 24, dtype=model.up.weight.dtype))


@needs_kernels
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("rows", [1, 7])
def test_same_function_inside_and_nothing_left_outside(dtype, rows):
    if not can_pack(torch.zeros(2, 2, dtype=dtype)):
        pytest.skip("no kernels for this dtype here")
    model = Small(dtype)
    plain = run(model, rows)
    pack(model)
    with packed(model):
        assert model.up.forward.func is packing._forward
        inside = run(model, rows)
    close = {"rtol": 2e-2, "atol": 2e-2} if dtype is torch.bfloat16 else {}
    torch.testing.assert_close(inside, plain, **close)
    assert "forward" not in model.up.__dict__
    assert torch.equal(run(model, rows), plain)


@needs_kernels
@pytest.mark.parametrize("change", ["optimizer", "data", "replaced"])
def test_changed_weights_are_noticed_at_the_next_call(change):
    model = Small()
    pack(model)
    if change == "optimizer":
        with torch.no_grad():
            model.down.weight.add_(0.5)
    elif change == "data":  # leaves the version counter as it was
        model.down.weight.data[3, 3] += 1.0
    else:
        model.down.weight = nn.Parameter(torch.ones_like(model.down.weight))
    pack(model)
    with packed(model):
        inside = run(model)
    torch.testing.assert_close(inside, run(model))


@needs_kernels
def test_blocks_nest_and_the_last_one_out_tidies():
    model = Small()
    pack(model)
    with packed(model):
        with packed(model):
            pass
        assert "forward" in model.up.__dict__
    assert "forward" not in model.up.__dict__


@needs_kernels
def test_an_error_inside_leaves_the_model_as_it_was():
    model = Small()
    pack(model)
    with pytest.raises(ZeroDivisionError), packed(model):
        raise ZeroDivisionError
    assert "forward" not in model.up.__dict__


@needs_kernels
def test_gradients_flow_past_the_copies():
    model = Small()
    pack(model)
    with packed(model):
        model(torch.randn(1, 3, 24)).sum().backward()
    assert model.up.weight.grad is not None


@needs_kernels
def test_somebody_elses_forward_is_left_alone():
    model = Small()
    theirs = partial(nn.functional.linear, weight=torch.zeros(40, 24))
    model.up.forward = theirs
    pack(model)
    with packed(model):
        assert model.up.forward is theirs
    assert model.up.forward is theirs


@needs_kernels
def test_weights_that_a_hook_makes_are_read_when_they_are_made():
    model = Small()
    prune.l1_unstructured(model.up, "weight", 0.5)
    pack(model)
    with torch.no_grad():
        model.up.weight_orig.mul_(-2.0)
    with packed(model):
        inside = run(model)
    torch.testing.assert_close(inside, run(model))


@needs_kernels
def test_weights_that_change_places_are_noticed():
    model = Small()
    pack(model)
    with torch.no_grad():
        model.up.weight.copy_(model.up.weight.flip(1))
    plain = run(model)
    pack(model)
    with packed(model):
        torch.testing.assert_close(run(model), plain)


@needs_kernels
def test_scarce_memory_means_no_copies(monkeypatch):
    model = Small()
    monkeypatch.setattr(packing, "_available_memory", lambda: 64)
    assert not packs(model)
    pack(model)
    with packed(model):
        assert "forward" not in model.up.__dict__


@needs_kernels
def test_it_can_be_forbidden():
    model = Small()
    set_packing(model, False)
    pack(model)
    assert not packs(model)
    with packed(model):
        assert "forward" not in model.up.__dict__


@needs_kernels
def test_copies_of_a_model_pack_for_themselves():
    model = Small()
    pack(model)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        with packed(other):
            assert "forward" not in other.up.__dict__
        pack(other)
        with packed(other):
            torch.testing.assert_close(run(other), run(model))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("shape", [(3, 5), (4, 4), (1, 1)])
def test_the_fingerprint_sees_every_value(dtype, shape):
    weight = torch.ones(shape, dtype=dtype)
    before = fingerprint(weight)
    for place in range(weight.numel()):
        changed = weight.clone()
        changed.view(-1)[place] = 2.0
        assert fingerprint(changed) != before
    with torch.inference_mode():
        assert fingerprint(weight.clone())  # there torch counts no changes

"""torch's switch for cuDNN's attention is turned off while anybody decodes on a GPU, and left as it was."""

from __future__ import annotations

import pytest
import torch

from smartgen.attention.steady import steady

GPU = torch.device("cuda")  # a name only: nothing is put there


@pytest.fixture(params=[True, False])
def before(request):
    """The switch as a user left it."""
    found = torch.backends.cuda.cudnn_sdp_enabled()
    torch.backends.cuda.enable_cudnn_sdp(request.param)
    yield request.param
    torch.backends.cuda.enable_cudnn_sdp(found)


def test_off_inside_and_back_behind_the_last_block(before):
    enabled = torch.backends.cuda.cudnn_sdp_enabled
    with steady(GPU):
        with steady(GPU):
            assert not enabled()
        assert not enabled()
    assert enabled() == before
    with pytest.raises(RuntimeError), steady(GPU):
        raise RuntimeError
    assert enabled() == before


def test_on_other_devices_nothing_happens(before):
    with steady(torch.device("cpu")):
        assert torch.backends.cuda.cudnn_sdp_enabled() == before

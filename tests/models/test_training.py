from __future__ import annotations

import torch

from training import train_pair
from training.train_pair import Shape, train


def test_training_goes_on_from_its_checkpoint(tmp_path, monkeypatch):
    monkeypatch.setitem(train_pair.SHAPES, "target", Shape(32, 1, 64))
    torch.save(torch.randint(0, 1024, (4000,), dtype=torch.int16), tmp_path / "train.pt")
    options = {"minutes": 5.0, "every": 1, "batch": 2, "length": 16}
    train("target", tmp_path, most=2, **options)
    resumed = train("target", tmp_path, most=4, **options)
    (tmp_path / "straight").mkdir()
    (tmp_path / "straight" / "train.pt").write_bytes((tmp_path / "train.pt").read_bytes())
    straight = train("target", tmp_path / "straight", most=4, **options)
    assert resumed.steps == straight.steps == 4
    assert resumed.seen == straight.seen
    for ours, theirs in zip(resumed.model.parameters(), straight.model.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-3, rtol=1e-2)

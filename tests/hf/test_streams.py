"""Streamers hear what stock tells them, and always hear the end."""

from __future__ import annotations

import threading

import pytest
import torch
from transformers import TextIteratorStreamer, TextStreamer

from tests.hf.conftest import SMALL
from tests.hf.scripted import Scripted
from tests.hf.words import bundled
from tests.hf.zoo import V, model, prompts


class Heard:
    def __init__(self, breaks_at: int = -1) -> None:
        self.puts, self.ends, self.breaks_at = [], 0, breaks_at

    def put(self, value) -> None:
        if len(self.puts) == self.breaks_at:
            raise RuntimeError("the listener left")
        self.puts.append(value.tolist())

    def end(self) -> None:
        self.ends += 1


@pytest.mark.parametrize("ends", [{}, {"eos_token_id": list(range(3, 20))}], ids=["endless", "ends"])
@pytest.mark.parametrize("batch", [1, 4])
def test_every_position_once_and_in_order(batch, ends, attached):
    target, inputs = attached(model("llama")), prompts(batch)
    stock, ours = Heard(), Heard()
    plain = target.generate(**inputs, max_new_tokens=20, do_sample=False, streamer=stock, **ends)
    target.generate(
        **inputs,
        max_new_tokens=20,
        do_sample=False,
        streamer=ours,
        smart_recipe=SMALL,
        assistant_model=Scripted(plain[:, 14:].tolist(), V),
        **ends,
    )
    assert (ours.puts, ours.ends) == (stock.puts, 1)


def test_an_iterator_gets_the_whole_text():
    target, assistant, tokenizer = bundled()
    inputs = tokenizer("def read(", return_tensors="pt")
    inputs.pop("token_type_ids", None)
    plain = target.generate(**inputs, max_new_tokens=20, do_sample=False)
    streamer = TextIteratorStreamer(tokenizer, skip_prompt=True, timeout=60)
    options = {"max_new_tokens": 20, "do_sample": False, "smart_recipe": "eagle2", "assistant_model": assistant}
    thread = threading.Thread(target=lambda: target.generate(**inputs, **options, streamer=streamer))
    thread.start()
    text = "".join(streamer)
    thread.join()
    assert text == tokenizer.decode(plain[0, inputs["input_ids"].shape[1] :])


@pytest.mark.parametrize(
    "wrong", [{"num_beams": 2}, {"assistant_model": 3}, {"unheard_of": 1}, {"smart_recipe": "nope"}]
)
def test_a_consumer_never_waits_for_a_call_that_was_refused(wrong, attached):
    target, streamer = attached(model("llama")), Heard()
    with pytest.raises((ValueError, TypeError)):
        target.generate(**prompts(1), **{"max_new_tokens": 3, "smart_recipe": SMALL, "streamer": streamer, **wrong})
    assert streamer.ends == 1


def test_a_listener_that_leaves_takes_nothing_with_it(attached):
    target, streamer = attached(model("llama")), Heard(breaks_at=4)
    with pytest.raises(RuntimeError, match="the listener left"):
        target.generate(**prompts(1), max_new_tokens=12, smart_recipe=SMALL, streamer=streamer)
    assert streamer.ends == 1
    plain = target.generate(**prompts(1), max_new_tokens=12, do_sample=False)
    assert target.generate(**prompts(1), max_new_tokens=12, do_sample=False, smart_recipe=SMALL).equal(plain)


def test_a_streamer_for_one_row_says_so_before_the_model_runs(attached, monkeypatch):
    target, (_, _, tokenizer) = attached(model("llama")), bundled()
    monkeypatch.setattr(torch.nn.Linear, "forward", lambda *args: pytest.fail("the model ran before the refusal"))
    with pytest.raises(ValueError, match="batch size 1"):
        target.generate(**prompts(2), max_new_tokens=3, smart_recipe=SMALL, streamer=TextStreamer(tokenizer))


def test_something_that_is_no_streamer(attached):
    with pytest.raises(TypeError, match=r"a streamer has put\(\) and end\(\).*; str has not"):
        attached(model("llama")).generate(**prompts(1), max_new_tokens=3, smart_recipe=SMALL, streamer="stdout")

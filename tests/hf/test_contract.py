"""What a drop-in owes to `generate`: streamers, criteria, outputs, configurations, attaching and letting go."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from transformers import GenerationConfig
from transformers.generation import LogitsProcessor, LogitsProcessorList, StoppingCriteria, StoppingCriteriaList

import smartgen
from smartgen.drafters.ngram import NGram
from smartgen.hf.costing import CostSource, profile_key
from smartgen.profile.profile import Profile
from smartgen.profile.table import CostTable, Point
from tests.hf.conftest import SMALL
from tests.hf.scripted import Scripted
from tests.hf.zoo import V, model, prompts


class Recorder:
    def __init__(self) -> None:
        self.tokens, self.ends = [], 0

    def put(self, value) -> None:
        self.tokens += value.flatten().tolist()

    def end(self) -> None:
        self.ends += 1


class AfterToken(StoppingCriteria):
    def __init__(self, token: int) -> None:
        self.token = token

    def __call__(self, ids, scores, **kwargs):
        return torch.tensor([bool(row[-1] == self.token) for row in ids])


def _plain(target, batch=1, **options):
    inputs = prompts(batch)
    plain = target.generate(**inputs, max_new_tokens=20, do_sample=False, **options)
    return inputs, plain, Scripted(plain[:, 14:].tolist(), V)


def test_streamer_gets_every_token_once_and_one_end(attached):
    target = attached(model("llama"))
    inputs, plain, drafter = _plain(target)
    streamer = Recorder()
    target.generate(
        **inputs, max_new_tokens=20, do_sample=False, smart_recipe=SMALL, assistant_model=drafter, streamer=streamer
    )
    assert streamer.tokens == plain[0].tolist()
    assert streamer.ends == 1


def test_streamer_is_ended_when_something_fails(attached):
    class Broken(LogitsProcessor):
        def __call__(self, ids, scores):
            raise RuntimeError("a user's own mistake")

    target, streamer = attached(model("llama")), Recorder()
    with pytest.raises(RuntimeError, match="own mistake"):
        target.generate(
            **prompts(1),
            max_new_tokens=5,
            smart_recipe=SMALL,
            streamer=streamer,
            logits_processor=LogitsProcessorList([Broken()]),
        )
    assert streamer.ends == 1


def test_a_custom_criterion_cuts_an_accepted_run(attached):
    target = attached(model("llama"))
    _, truth, _ = _plain(target)
    criteria = StoppingCriteriaList([AfterToken(int(truth[0, 20]))])
    inputs, plain, drafter = _plain(target, stopping_criteria=criteria)
    output = target.generate(
        **inputs,
        max_new_tokens=20,
        do_sample=False,
        smart_recipe=SMALL,
        assistant_model=drafter,
        stopping_criteria=criteria,
    )
    assert output.tolist() == plain.tolist()


def test_unknown_criteria_and_processors_need_to_be_declared_for_batches(attached):
    target, inputs = attached(model("llama")), prompts(2)

    class Mine(AfterToken):
        """Not known to judge rows alone."""

    class MyProcessor(LogitsProcessor):
        def __call__(self, ids, scores):
            return scores

    for options in (
        {"stopping_criteria": StoppingCriteriaList([Mine(3)])},
        {"logits_processor": LogitsProcessorList([MyProcessor()])},
    ):
        with pytest.raises(ValueError, match=r"smartgen.rowwise\(My?"):
            target.generate(**inputs, max_new_tokens=4, smart_recipe=SMALL, **options)
    smartgen.rowwise(Mine)
    smartgen.rowwise(MyProcessor)
    options = {
        "stopping_criteria": StoppingCriteriaList([Mine(3)]),
        "logits_processor": LogitsProcessorList([MyProcessor()]),
    }
    assert target.generate(**inputs, max_new_tokens=4, smart_recipe=SMALL, **options).shape == (2, 18)
    with pytest.raises(TypeError, match="takes a class"):
        smartgen.rowwise(Mine(3))


@pytest.mark.parametrize("batch", [1, 4])
def test_scores_and_logits_are_stocks(batch, attached):
    target = attached(model("llama"))
    inputs, _, drafter = _plain(target, batch)
    options = {
        "max_new_tokens": 12,
        "do_sample": False,
        "return_dict_in_generate": True,
        "output_scores": True,
        "output_logits": True,
        "repetition_penalty": 1.2,
    }
    stock = target.generate(**inputs, **options)
    ours = target.generate(**inputs, **options, smart_recipe=SMALL, assistant_model=drafter)
    assert ours.sequences.tolist() == stock.sequences.tolist()
    for name in ("scores", "logits"):
        assert len(getattr(ours, name)) == 12
        torch.testing.assert_close(torch.stack(getattr(ours, name)), torch.stack(getattr(stock, name)))


def test_speculation_adds_up(attached):
    target = attached(model("llama"))
    inputs, _, drafter = _plain(target, 4)
    output = target.generate(
        **inputs,
        max_new_tokens=20,
        do_sample=False,
        smart_recipe=SMALL,
        assistant_model=drafter,
        return_dict_in_generate=True,
    )
    stats = output.speculation
    assert stats.committed == 4 * 19  # the first token is the prefill's
    assert sum(stats.tree_sizes.values()) == sum(stats.reasons.values()) == stats.steps
    assert 0 <= stats.acceptance_rate <= 1 <= stats.accept_length
    assert stats.verified >= stats.accepted
    assert all(seconds >= 0 for seconds in stats.seconds.values())


def test_a_configuration_carries_a_recipe_and_the_call_wins(attached):
    target = attached(model("llama"))
    inputs, plain, _ = _plain(target)
    carried = GenerationConfig(
        max_new_tokens=20, do_sample=False, smart_recipe=SMALL, return_dict_in_generate=True, pad_token_id=0
    )
    assert target.generate(**inputs, generation_config=carried).speculation.recipe == "small"
    for nothing in (None, False):
        assert not hasattr(target.generate(**inputs, generation_config=carried, smart_recipe=nothing), "speculation")
    bad = GenerationConfig(max_new_tokens=3)
    bad.smart_recipe = smartgen.load("smart")
    with pytest.raises(TypeError, match="text or a plain dict"):
        target.generate(**inputs, generation_config=bad)
    assert target.generate(**inputs, max_new_tokens=20, do_sample=False).tolist() == plain.tolist()


def test_every_form_of_a_recipe(attached, tmp_path):
    target, inputs = attached(model("llama")), prompts(1)
    path = tmp_path / "mine.smart"
    path.write_text(SMALL)
    mapping = {"smartgen": 1, "policy": "eagle2", "limit": {"depth": 2}}
    for recipe in ("eagle2", str(path), path, SMALL, mapping, smartgen.load(SMALL)):
        assert target.generate(**inputs, max_new_tokens=3, smart_recipe=recipe).shape == (1, 17)


def test_enable_and_disable_are_idempotent():
    from transformers import GenerationMixin

    stock, target = GenerationMixin.generate, model("qwen3")
    smartgen.enable()
    smartgen.enable()
    try:
        assert target.generate(**prompts(1), max_new_tokens=3, smart_recipe=SMALL).shape == (1, 17)
    finally:
        smartgen.disable()
        smartgen.disable()
    assert GenerationMixin.generate is stock
    with pytest.raises(ValueError, match="smart_recipe"):
        target.generate(**prompts(1), max_new_tokens=3, smart_recipe=SMALL)
    smartgen.detach(target)


def test_attached_models_copy_and_pickle(attached):
    target = attached(model("llama"))
    plain = target.generate(**prompts(1), max_new_tokens=5, do_sample=False)
    for other in (copy.deepcopy(target), pickle.loads(pickle.dumps(target))):
        assert other.generate.args[0] is other
        assert (
            other.generate(**prompts(1), max_new_tokens=5, do_sample=False, smart_recipe=SMALL).tolist()
            == plain.tolist()
        )


def test_method_needs_nothing_attached():
    target, streamer = model("gpt2"), Recorder()
    inputs, plain, drafter = _plain(target)
    method = smartgen.method(SMALL, assistant_model=drafter, streamer=streamer)
    output = target.generate(**inputs, max_new_tokens=20, do_sample=False, custom_generate=method)
    assert output.tolist() == plain.tolist()
    assert streamer.tokens == plain[0].tolist()
    assert streamer.ends == 1
    smartgen.detach(target)


def test_a_drafter_without_a_recipe_is_one_sentence(attached):
    target = attached(model("llama"))
    with pytest.raises(TypeError, match='add smart_recipe="smart"'):
        target.generate(**prompts(1), max_new_tokens=3, assistant_model=NGram())


def test_a_profile_of_another_machine_is_complained_of_once(attached, caplog, monkeypatch):
    def find(model, drafter, named):
        points = [Point(1, 32, n, 1e-5 * (1 + n)) for n in (0, 16)]  # no machine is as fast
        return CostSource(
            Profile(profile_key(model, drafter), CostTable(points), CostTable(points)), "test", fixed=True
        )

    monkeypatch.setattr(CostSource, "find", find)
    target, said = attached(model("llama")), []
    for tokens in (20, 90, 20):
        target.generate(
            **prompts(1), min_new_tokens=tokens, max_new_tokens=tokens, do_sample=False, smart_recipe="smart"
        )
        said.append(sum("do not fit this machine" in record.message for record in caplog.records))
    assert said == [0, 1, 1]
    assert "`smartgen profile`" in caplog.text


def test_the_first_call_measures_costs_and_says_so_once(attached, caplog):
    target, inputs = attached(model("llama")), prompts(1)
    for _ in range(2):
        output = target.generate(
            **inputs, max_new_tokens=6, do_sample=False, smart_recipe="smart", return_dict_in_generate=True
        )
    assert output.speculation.profile
    assert sum("no cost profile" in record.message for record in caplog.records) <= 1
    other = attached(copy.deepcopy(target))
    output = other.generate(
        **inputs, max_new_tokens=6, do_sample=False, smart_recipe="smart", return_dict_in_generate=True
    )
    assert output.speculation.profile == "remembered profile"

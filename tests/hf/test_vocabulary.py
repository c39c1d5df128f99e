"""Two models of one tokenizer, or a sentence."""

from __future__ import annotations

import copy

import pytest
import torch
import transformers as t

import smartgen
from smartgen.hf.vocabulary import refuse_other_tokens
from tests.hf.conftest import SMALL
from tests.hf.words import bundled
from tests.hf.zoo import BASE, V, model, noisy_copy, prompts


class Words:
    """A tokenizer, as far as it is asked."""

    def __init__(self, tokens) -> None:
        self.tokens = tokens

    def get_vocab(self):
        return {token: index for index, token in enumerate(self.tokens)}


def _generate(target, assistant, ours, theirs):
    return target.generate(
        **prompts(1),
        max_new_tokens=4,
        do_sample=False,
        smart_recipe=SMALL,
        assistant_model=assistant,
        tokenizer=Words(ours),
        assistant_tokenizer=Words(theirs),
    )


def test_what_is_no_tokenizer_is_named():
    with pytest.raises(TypeError, match="assistant_tokenizer must be a tokenizer, not int"):
        refuse_other_tokens(Words(["a"]), 5)


def test_tokenizers_given_with_the_call_are_compared(attached):
    target, assistant = attached(model("llama")), noisy_copy(model("llama"))
    words = [f"w{i}" for i in range(V)]
    assert _generate(target, assistant, words, words).shape == (1, 18)
    with pytest.raises(ValueError, match=r"differs from the target's in 97 of 97 ids: 0 is 'x0' there and 'w0' here"):
        _generate(target, assistant, words, [f"x{i}" for i in range(V)])
    with pytest.raises(ValueError, match="differs"):
        _generate(target, assistant, words, words[1:] + words[:1])
    many = [f"w{i}" for i in range(1000)]
    special = ["<pad>" if i == 7 else word for i, word in enumerate(many)]
    assert _generate(target, assistant, many, special).shape == (1, 18), "families differ in a special token or two"


def test_tokenizers_beside_the_files_are_compared(tmp_path):
    target, assistant, tokenizer = bundled()
    other = copy.deepcopy(assistant)
    other.save_pretrained(tmp_path)
    vocabulary = {token: tokenizer.vocab_size - 1 - index for token, index in tokenizer.get_vocab().items()}
    turned = t.PreTrainedTokenizerFast(tokenizer_object=_words(vocabulary))
    turned.save_pretrained(tmp_path)
    inputs = tokenizer("def read(", return_tensors="pt")
    for drafter in (
        t.AutoModelForCausalLM.from_pretrained(tmp_path),
        smartgen.load_drafter(str(tmp_path), target),
    ):
        with pytest.raises(ValueError, match="the assistant's tokenizer differs"):
            target.generate(input_ids=inputs["input_ids"], smart_recipe=SMALL, assistant_model=drafter)


def _words(vocabulary):
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel

    return Tokenizer(WordLevel({**vocabulary, "[UNK]": len(vocabulary)}, unk_token="[UNK]"))


@pytest.mark.parametrize("rows", [V - 20, V + 30])
@pytest.mark.parametrize("batch", [1, 4])
def test_padding_rows_on_either_side(rows, batch, attached):
    """Ids beyond the target's are never proposed; a row in which one beyond the assistant's is said drafts no more."""
    target, inputs = attached(model("llama")), prompts(batch)
    torch.manual_seed(3)
    assistant = t.LlamaForCausalLM(t.LlamaConfig(**{**BASE, "vocab_size": rows})).double().eval()
    with torch.no_grad():
        assistant.lm_head.weight[min(rows, V) :] += 9.0  # what the target does not know is what it would say first
    plain = target.generate(**inputs, max_new_tokens=20, do_sample=False)
    output = target.generate(
        **inputs, max_new_tokens=20, do_sample=False, smart_recipe=SMALL, assistant_model=assistant
    )
    assert output.equal(plain)

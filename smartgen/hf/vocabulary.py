"""Do two models speak the same token ids? Compared where their tokenizers can be had.

A wrong assistant would never change the text, it only drafts in vain; but a person who pairs two families has made a
mistake that is better said than paid for. Models of one family differ in a few special tokens, and in rows of padding
behind the vocabulary: both are allowed.
"""

from __future__ import annotations

from typing import Any

ALLOWED = 0.01  # share of the common ids that may mean something else


def known_tokenizer(model: Any) -> Any:
    """The tokenizer beside the files a model was loaded from; None where there is none on this machine."""
    from transformers import AutoTokenizer

    name = getattr(model.config, "name_or_path", None)
    if not name:
        return None
    try:
        return AutoTokenizer.from_pretrained(name, local_files_only=True, trust_remote_code=False)
    except Exception:  # any of a dozen kinds; all of them mean that the tokenizer cannot be had
        return None


def refuse_other_tokens(tokenizer: Any, assistant_tokenizer: Any) -> None:
    """Raise ValueError if more than `ALLOWED` of the ids that both know are different tokens. None is not compared.

    TypeError for anything that is no tokenizer.
    """
    if tokenizer is None or assistant_tokenizer is None:
        return
    for name, given in (("tokenizer", tokenizer), ("assistant_tokenizer", assistant_tokenizer)):
        if not hasattr(given, "get_vocab"):
            raise TypeError(f"{name} must be a tokenizer, not {type(given).__name__}")
    ours = {index: token for token, index in tokenizer.get_vocab().items()}
    theirs = {index: token for token, index in assistant_tokenizer.get_vocab().items()}
    shared = ours.keys() & theirs.keys()
    different = sorted(index for index in shared if ours[index] != theirs[index])
    if len(different) > ALLOWED * len(shared):
        first = different[0]
        raise ValueError(
            f"the assistant's tokenizer differs from the target's in {len(different)} of {len(shared)} ids: {first} is "
            f"{theirs[first]!r} there and {ours[first]!r} here; drafting needs a model of the same tokenizer"
        )

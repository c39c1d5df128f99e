"""How much longer a call that drains will go on: rows may end long before they must.

What is spent once a call (a drafter reads the prompts) has to come back in the tokens that are left. A call of which at
most 1 000 tokens may come and whose answer is one word has none left.
"""

from __future__ import annotations


class CallLength:
    """Tokens of the calls so far, and how many of them ended by themselves: the chance of an end with every token."""

    PRIOR = 16.0  # tokens of an imagined call that ended by itself
    FADE = 0.9  # of both, a call

    def __init__(self) -> None:
        self.tokens = self.ends = 0.0
        self.left = 0  # tokens that the newest call might still have emitted when it was last seen

    def begins(self) -> None:
        """Another call begins; where the one before stopped with tokens left, it had ended by itself."""
        self.tokens *= self.FADE
        self.ends = self.FADE * (self.ends + (self.left > 0))
        self.left = 0

    def goes_on(self, tokens: int, left: int) -> None:
        """A step of the newest call: its longest row got `tokens`, and `left` are the most that one may still emit."""
        self.tokens += tokens
        self.left = left

    def expected(self, most: int) -> float:
        """Tokens to come where a row may still emit `most`, at least 1; ends are taken to be as likely at any token."""
        return max(min(float(most), (self.tokens + self.PRIOR) / (self.ends + 1.0)), 1.0)

"""What people write instead, and what they meant: every rule proposes repairs, and only one that lets the text be read
further is believed (`smartgen/language/recover.py`)."""

from smartgen.language.mistakes import expressions, statements
from smartgen.language.mistakes.frame import header, naming, outside, unclosed_end
from smartgen.language.mistakes.missing import signs, words
from smartgen.language.mistakes.opening import opening
from smartgen.language.mistakes.spot import Rule

# In this order: what is known exactly comes before what is guessed.
RULES: tuple[Rule, ...] = (
    header,
    naming,
    outside,
    unclosed_end,
    opening,
    *statements.RULES,
    *expressions.RULES,
    words,
    signs,
)

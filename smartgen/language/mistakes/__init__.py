"""What people write instead, and what they meant: every rule proposes repairs, and only one that lets the text be read
further is believed (`smartgen/language/recover.py`)."""

from smartgen.language.mistakes import expressions, naming, order, phrases, slips
from smartgen.language.mistakes.bare_counts import named_count, torn_number
from smartgen.language.mistakes.blocks import unclosed_block
from smartgen.language.mistakes.braces import braces
from smartgen.language.mistakes.casts import cast
from smartgen.language.mistakes.clauses import choice
from smartgen.language.mistakes.clock import clock
from smartgen.language.mistakes.colons import missing_colon
from smartgen.language.mistakes.declaring import param
from smartgen.language.mistakes.frame import outside, policy_line, unclosed_end
from smartgen.language.mistakes.functions import function
from smartgen.language.mistakes.going_on import going_on
from smartgen.language.mistakes.inheriting import imported, use
from smartgen.language.mistakes.joints import parts_apart
from smartgen.language.mistakes.let_in import let_in
from smartgen.language.mistakes.limits import limit
from smartgen.language.mistakes.missing import signs, words
from smartgen.language.mistakes.opening import opening
from smartgen.language.mistakes.placeholders import placeholder
from smartgen.language.mistakes.rows import matched, rows
from smartgen.language.mistakes.spot import Rule
from smartgen.language.mistakes.sql import query
from smartgen.language.mistakes.statements import as_value
from smartgen.language.mistakes.unfinished import nothing
from smartgen.language.mistakes.version import header
from smartgen.language.mistakes.word_blocks import stray_end, word_block

# In this order: what is known exactly comes before what is guessed.
RULES: tuple[Rule, ...] = (
    header,
    policy_line,
    outside,
    unclosed_block,
    unclosed_end,
    going_on,
    imported,
    missing_colon,
    phrases.dashes,
    slips.doubled,
    slips.article,
    slips.torn,
    slips.glued,
    slips.unopened,
    parts_apart,
    cast,
    function,
    word_block,
    stray_end,
    placeholder,
    let_in,
    query,
    opening,
    clock,
    braces,
    as_value,
    *naming.RULES,
    param,
    named_count,
    torn_number,
    choice,
    matched,
    rows,
    limit,
    use,
    *order.RULES,
    nothing,
    *expressions.RULES,
    phrases.undeclared,
    words,
    signs,
)

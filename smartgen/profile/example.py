"""An example profile, for explanations without a measured one. Labelled wherever it is shown; decides nothing in earnest."""

from __future__ import annotations

from smartgen.profile.profile import Key, Profile
from smartgen.profile.table import CostTable, Point

LABEL = "example costs of a 135M model on a 2-core CPU in bfloat16; measure your own with `smartgen profile`"
_VERIFY = {
    1: {0: 0.0376, 1: 0.0387, 4: 0.0437, 16: 0.058, 64: 0.120},
    4: {0: 0.0426, 1: 0.0495, 4: 0.0619, 16: 0.1219, 64: 0.3387},
    16: {0: 0.0634, 1: 0.0808, 2: 0.1055, 4: 0.139, 8: 0.202, 16: 0.3546},
}
_DRAFT = {1: {1: 0.0022, 10: 0.0028}, 4: {1: 0.0028, 10: 0.0045}, 16: {1: 0.0045, 10: 0.014}}


def example_profile() -> Profile:
    """Measured once with `benchmarks/grouped_attention.py` (verify) and `benchmarks/drafting_pass.py` (draft), context 200."""
    key = Key("example", "example", "example", "example")
    return Profile(key, _table(_VERIFY), _table(_DRAFT), kind="example")


def _table(measured: dict[int, dict[int, float]]) -> CostTable:
    return CostTable(Point(batch, 200, size, s) for batch, row in measured.items() for size, s in row.items())

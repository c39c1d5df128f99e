"""Tables, fits, files and corrections."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from smartgen.models.cache import cache_root
from smartgen.profile import store
from smartgen.profile.errors import ProfileError
from smartgen.profile.fit import fit
from smartgen.profile.measure import SIZES, Stopwatch, measure_sizes, of_rounds
from smartgen.profile.online import OnlineCosts
from smartgen.profile.profile import Key, Profile
from smartgen.profile.table import CostTable, Point

TABLE = CostTable(
    [Point(b, c, n, 0.01 * b + 0.001 * n * b + c * 1e-6) for b in (1, 4) for c in (100, 300) for n in (0, 2, 8)]
)
KEY = Key("llama", "ngram", "cpu", "float32")


def test_interpolation_is_linear_inside_and_clamped_or_extended_outside():
    at = lambda b, n, c: TABLE.seconds(b, np.array([float(n)]), c)[0]  # noqa: E731
    assert at(1, 2, 100) == pytest.approx(0.0121)
    assert at(1, 5, 200) == pytest.approx(0.01 + 0.005 + 200e-6)
    assert at(2, 2, 100) == pytest.approx((at(1, 2, 100) * 2 + at(4, 2, 100)) / 3)
    assert at(1, 16, 100) == pytest.approx(at(1, 8, 100) + 0.008)
    assert at(9, 2, 100) == at(4, 2, 100)
    assert at(1, 2, 900) == at(1, 2, 300)
    with pytest.raises(ProfileError, match="empty"):
        CostTable(()).seconds(1, np.array([0.0]), 1)
    with pytest.raises(ProfileError, match="positive number of seconds"):
        CostTable([Point(1, 1, 0, float("nan"))])


def test_fits_recover_what_made_the_points():
    n = np.array([0.0, 1, 4, 16, 64])
    assert fit("linear", n, 0.02 + 0.001 * n)(10) == pytest.approx(0.03)
    assert fit("proportional", n[1:], 0.002 * n[1:])(5) == pytest.approx(0.01)
    curve = 0.03 * np.expm1(0.4 * (n + 1) ** 0.3)
    np.testing.assert_allclose(fit("exp-power", n, curve)(n), curve, rtol=1e-3)
    assert fit("roofline", n, np.maximum(0.03, 0.002 * n))(2) == pytest.approx(0.03)
    with pytest.raises(ProfileError, match="no cost model 'cubic'"):
        fit("cubic", n, n)
    with pytest.raises(ProfileError, match="needs 3 measured sizes"):
        fit("exp-power", n[:2], n[:2] + 1)


def test_a_profile_survives_its_file_and_merges(tmp_path):
    profile = Profile(KEY, TABLE, CostTable([Point(1, 1, 1, 0.5)]), provenance={"date": "today"})
    store.save(profile, tmp_path / "p.json")
    again = store.load(tmp_path / "p.json")
    assert again.key == KEY
    assert again.verify.points == TABLE.points
    merged = again.merged(Profile(KEY, CostTable([Point(1, 100, 0, 9.0)])))
    assert len(merged.verify) == len(TABLE)
    assert merged.verify.seconds(1, np.array([0.0]), 100)[0] == 9.0
    with pytest.raises(ProfileError, match="dtype is 'float32', not 'bfloat16'"):
        again.merged(Profile(Key("llama", "ngram", "cpu", "bfloat16")))
    assert not list(tmp_path.glob("*.part"))


def test_the_hosts_part_survives_and_may_be_missing(tmp_path):
    host = CostTable([Point(1, 16, 0, 0.0005), Point(1, 16, 1, 0.0012)])
    store.save(Profile(KEY, TABLE, TABLE, host=host), tmp_path / "p.json")
    loaded = store.load(tmp_path / "p.json")
    assert loaded.host.points == host.points
    assert Profile(KEY, TABLE).merged(loaded).host.points == host.points
    old = json.loads((tmp_path / "p.json").read_text())
    del old["host"]
    (tmp_path / "p.json").write_text(json.dumps(old))
    assert not store.load(tmp_path / "p.json").host.points


def test_what_was_measured_is_found_again(tmp_path, monkeypatch):
    monkeypatch.setenv("SMARTGEN_CACHE", str(tmp_path))
    assert store.find(KEY) is None
    store.remember(Profile(KEY, CostTable([Point(1, 1, 0, 0.5)])))
    store.remember(Profile(KEY, CostTable([Point(2, 1, 0, 0.7)])))
    found = store.find(KEY)
    assert found is not None
    assert found.verify.batches == [1, 2]
    for damaged in ("damaged", "[" * 100_000, store.place(KEY).read_text().replace("0.5", "NaN")):
        store.place(KEY).write_text(damaged)
        store.remember(Profile(KEY, CostTable([Point(3, 1, 0, 0.9)])))
        assert store.find(KEY).verify.batches == [3]


def test_the_cache_is_one_folder_whose_tilde_is_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SMARTGEN_CACHE", "~/x")
    assert (store.folder(), cache_root()) == (tmp_path / "x" / "profiles", tmp_path / "x" / "models")
    monkeypatch.setenv("SMARTGEN_CACHE", "~nouser/x")
    for place in (store.folder, cache_root):
        with pytest.raises(ValueError, match=r"SMARTGEN_CACHE is '~nouser/x', and that home folder is not to be found"):
            place()


def test_of_all_that_is_remembered_a_damaged_file_is_told_and_left_out(tmp_path, monkeypatch):
    monkeypatch.setenv("SMARTGEN_CACHE", str(tmp_path))
    store.remember(Profile(KEY, TABLE))
    (store.folder() / "damaged.json").write_text('{"smartgen_profile"', encoding="utf-8")
    told: list[str] = []
    assert [profile.key for profile in store.remembered(lambda error: told.append(str(error)))] == [KEY]
    assert len(told) == 1
    assert "damaged.json" in told[0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.pop("smartgen_profile"), "smartgen_profile"),
        (lambda d: d.update(smartgen_profile=9), "should be 1, found 9"),
        (lambda d: d["key"].pop("dtype"), "field 'key'"),
        (lambda d: d.update(verify="x"), "field 'verify'"),
        (lambda d: d["verify"].append([1, 2]), r"field 'verify\[12\]'"),
        (lambda d: d["verify"].append([1, 2, 3, -1.0]), r"'verify\[12\]' should have a positive number of seconds"),
        (lambda d: d["draft"].append([1, 2, 3, 10**400]), r"'draft\[12\]' should have a positive number .* found .*0\.\.\.0"),
        (lambda d: d["draft"].append([1, 2, 3, float("nan")]), r"'draft\[12\]' should have a positive number of seconds"),
        (lambda d: d["verify"].append([float("nan"), 2, 3, 1.0]), r"'verify\[12\]' should have a whole .* as its batch"),
        (lambda d: d["verify"].append([1.7, 2, 3, 1.0]), r"a whole number from 1 to 1000000000 as its batch"),
        (lambda d: d["verify"].append([True, 2, 3, 1.0]), r"as its batch, found \[True, 2, 3, 1.0\]"),
        (lambda d: d["verify"].append([10**400, 2, 3, 1.0]), r"as its batch"),
        (lambda d: d["verify"].append([1, -2, 3, 1.0]), r"from 0 to 1000000000 as its context"),
        (lambda d: d["verify"].append([1, float("inf"), 3, 1.0]), r"as its context"),
        (lambda d: d["verify"].append([1, 2, 0.5, 1.0]), r"as its size"),
        (lambda d: d["verify"].append([1, 100, 2, 1.0]), r"'verify\[12\]' is the point of 'verify\[1\]' again"),
        (lambda d: d.update(verify=[]), "'verify' has no points"),
        (lambda d: d.update(smartgen_profile=True), "should be 1, found True"),
        (lambda d: d.update(kind="banana"), "'kind' should be measured or roofline or example, found 'banana'"),
        (lambda d: d.update(provenance=[]), "provenance"),
    ],
)
def test_damaged_files_name_the_field(change, said, tmp_path):
    path = tmp_path / "p.json"
    store.save(Profile(KEY, TABLE, TABLE), path)
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))
    with pytest.raises(ProfileError, match=said) as caught:
        store.load(path)
    assert str(caught.value).startswith(f"{path}: field '")
    assert str(caught.value).endswith(f"; measure it anew with `smartgen profile --out {path}`")


@pytest.mark.parametrize(
    ("content", "said"),
    [("{", "Expecting"), ("[" * 100_000, "nested too deep"), ("9" * 5_000, "too many digits")],
)
def test_what_is_no_json_is_no_readable_profile(content, said, tmp_path):
    (tmp_path / "p.json").write_text(content)
    with pytest.raises(ProfileError, match=rf"p\.json is not a readable profile \(.*{said}.*; measure it anew"):
        store.load(tmp_path / "p.json")


def test_a_profile_of_ngrams_has_no_drafting_passes_and_need_not(tmp_path):
    store.save(Profile(KEY, TABLE), tmp_path / "p.json")
    assert not store.load(tmp_path / "p.json").draft
    with pytest.raises(ProfileError, match=r"p\.json has no drafting passes, .* --draft MODEL"):
        store.load_of_drafting(tmp_path / "p.json")


def test_corrections_follow_the_clock_and_shrug_at_pauses():
    costs = OnlineCosts(TABLE, TABLE)
    before = costs.verify(1, 8, 100).copy()
    costs.observe_verify(1, 2, 100, before[2] * 10)
    np.testing.assert_allclose(costs.verify(1, 8, 100), before)
    for _ in range(16):
        for size in (0, 2, 8):
            costs.observe_verify(1, size, 100, before[size] * 2)
    np.testing.assert_allclose(costs.verify(1, 8, 100), before * 2, rtol=3e-2)
    costs.observe_verify(1, 2, 100, before[2] * 50)
    after = costs.verify(1, 8, 100)
    np.testing.assert_allclose(after, before * 2, rtol=0.15)
    np.testing.assert_allclose(after / after[0], before / before[0], rtol=0.04)
    assert costs.draft(1, 2, 100) == pytest.approx(before[2])
    for _ in range(40):
        costs.observe_draft(1, 2, 100, before[2] * 99)
    assert costs.draft(1, 2, 100) == pytest.approx(before[2] * 4), "bounded"


def test_a_wrong_fixed_part_is_told_from_a_wrong_slope():
    """True costs: the fixed part doubled, the slope halved; sizes 1 to 6 are visited, 0 and 8 never."""
    costs, sizes = OnlineCosts(TABLE, TABLE), np.arange(9.0)
    table = TABLE.seconds(1, sizes, 100)
    true = 2.0 * table[0] + 0.5 * (table - table[0])
    random = np.random.default_rng(0)
    for step, size in enumerate(random.integers(1, 7, 300)):
        mood = 1.3 if step // 20 % 2 else 1.0  # the machine's, common to all sizes
        costs.observe_verify(1, int(size), 100, true[size] * mood * np.exp(0.05 * random.standard_normal()))
    believed = costs.verify(1, 8, 100)
    np.testing.assert_allclose(believed / believed[3], true / true[3], rtol=0.1)


def test_batches_that_see_few_trees_learn_the_slope_from_one_another():
    """Rows leave one by one; the growing part costs 1.8 x what the table says, and each batch verifies but two trees."""
    costs, random = OnlineCosts(TABLE, TABLE), np.random.default_rng(0)
    for batch in range(16, 5, -1):
        table = TABLE.seconds(batch, np.arange(9.0), 100)
        true = 1.2 * (table[0] + 1.8 * (table - table[0]))
        for size in [0] * 12 + [2] + [0] * 12 + [3]:
            costs.observe_verify(batch, size, 100, true[size] * np.exp(0.05 * random.standard_normal()))
    believed = costs.verify(6, 8, 100)
    np.testing.assert_allclose(believed[:4] / believed[0], true[:4] / true[0], rtol=0.08)
    assert np.abs(table[3] / table[0] * true[0] / true[3] - 1) > 0.15, "the table alone is further off"


def test_a_batch_is_near_a_measured_one_or_between_two():
    table = CostTable(Point(batch, 100, 0, 0.1) for batch in (4, 16))
    batches = range(1, 30)
    assert [batch for batch in batches if table.near(batch)] == [3, 4, 5, 6, *range(11, 25)]
    assert [batch for batch in batches if table.reaches(batch)] == [*range(3, 25)]
    assert not CostTable([]).near(1)
    assert not CostTable([]).reaches(1)


def test_a_batch_not_seen_yet_borrows_from_the_nearest():
    costs = OnlineCosts(TABLE, TABLE)
    for _ in range(20):
        costs.observe_verify(2, 1, 100, 3 * TABLE.seconds(2, np.array([1.0]), 100)[0])
    np.testing.assert_allclose(costs.verify(3, 4, 100), 3 * TABLE.seconds(3, np.arange(5.0), 100), rtol=1e-2)


def _run(costs, true, batch=1, steps=200):
    random = np.random.default_rng(0)
    for size in random.integers(0, 9, steps):
        costs.observe_verify(batch, int(size), 100, true[size] * np.exp(0.05 * random.standard_normal()))


@pytest.mark.parametrize(("fixed", "slope"), [(1.0, 1.0), (1.7, 1.0), (1.0, 0.6), (0.6, 0.6)])
def test_a_table_that_is_off_by_less_than_two_is_said_to_fit(fixed, slope):
    costs, table = OnlineCosts(TABLE, TABLE), TABLE.seconds(1, np.arange(9.0), 100)
    _run(costs, fixed * table[0] + slope * (table - table[0]))
    assert costs.misfit() == ""


def test_a_table_of_another_machine_is_noticed():
    table = TABLE.seconds(1, np.arange(9.0), 100)
    slow = OnlineCosts(TABLE, TABLE)
    _run(slow, 3.0 * table, steps=60)
    assert slow.misfit() == "", "too early to tell"
    _run(slow, 3.0 * table)
    assert re.fullmatch(r"steps of the target take (2\.9|3) × that at batch 1 \(260 timed\)", slow.misfit())
    steep = OnlineCosts(TABLE, TABLE)
    _run(steep, 0.5 * table[0] + 3.0 * (table - table[0]), steps=400)
    assert re.search(r"the largest steps of the target take [\d.]+ × that, against the smallest", steep.misfit())
    slow.replace(TABLE, TABLE)
    assert slow.misfit() == ""


def test_a_growing_part_that_is_small_misleads_nobody():
    flat = CostTable([Point(1, 100, n, 0.05 + 0.0005 * n) for n in range(9)])
    costs, table = OnlineCosts(flat, flat), flat.seconds(1, np.arange(9.0), 100)
    _run(costs, table[0] + 4.0 * (table - table[0]), steps=400)
    assert costs.misfit() == ""


class _Machine:
    """A clock that moves by what work takes; `slowness` is what that is multiplied by at the moment."""

    def __init__(self, slowness=lambda now: 1.0):
        self.now, self.slowness = 0.0, slowness
        self.watch = Stopwatch(lambda: self.spend(0.01), clock=lambda: self.now)

    def spend(self, seconds):
        self.now += seconds * self.slowness(self.now)


def test_measuring_respects_its_budget_and_ceiling():
    machine = _Machine()
    run = lambda size: machine.spend(0.01 * (1 + size))  # noqa: E731
    known = measure_sizes(run, (0, 1, 2, 4, 8, 16), machine.watch, budget=100, ceiling=5)
    assert known == pytest.approx({0: 1, 1: 2, 2: 3, 4: 5, 8: 9})
    began = machine.now
    assert list(measure_sizes(run, (0, 1, 2, 4), machine.watch, budget=0.05)) == [0, 1]
    assert list(measure_sizes(run, (0, 1, 2, 4), machine.watch, budget=0.05, reach=1.0)) == [0, 1, 2, 4]
    assert machine.now - began < 0.6


def test_what_runs_around_a_timing_is_not_timed():
    machine, order = _Machine(), []

    def run(name, seconds):
        order.append(name)
        machine.spend(seconds)

    taken = measure_sizes(
        lambda size: run("work", 0.01 * size),
        (1, 2),
        machine.watch,
        1e9,
        repeats=3,
        before=lambda: run("before", 50.0),
        between=lambda: run("between", 50.0),
    )
    assert taken == pytest.approx({1: 1.0, 2: 2.0})
    assert order == 2 * ["before", "work", "before", "between", "work"] + 4 * ["before", "between", "work"]


def test_slow_spells_hit_a_timing_and_the_step_beside_it():
    machine = _Machine(slowness=lambda now: 2.0 if 0.5 < now % 3.0 < 2.0 else 1.0)
    taken = measure_sizes(lambda size: machine.spend(0.01 + 0.0005 * size), SIZES, machine.watch, 1e9)
    assert taken == pytest.approx({size: 1 + 0.05 * size for size in SIZES})


def test_a_stall_does_not_end_the_sizes():
    machine = _Machine(slowness=lambda now: 1000.0 if 0.114 < now < 0.116 else 1.0)
    taken = measure_sizes(lambda size: machine.spend(0.01 + 0.0005 * size), SIZES, machine.watch, budget=100)
    assert machine.now > 10  # it did stall
    assert taken == pytest.approx({size: 1 + 0.05 * size for size in SIZES})


def test_a_dip_in_the_measured_sizes_is_noise_and_is_pooled():
    machine, cost = _Machine(), {0: 4.0, 1: 4.5, 2: 4.2, 4: 5.3, 8: 4.6}
    taken = measure_sizes(lambda size: machine.spend(0.01 * cost[size]), cost, machine.watch, budget=1000)
    assert taken == pytest.approx({0: 4.0, 1: 4.35, 2: 4.35, 4: 4.95, 8: 4.95})


def test_a_slow_spell_in_one_round_leaves_no_trace():
    quiet = [Point(b, c, n, 0.01 * (1 + n)) for b in (1, 4) for c in (64, 256) for n in (0, 1, 2)]
    slow = [Point(p.batch, p.context, p.size, p.seconds * (2 if p.batch == 4 else 1)) for p in quiet]
    assert of_rounds([quiet, slow, quiet]) == quiet
    reached = Point(1, 64, 4, 0.02)  # by one round of three
    assert reached not in of_rounds([[*quiet, reached], quiet, quiet])
    found = of_rounds([[*quiet, reached], [*quiet, reached], quiet])
    known = {p.size: p.seconds for p in found if (p.batch, p.context) == (1, 64)}
    assert known[4] == known[2] == pytest.approx(0.026)  # no less than a smaller size: both are taken together


def test_a_pass_over_a_prompt_says_nothing_of_narrow_ones():
    table = CostTable([Point(1, 100, n, 0.002 + 0.0005 * n) for n in (1, 4, 10)])
    costs = OnlineCosts(TABLE, table)
    for _ in range(400):
        costs.observe_draft(1, 200, 100, 0.01)
    np.testing.assert_array_equal(costs.draft(1, 4, 100), table.seconds(1, np.array([4.0]), 100)[0])
    assert costs.misfit() == ""
    for _ in range(400):
        costs.observe_draft(1, 10, 100, 0.014)
    assert costs.draft(1, 10, 100) > 1.5 * table.seconds(1, np.array([10.0]), 100)[0]

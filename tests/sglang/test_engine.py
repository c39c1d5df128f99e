"""The real engine, steered: exactness of a tier, the negative control, the levels of off, live recipes."""

from __future__ import annotations

import random

import pytest

from tests.sglang.serving import SERVE, Server, drafted_by, engine_only

pytestmark = [engine_only, pytest.mark.slow]
PROMPTS = [[5, 9, 33, 7], [12, 13, 40, 41, 42, 8], [60, 2, 17], [6, 6, 6, 50]]
CONSTANT = "smartgen 1\npolicy constant {\n  benefit accepted = node.path\n  expand best 2\n  verify best 3\n  limit depth 2\n}\n"

STEADY = """smartgen 1
policy steady {
  benefit  accepted  = path(calibrated(node.prob, node.rank, node.depth, node.spine, node.source, request.sampled))
  cost     drafting  = 1 ms * batch.mean(1 + layer.depth)  # of a layer: paid each pass
  cost     verifying = 4 ms + 0.05 ms * batch.nodes
  maximize progress / time
  expand   best 4
  verify   best 0..16
  limit    depth 6
}
"""  # costs that no other load on the machine moves: what is decided shows what was noticed of the draft


def ids(answers):
    return [answer["output_ids"] for answer in answers]


def counts(answers):
    meta = [answer["meta_info"] for answer in answers]
    return [(one["spec_verify_ct"], one["spec_correct_drafts_histogram"]) for one in meta]


@pytest.fixture(scope="module")
def plain(models, tmp_path_factory):
    with Server(models, tmp_path_factory.mktemp("plain") / "log") as server:
        return ids(server.generate(PROMPTS, 48))


def test_a_constant_tier_is_the_plain_servers(models, plain, tmp_path):
    with Server(models, tmp_path / "log", *drafted_by(models, tier="2/2/4")) as server:
        fixed = server.generate(PROMPTS, 48)
    more = [*drafted_by(models, tier="4/4/12"), "--smart-recipe", CONSTANT, "--smart-tiers", "2/2/4"]
    with Server(models, tmp_path / "log", *more) as server:
        steered = server.generate(PROMPTS, 48)
        assert set(server.smart()["rounds_by_tier"]) == {"2/2/4"}
    assert counts(steered) == counts(fixed)
    assert ids(steered) == ids(fixed) == plain


def test_a_broken_mask_is_caught(models, plain, tmp_path):
    more = [*drafted_by(models), "--smart-recipe", CONSTANT]
    with Server(models, tmp_path / "log", *more, STANDIN_BROKEN_MASK="1") as server:
        assert ids(server.generate(PROMPTS, 48)) != plain


def rounds(server, wanted, rows=4, tokens=64, seed=3):
    """Serve batches until this many rounds have passed; the figures then."""
    rng = random.Random(seed)
    while True:
        found = server.smart()
        if found["rounds"] >= wanted:
            return found
        server.generate([[rng.randrange(4, 64) for _ in range(8)] for _ in range(rows)], tokens)


@pytest.fixture(scope="module")
def profile(models, tmp_path_factory):
    """Costs at which a right draft pays and a wrong one does not: the stand-in's own are too noisy to test decisions on."""
    from smartgen.profile import store
    from smartgen.profile.profile import Key, Profile
    from smartgen.profile.table import CostTable, Point

    verify = [Point(b, 256, n, 0.004 + 0.00005 * n * b) for b in (1, 8) for n in (0, 1, 3, 7, 15)]
    draft = [Point(b, 256, k, 0.0008) for b in (1, 8) for k in (1, 4)]
    path = tmp_path_factory.mktemp("profile") / "costs.json"
    store.save(Profile(Key("tiny", "tiny", "cpu", "float32"), CostTable(verify), CostTable(draft)), path)
    return str(path)


def test_a_random_draft_settles_to_off_and_sleeps(models, profile, tmp_path):
    more = [*drafted_by(models, "adversary"), "--smart-recipe", "smart", "--smart-profile", profile]
    with Server(models, tmp_path / "log", *more) as server:
        early = rounds(server, 50)
        server.generate(PROMPTS, 120)
        late = server.smart()
    after = late["rounds"] - early["rounds"]
    assert late["rounds_off"] - early["rounds_off"] >= 0.95 * after
    assert late["level"] == "asleep"


def test_a_draft_spoilt_and_mended_is_noticed(models, tmp_path):
    switch = tmp_path / "spoilt"
    more = [*drafted_by(models, "twin"), "--smart-recipe", STEADY]
    with Server(models, tmp_path / "log", *more, SMARTGEN_SGLANG_SPOIL=str(switch)) as server:
        rounds(server, 100)
        good = share_off(server, 60)
        switch.touch()
        rounds(server, server.smart()["rounds"] + 150)  # what was learned of a good draft fades
        bad = share_off(server, 60)
        switch.unlink()
        rounds(server, server.smart()["rounds"] + 400, tokens=6)  # asleep, only new requests show that it mended
        mended = share_off(server, 60)
    assert good < 0.3
    assert bad > 0.9
    assert mended < 0.4


def share_off(server, more):
    before = server.smart()
    after = rounds(server, before["rounds"] + more, tokens=60)
    return (after["rounds_off"] - before["rounds_off"]) / (after["rounds"] - before["rounds"])


def test_looking_and_swapping_while_it_serves(models, plain, tmp_path):
    more = [*drafted_by(models), "--smart-recipe", "smart", "--smart-tiers", "1/2/3, 2/2/4, 5/1/6", "--enable-metrics"]
    with Server(models, tmp_path / "log", *more) as server:
        server.generate(PROMPTS, 24)
        assert server.smart()["recipe"] == "smart"
        assert server.post("/smart", "off") == {"accepted": True, "recipe": "off", "generation": 1}
        before = server.smart()
        assert ids(server.generate(PROMPTS, 48)) == plain
        after = server.smart()
        assert after["rounds"] - before["rounds"] == after["rounds_off"] - before["rounds_off"] > 40
        assert server.post("/smart", "chain")["accepted"] is True
        assert ids(server.generate(PROMPTS, 48)) == plain
        assert server.smart()["tier"] == "5/1/6"
        refused = server.post("/smart", "tetris")
        assert refused["accepted"] is False
        assert "`tetris` cannot be served" in refused["reason"]
        mistaken = server.post("/smart", "smartgen 1\npolicy x { verify best 3 }")
        assert mistaken["accepted"] is False
        assert "SG306" in mistaken["reason"]
        too_large = server.post("/smart", "eagle2")
        assert too_large["accepted"] is False
        assert "captured are" in too_large["reason"]
        assert server.smart()["recipe"] == "chain"
        metrics = server.get("/metrics")
        assert 'smartgen_tier_steps{recipe="smart"} 5.0' in metrics
        log = server.log.read_text()
    assert '"event": "tier"' in log
    assert '"reason": "the largest tier within the limits"' in log


def test_a_request_may_opt_out(models, plain, tmp_path):
    more = [*drafted_by(models), "--smart-recipe", CONSTANT]
    with Server(models, tmp_path / "log", *more) as server:
        before = server.smart()["rounds_by_tier"]
        alone = server.generate(PROMPTS, 48, custom_params={"smart_speculate": False})
        after = server.smart()["rounds_by_tier"]
        assert after["2/2/4"] == before["2/2/4"]
        assert after["0/1/1"] >= before.get("0/1/1", 0) + 47
        body = {
            "input_ids": PROMPTS[:2],
            "sampling_params": [
                {
                    "temperature": 0,
                    "max_new_tokens": 48,
                    "ignore_eos": True,
                    "custom_params": {"smart_speculate": wants},
                }
                for wants in (True, False)
            ],
        }
        mixed = server.post("/generate", body)
    assert ids(alone) == plain
    assert ids(mixed) == plain[:2]
    (_, first), (_, second) = counts(mixed)
    assert len(first) > 1
    assert sum(second[1:]) == 0


def test_a_recipe_that_never_drafts_lets_the_draft_sleep(models, tmp_path):
    more = [*drafted_by(models, "adversary"), "--smart-recipe", "off"]
    with Server(models, tmp_path / "off.log", *more) as server:
        server.generate(PROMPTS, 100)
        assert server.smart()["level"] == "asleep"


def test_text_that_a_sleeping_draft_did_not_follow_is_no_prefix_to_draft_on(models, tmp_path):
    prompt = PROMPTS[1]
    more = [*drafted_by(models), "--smart-recipe", "off", "--smart-tiers", "2/2/4"]

    def continued(text):
        before = server.smart()["rounds_by_tier"].get("2/2/4", 0)
        (answer,) = server.generate([text], 6)
        return answer["meta_info"]["cached_tokens"], server.smart()["rounds_by_tier"].get("2/2/4", 0) - before

    with Server(models, tmp_path / "log", *more) as server:
        (text,) = ids(server.generate([prompt], 60))
        assert server.smart()["level"] == "asleep"
        assert server.post("/smart", CONSTANT)["accepted"] is True
        cached, drafted = continued(prompt + text[:5])  # decoded before it fell asleep
        assert cached > len(prompt)
        assert drafted > 0
        cached, drafted = continued(prompt + text[:50])
        assert cached > 50
        assert drafted == 0
        server.flush()
        cached, drafted = continued(prompt + text[:50])
        assert cached == 0
        assert drafted > 0


def test_smartgens_own_command_serves(models, plain, tmp_path):
    with Server(models, tmp_path / "log", *drafted_by(models), "--recipe", CONSTANT, program=SERVE) as server:
        assert ids(server.generate(PROMPTS, 48)) == plain
        assert server.smart()["recipe"] == "constant"

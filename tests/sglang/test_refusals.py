"""What cannot be served is refused with one sentence before weights are loaded."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from smartgen.recipe.shipped import shipped
from smartgen.sglang.settings import PROFILE, RECIPE, STATE, TIERS
from tests.sglang.serving import COMMON, LAUNCH, PATIENCE, SERVE, drafted_by, engine_only, environment
from tests.sglang.test_tiers import PLANNED

pytestmark = engine_only


@pytest.fixture
def asked(models, monkeypatch, tmp_path):
    """Arguments of a server with a recipe, resolved as a launcher would."""
    from sglang.srt.server_args import ServerArgs

    from smartgen.sglang.preflight import before_resolution

    def ask(recipe="smart", tiers="", profile="", **more):
        for name, value in {RECIPE: recipe, TIERS: tiers, PROFILE: profile, STATE: str(tmp_path)}.items():
            monkeypatch.setenv(name, value)
        given = {
            "speculative_algorithm": "STANDALONE",
            "speculative_draft_model_path": str(models / "standalone"),
            **more,
        }
        args = ServerArgs(model_path=str(models / "target"), device="cpu", **given)
        before_resolution(args)
        return args, os.environ[TIERS]

    return ask


def test_the_largest_tier_becomes_the_engines_shape(asked):
    args, tiers = asked("chain")
    assert tiers == "0/1/1, 5/1/6"
    assert (args.speculative_num_steps, args.speculative_eagle_topk, args.speculative_num_draft_tokens) == (5, 1, 6)


def test_given_shapes_bound_the_tiers(asked):
    shape = {"speculative_num_steps": 2, "speculative_eagle_topk": 2, "speculative_num_draft_tokens": 4}
    _, tiers = asked("smart", **shape)
    assert all(int(tier.split("/")[0]) <= 2 for tier in tiers.split(", "))


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"recipe": "nonsense"}, "nonsense"),
        ({"recipe": "smartgen 1\npolicy x { verify best 3 }"}, "SG306"),
        ({"recipe": "tetris"}, "`tetris` cannot be served: SG502"),
        ({"tiers": ", ".join(f"{n}/2/{n + 1}" for n in range(1, 9))}, "too many"),
        ({"tiers": "3/4"}, "is no tier"),
        ({"profile": "/nowhere/costs.json"}, "there is no profile"),
        ({"speculative_algorithm": None}, "add --speculative-algorithm"),
        ({"speculative_algorithm": "NGRAM"}, "use EAGLE, EAGLE3 or STANDALONE"),
        ({"enable_dp_attention": True}, "--enable-dp-attention does not go together"),
        ({"speculative_adaptive": True}, "--speculative-adaptive does not go together"),
        ({"pp_size": 2}, "--pp-size"),
        ({"speculative_num_steps": 3}, "or none"),
        (
            {
                "tiers": "4/2/6",
                "speculative_num_steps": 3,
                "speculative_eagle_topk": 2,
                "speculative_num_draft_tokens": 6,
            },
            "beyond the 3/2/6",
        ),
    ],
)
def test_it_is_named(asked, more, says):
    from smartgen.sglang.errors import ServeError

    with pytest.raises(ServeError, match=says.replace("(", r"\(")):
        asked(**more)


def test_another_vocabulary(asked, models):
    from smartgen.sglang.errors import ServeError

    with pytest.raises(ServeError, match="a vocabulary of 48 tokens, the model one of 64"):
        asked(speculative_draft_model_path=str(models / "other-vocabulary"))


@pytest.mark.parametrize("name", sorted(shipped()))
def test_recipes_are_served_or_refused_by_name(asked, name):
    from smartgen.sglang.errors import ServeError

    if name in PLANNED:
        assert asked(name)[1].startswith("0/1/1")
    else:
        with pytest.raises(ServeError, match=f"`{name}` cannot be served"):
            asked(name)


EIGHT = ", ".join(f"{steps}/2/{steps + 1}" for steps in range(1, 9))


@pytest.mark.slow
@pytest.mark.parametrize("program", [LAUNCH, SERVE], ids=["sglang", "smartgen"])
@pytest.mark.parametrize(
    ("draft", "flags", "says"),
    [
        ("standalone", ["recipe", "tetris"], "error: the recipe `tetris` cannot be served"),
        ("standalone", ["tiers", "3/4"], "`3/4` is no tier"),
        ("standalone", ["tiers", EIGHT], "tiers are too many"),
        ("standalone", ["profile", "/nowhere/costs.json"], "there is no profile"),
        ("other-vocabulary", [], "has a vocabulary of 48 tokens, the model one of 64"),
        ("standalone", ["receipt", "smart"], "unrecognized arguments"),
    ],
)
def test_the_command_line_says_one_sentence(models, program, draft, flags, says):
    given = {"recipe": "smart", **dict([flags] if flags else [])}
    own = "smart-" if program == LAUNCH else ""
    command = [sys.executable, "-m", *program, *COMMON, "--model-path", str(models / "target")]
    command += [*drafted_by(models, draft), *(word for name in given for word in (f"--{own}{name}", given[name]))]
    ended = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=PATIENCE)
    assert ended.returncode in (1, 2), ended.stderr[-2000:]
    assert says in ended.stderr.strip().splitlines()[-1], ended.stderr[-2000:]
    assert "Traceback" not in ended.stderr
    assert "Load weight" not in ended.stderr + ended.stdout


def test_every_seam_is_there():
    """The canary: which private names of the engine have changed."""
    from smartgen.sglang.seams import broken

    assert list(broken()) == []


def test_a_changed_engine_is_one_sentence():
    from smartgen.sglang.errors import ServeError
    from smartgen.sglang.seams import Seam, probe

    changed = Seam("sglang.srt.server_args", "ServerArgs.gone")
    with pytest.raises(
        ServeError, match=r"differs from .*0\.5\.23.*: sglang.srt.server_args.ServerArgs.gone is not there"
    ):
        probe((changed,))

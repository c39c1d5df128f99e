"""The command line: one verb, one file, loaded when it is called, so that `smartgen check` never waits for torch."""

from __future__ import annotations

import importlib
import io
import os
import sys

VERBS = {
    "check": "check recipes: syntax, names, units, axes, phases",
    "fmt": "format recipes",
    "schema": "the JSON Schema of the YAML form",
    "explain": "the page of a diagnostic code, the signals, or what a recipe would do",
    "test": "run recipes' tables of expected decisions",
    "bake": "print the static tree that a policy amounts to",
    "recipes": "list, show and compare the shipped recipes",
    "generate": "generate text on a model, steered by a recipe",
    "profile": "measure what drafting and verifying cost on this machine",
    "trace": "record what a drafter would have proposed at every position of a text",
    "replay": "run recipes on traces, under any profile and batch, without a model",
    "models": "list, show, fetch and remove the models that have a name",
    "sglang": "serve with SGLang, steered by a recipe",
    "demo": "the main job on a real chat model: equality first, then speed",
}


def main(arguments: list[str] | None = None) -> None:
    """Entry point of the `smartgen` command; exits with the verb's code, 2 for an unknown verb."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that cannot show a letter shows its number
    try:
        try:
            _run(sys.argv[1:] if arguments is None else arguments)
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(130)
    except OSError as error:
        sys.exit(_not_written(error))


def _not_written(error: OSError) -> int:
    """The exit code where the output cannot be written; nothing is said to a reader who has left, nor said twice."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what still waits to be written would fail again at the end
    before = error.__context__
    if isinstance(before, SystemExit) and isinstance(before.code, int) and before.code:
        return before.code
    if not isinstance(error, BrokenPipeError):
        print(f"error: {error}", file=sys.stderr)
    return 1


def _run(arguments: list[str]) -> None:
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_help())
        sys.exit(0 if arguments else 2)
    if arguments[0] == "--version":
        from smartgen import __version__

        print(__version__)
        sys.exit(0)
    verb, *rest = arguments
    if verb not in VERBS:
        from smartgen.language.nearest import closest

        near = closest(verb, VERBS)
        sys.exit(
            _usage(
                f"there is no verb `{verb}`; " + (f"did you mean `{near}`?" if near else f"verbs: {', '.join(VERBS)}")
            )
        )
    importlib.import_module(f"smartgen.cli.{verb}").app(rest, prog_name=f"smartgen {verb}")


def _usage(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return 2


def _help() -> str:
    width = max(map(len, VERBS))
    verbs = "\n".join(f"  {verb:{width}}  {text}" for verb, text in VERBS.items())
    return (
        "usage: smartgen VERB ...   (smartgen VERB --help tells more)\n\n"
        f"Lossless tree-based speculative decoding inside `generate`, steered by a small policy language.\n\n{verbs}\n  "
        f"{'--version':{width}}  the version"
    )


if __name__ == "__main__":
    main()

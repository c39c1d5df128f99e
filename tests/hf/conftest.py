"""One thread, and a cache folder of the session's own: no profile of the user is read or written."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def _session_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    threads, before = torch.get_num_threads(), os.environ.get("SMARTGEN_CACHE")
    torch.set_num_threads(1)
    os.environ["SMARTGEN_CACHE"] = str(tmp_path_factory.mktemp("smartgen-cache"))
    yield
    torch.set_num_threads(threads)
    if before is None:
        del os.environ["SMARTGEN_CACHE"]
    else:
        os.environ["SMARTGEN_CACHE"] = before

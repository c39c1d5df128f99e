"""The real engine behind HTTP, on a CPU through the stand-in kernels."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

STANDIN = Path(__file__).parent / "standin"
REASON = "needs SGLang: `make test-sglang` makes an environment of its own"
HAS_ENGINE = importlib.util.find_spec("sglang") is not None
engine_only = pytest.mark.skipif(not HAS_ENGINE, reason=REASON)
PATIENCE = 600.0  # seconds that anything may take at most: machines are busy, and nothing here measures time
LAUNCH = ("sglang.launch_server",)
SERVE = ("smartgen.cli.app", "sglang", "serve")
COMMON = [
    *("--device", "cpu", "--dtype", "float32", "--context-length", "512", "--mem-fraction-static", "0.1"),
    *("--prefill-attention-backend", "intel_amx", "--decode-attention-backend", "intel_amx", "--disable-cuda-graph"),
    *("--watchdog-timeout", "600", "--log-level", "info"),
]


def environment(**more: str) -> dict[str, str]:
    """Of an engine process on a CPU."""
    given = {
        "PYTHONPATH": str(STANDIN),
        "SGLANG_USE_CPU_ENGINE": "1",
        "TORCHDYNAMO_DISABLE": "1",
        "OMP_NUM_THREADS": "1",
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SMARTGEN_")}
    return {**kept, **given, **more}


def _free_port() -> int:
    """Below those that outgoing connections take: a server needs a while before it binds its own."""
    while True:
        port = random.randrange(20000, 30000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Server:
    """A server, stopped at the end of a `with`."""

    def __init__(
        self,
        models: Path,
        log: Path,
        *arguments: str,
        tokens: int = 2048,
        rows: int = 8,
        program: Sequence[str] = LAUNCH,
        **more: str,
    ) -> None:
        """`program`: what is run, as `python -m` takes it; `more`: variables of its environment."""
        self.port = _free_port()
        self.log = log
        self.command = [sys.executable, "-m", *program, *COMMON, "--port", str(self.port)]
        self.command += ["--max-total-tokens", str(tokens), "--max-running-requests", str(rows)]
        if "--model-path" not in arguments:
            self.command += ["--model-path", str(models / "target")]
        self.command += arguments
        self.environment = environment(SMARTGEN_CACHE=str(log.parent / "cache"), **more)

    def __enter__(self) -> Server:
        with self.log.open("w") as out:
            self.process = subprocess.Popen(
                self.command, env=self.environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
            )
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}:\n{self.tail()}")
            try:
                self.get("/health")
                self.generate([5, 9], 4)
                return self
            except OSError:
                time.sleep(0.3)
        self.__exit__()
        raise RuntimeError(f"the server does not answer:\n{self.tail()}")

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def tail(self, size: int = 3000) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-size:]

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=PATIENCE) as answer:
            return str(answer.read().decode())

    def post(self, path: str, body: Any, timeout: float = PATIENCE) -> Any:
        """The answer as JSON, whatever its status; text bodies go as they are."""
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", data, {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            text = error.read()
        return json.loads(text) if text else None

    def flush(self) -> None:
        """Empty its cache of prefixes, which it refuses while any request is left."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/flush_cache", b"", timeout=PATIENCE) as answer:
            assert answer.status == 200

    def generate(self, prompt: Any, tokens: int, **more: Any) -> Any:
        """One request, or several where `prompt` is a list of prompts, greedy unless told otherwise."""
        sampling = {"temperature": 0, "max_new_tokens": tokens, "ignore_eos": True, **more}
        return self.post("/generate", {"input_ids": prompt, "sampling_params": sampling})

    def smart(self) -> dict[str, Any]:
        """What the recipe decides at present."""
        found: dict[str, Any] = json.loads(self.get("/smart"))[0]
        return found

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.get("/get_server_info"))["internal_states"][0]
        return found


def drafted_by(models: Path, draft: str = "standalone", algorithm: str = "STANDALONE", tier: str = "") -> list[str]:
    """Arguments of a speculating server; `tier`: steps/topk/draft tokens, fixed."""
    found = ["--speculative-algorithm", algorithm, "--speculative-draft-model-path", str(models / draft)]
    if tier:
        steps, topk, tokens = tier.split("/")
        found += ["--speculative-num-steps", steps, "--speculative-eagle-topk", topk]
        found += ["--speculative-num-draft-tokens", tokens]
    return found

"""A switch that several blocks hold together."""

from __future__ import annotations

import threading

import pytest

from smartgen.switch import held, shared


class Owner:
    def __init__(self) -> None:
        self.lock, self.did = threading.RLock(), []

    def block(self):
        return shared(self.lock, self, "users", lambda: self.did.append("on"), lambda: self.did.append("off"))


def test_the_first_turns_it_on_and_the_last_off():
    owner = Owner()
    with owner.block():
        assert (owner.did, held(owner, "users")) == (["on"], True)
        with owner.block():
            pass
        assert owner.did == ["on"]
    assert (owner.did, held(owner, "users")) == (["on", "off"], False)


def test_blocks_of_other_threads_keep_it_on():
    owner, inside, leave = Owner(), threading.Event(), threading.Event()

    def other() -> None:
        with owner.block():
            inside.set()
            leave.wait(60)

    thread = threading.Thread(target=other)
    with owner.block():
        thread.start()
        assert inside.wait(60)
    assert owner.did == ["on"]
    leave.set()
    thread.join()
    assert owner.did == ["on", "off"]


def test_an_error_inside_turns_it_off_and_one_while_turning_on_counts_nobody():
    owner = Owner()
    with pytest.raises(ZeroDivisionError), owner.block():
        raise ZeroDivisionError
    assert owner.did == ["on", "off"]
    with pytest.raises(KeyError), shared(owner.lock, owner, "users", {}.popitem, lambda: None):
        pass
    assert not held(owner, "users")

"""Whatever a deciding hook raises becomes a refusal of its flow."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from addons.fail_closed import fail_closed


class Hooks:
    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error
        self.faults: list[tuple[str, object, BaseException]] = []

    async def fault(self, where: str, data: object, error: BaseException) -> None:
        self.faults.append((where, data, error))

    async def _hook(self, data: list[str]) -> None:
        """Say what the hook does."""
        if self.error is not None:
            raise self.error
        data.append("done")

    hook: Any = fail_closed(_hook)  # type: ignore[arg-type]


async def test_a_hook_that_works_is_left_alone():
    """The guard adds nothing where nothing fails, and keeps the hook's name and words."""
    hooks, data = Hooks(), list[str]()
    await hooks.hook(data)
    assert data == ["done"]
    assert hooks.faults == []
    assert Hooks.hook.__name__ == "_hook"
    assert Hooks.hook.__doc__ == "Say what the hook does."


async def test_a_hook_that_raises_is_told_to_the_boundary():
    """Z22: hook, flow and error arrive where the refusal is made, and nothing is raised further."""
    error = ZeroDivisionError("planted")
    hooks, data = Hooks(error), list[str]()
    await hooks.hook(data)
    assert hooks.faults == [("_hook", data, error)]


async def test_an_end_of_the_task_is_not_swallowed():
    """Cancelling is no fault of the hook: whoever cancels closes the connection."""
    hooks = Hooks(asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        await hooks.hook([])
    assert hooks.faults == []

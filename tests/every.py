"""One test for many things, where each takes less time than a test of its own costs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


def every(things: Iterable[Any], name: Callable[[Any], str] = str) -> Callable[..., Any]:
    """A test of each of `things`, which names all that fail."""

    def made(check: Callable[[Any], None]) -> Callable[[], None]:
        def test() -> None:
            failed = []
            for thing in things:
                try:
                    check(thing)
                except AssertionError as error:
                    failed.append(f"{name(thing)}: {error}")
            assert not failed, "\n".join(failed)

        test.__name__, test.__doc__, test.__module__ = (
            check.__name__,
            check.__doc__,
            check.__module__,
        )
        return test

    return made

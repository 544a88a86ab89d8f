"""Where random bits come from: numfmt's keys, or PyTorch's generators."""

from __future__ import annotations

from typing import Any

import torch

from .._errors import RandomError
from .._random import Generator, Key, take_key

SEEDS = 1 << 62


def key_of(key: Any, generator: Any) -> Key | None:
    """The key of one call: that given, a generator's next, or one that a torch.Generator draws."""
    if generator is None:
        return None if key is None else take_key(key)
    if key is not None:
        raise RandomError("key and generator exclude each other")
    if not isinstance(generator, torch.Generator):
        if isinstance(generator, Generator):
            raise RandomError("generator is a numfmt.Generator, which is given as key=")
        raise RandomError(f"generator={generator!r} must be a torch.Generator")
    seed = torch.randint(SEEDS, (), generator=generator, device=generator.device)
    return Key(int(seed))

"""Rounding and looking at tensors as modules of a network."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

from .._call import plan_of
from .._errors import NumfmtError, RandomError
from .._fit import fit
from .._random import Key
from ..formats import Format
from ._quantize import Gradient, quantize
from ._tensors import check_tensor


class Quantizer(nn.Module):
    """`quantize` as a module: what passes through it is rounded, what comes back too.

    Args:
        format, rounding, overflow, nan, backward, gradient: as `numfmt.torch.quantize` has them.
        key: a `Key` where a rounding is stochastic; each call takes its next call number, which
            stands in the module's ``state_dict``.

    Raises:
        RandomError: a key that is missing, or that no rounding needs.

    >>> import torch
    >>> from numfmt.torch import Quantizer
    >>> Quantizer("fixed<8,3>", backward="e5m2")(torch.tensor([0.3, 99.0]))
    tensor([ 0.2500, 15.8750])
    """

    def __init__(
        self,
        format: object,
        rounding: str | None = None,
        overflow: str | None = None,
        *,
        nan: str | None = None,
        backward: object = None,
        gradient: Gradient = "straight_through",
        key: Key | None = None,
    ) -> None:
        super().__init__()
        plan = plan_of(format, rounding, overflow, nan)
        back = None if backward is None else plan_of(backward)
        is_random = plan.is_random or (back is not None and back.is_random)
        if key is not None and not isinstance(key, Key):
            raise RandomError(f"key={key!r} must be a numfmt.Key")
        if is_random != (key is not None):
            reason = "is needed: a rounding is" if is_random else "was given, but no rounding is"
            raise RandomError(f"key {reason} stochastic")
        self.format, self.rounding, self.overflow, self.nan = plan.format, rounding, overflow, nan
        self.backward_format = None if back is None else back.format
        self.gradient, self.key = gradient, key
        self.calls = 0 if key is None else key.call
        self._spelled = str(plan.format), None if back is None else str(back.format)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x rounded."""
        if torch.compiler.is_compiling() and self.key is None:
            format, backward = self._spelled
            return quantize(
                x,
                format,
                self.rounding,
                self.overflow,
                nan=self.nan,
                backward=backward,
                gradient=self.gradient,
            )
        key = None
        if self.key is not None:
            key = self.key.at(self.calls)
            self.calls += 1
        return quantize(
            x,
            self.format,
            self.rounding,
            self.overflow,
            nan=self.nan,
            key=key,
            backward=self.backward_format,
            gradient=self.gradient,
        )

    def get_extra_state(self) -> dict[str, int]:
        """The number of the next call."""
        return {"calls": self.calls}

    def set_extra_state(self, state: dict[str, int]) -> None:
        """Go on at a call."""
        self.calls = state["calls"]

    def extra_repr(self) -> str:
        """What stands in the module's repr."""
        said = [str(self.format), *(mode for mode in (self.rounding, self.overflow) if mode)]
        back = [] if self.backward_format is None else [f"backward={self.backward_format}"]
        return ", ".join([*said, *back])


class Observer(nn.Module):
    """Passes tensors through unchanged and remembers what they were like, to choose a format.

    `low`, `high`, `largest` (the largest magnitude), `count`, `rms` are of all numbers seen;
    `samples` of them at most, at even distances of each call, are kept for `fit`.

    >>> import torch
    >>> from numfmt.torch import Observer
    >>> look = Observer()
    >>> _ = look(torch.tensor([0.5, -3.0]))
    >>> look.low, look.largest, str(look.fit("fixed<8>"))
    (-3.0, 3.0, 'fixed<8,5>')
    """

    def __init__(self, samples: int = 65536) -> None:
        super().__init__()
        if not (isinstance(samples, int) and samples >= 1):
            raise NumfmtError(f"samples={samples!r} must be an integer from 1")
        self.samples = samples
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.low, self.high, self.count, self._squares = math.inf, -math.inf, 0, 0.0
        self._kept: list[torch.Tensor] = []

    @property
    def largest(self) -> float:
        """The largest magnitude; 0 of nothing."""
        return max(abs(self.low), abs(self.high)) if self.count else 0.0

    @property
    def rms(self) -> float:
        """The root of the mean square; 0 of nothing."""
        return math.sqrt(self._squares / self.count) if self.count else 0.0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x itself."""
        check_tensor(x)
        if x.numel():
            self._see(x.detach().flatten())
        return x

    def _see(self, x: torch.Tensor) -> None:
        low, high = torch.aminmax(x)
        self.low, self.high = min(self.low, float(low)), max(self.high, float(high))
        self.count += x.numel()
        self._squares += float(x.double().square().sum())
        some = x[:: -(-x.numel() // self.samples)].double().cpu()
        self._kept.append(some.clone())
        if sum(map(len, self._kept)) > 2 * self.samples:
            self._kept = [self._thinned()]

    def _thinned(self) -> torch.Tensor:
        kept = torch.cat(self._kept)
        return kept[:: -(-len(kept) // self.samples)].clone()

    def fit(self, family: object, **options: Any) -> Format:
        """The format of a family that suits the numbers kept, its extremes among them: arguments
        as `numfmt.fit`.

        Raises NumfmtError where nothing was seen.
        """
        if not self.count:
            raise NumfmtError("Observer.fit: no number has been seen")
        ends = torch.tensor([self.low, self.high], dtype=torch.float64)
        return fit(torch.cat([self._thinned(), ends]).numpy(), family, **options)

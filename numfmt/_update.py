"""One step of a Langevin sampler in low precision, fused in the core."""

from __future__ import annotations

import functools
import math
import threading
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from . import _context, _core, _modes
from ._arrays import Array, Input, Output, as_array, plain, where
from ._core import ffi, lib
from ._errors import DtypeError, FormatError, NanError, NumfmtError, RangeError, ShapeError, unknown
from ._law_grid import refuse_affine
from ._parse import parse
from ._random import Generator, Key, _philox_key, take_key
from ._report import Report, collecting
from .formats import Format

ROLES = ("gradient", "accumulator")


@functools.lru_cache(maxsize=1)
def policies() -> dict[str, int]:
    """The policies' numbers by name, from the core's table."""
    found: dict[str, int] = {}
    while (row := lib.nf_policy_at(len(found))) != ffi.NULL:
        found[_core.text(row.name)] = len(found)
    return found


def formats_of(formats: object, roles: tuple[str, ...] = ROLES) -> tuple[Format, ...]:
    """The formats of the roles, in their order."""
    if not isinstance(formats, Mapping) or set(formats) != set(roles):
        raise FormatError(f"formats={formats!r} must be a mapping with the keys {', '.join(roles)}")
    parsed = tuple(parse(formats[role]) for role in roles)
    for format in parsed:
        refuse_affine(format)
    return parsed


def check_policy(policy: object) -> None:
    """NumfmtError for what is no policy."""
    if not isinstance(policy, str) or policy not in policies():
        raise NumfmtError(unknown("policy", policy, policies()))


@functools.lru_cache(maxsize=256)
def needs_rounding(format: Format) -> bool:
    return bool(format.bare() != parse("binary32"))


def float32_input(x: object, argument: str) -> Input:
    """An array of float32; DtypeError for others."""
    if type(x) is np.ndarray and x.dtype == np.float32 and x.flags.carray and x.dtype.isnative:
        return Input(x, x, False, argument)  # nothing to do, many times a second
    array, is_scalar = as_array(x, argument)
    if array.dtype.newbyteorder("=") != np.float32:
        raise DtypeError(f"{argument} has dtype {array.dtype}; it must be float32")
    return Input(array, plain(array, np.dtype(np.float32)), is_scalar, argument)


def finite(value: object, argument: str, low: float) -> float:
    """A finite number that is not below `low`, 0 or minus infinity."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise DtypeError(f"{argument}={value!r} must be a number") from None
    if not math.isfinite(number) or number < low:
        allowed = "finite and not negative" if low == 0 else "finite"
        raise RangeError(f"{argument}={value!r} must be {allowed}")
    return number


class Update:
    """The core's structure for a policy and its formats: what does not change from step to step is
    set once, `fill` sets the rest."""

    def __init__(
        self,
        policy: str,
        gradient: Format,
        accumulator: Format,
        isa: int,
        settings: _context.Settings,
    ) -> None:
        self._settings = settings
        self.c, self.failed_at = ffi.new("nf_update *"), ffi.new("uint64_t *")
        self._keys: list[tuple[str, Any]] = []
        self._options: list[Any] = []
        self.c.policy, self.c.isa = policies()[policy], isa
        if needs_rounding(gradient):
            self.c.gradient_format = gradient._descriptor()
            self.c.gradient_options = self.rounding(gradient, "gradient")
        self.c.accumulator_format = accumulator._descriptor()
        if policy in ("full", "naive"):
            self.c.noise_key = self.key("noise")
        if policy == "naive":
            self.c.accumulator_options = self.rounding(accumulator, "weight")
        elif policy != "full":
            self.c.weight_key = self.key("weight")

    def key(self, purpose: str) -> Any:
        """A key that `fill` sets, for a purpose."""
        key = ffi.new("nf_key *")
        self._keys.append((purpose, key))
        return key

    def rounding(self, format: Format, purpose: str) -> Any:
        """How to round to a format: by the modes that it carries, else the context's."""
        modes = _modes.resolve(format, *self._settings.modes_for(format, None, None, None))
        options = modes.options()
        if modes.rounding.is_random:
            options.key = self.key(purpose)
        self._options.append(options)
        return options

    def fill(self, key: Key, step_size: float, noise_variance: float) -> None:
        """Set what a step brings; each purpose draws with ``key.fold_in(purpose)``."""
        for purpose, c_key in self._keys:
            c_key.key = _philox_key(key.seed, key.stream, (*key.folded, purpose))
            c_key.call = key.call
        self.c.first = key.first
        self.c.step_size, self.c.noise_variance = step_size, noise_variance


class _Updates(threading.local):
    """One structure of each kind a thread: the core reads it while other threads run."""

    def __init__(self) -> None:
        self.of = functools.lru_cache(maxsize=64)(Update)


_updates = _Updates()


def sampler_update(
    theta: Any,
    gradient: Any,
    step_size: float,
    noise_variance: float,
    formats: Mapping[str, object],
    policy: str,
    *,
    key: Key | Generator,
    report: Report | None = None,
    out: Array | None = None,
) -> Any:
    """One step of stochastic gradient Langevin dynamics in low precision.

    In float32, each operation rounded: ``g`` is the gradient rounded to ``formats["gradient"]``,
    ``mu = theta + step_size * g``, and with xi a Gaussian rounded to float32 and
    ``sd = float32(sqrt(noise_variance))`` the result is, by the policy,

    - ``full``: ``mu + sd * xi``, in binary32;
    - ``naive``: ``mu + sd * xi`` rounded to ``formats["accumulator"]``;
    - ``vc``: `variance_corrected` of ``(mu, noise_variance)`` on the accumulator's grid;
    - ``one_shot``: the same by ``method="one_shot"``.

    It equals, bit for bit, the composition of `quantize`, `gaussian` and `variance_corrected` with
    the keys ``key.fold_in("gradient")``, ``key.fold_in("noise")`` and ``key.fold_in("weight")``.

    Args:
        theta, gradient: float32, of one shape; elements are numbered in C order from ``key.first``.
        step_size: used as a float32.
        noise_variance: of one step; not negative.
        formats: mapping with the keys ``"gradient"`` and ``"accumulator"``: formats or spellings,
            with the modes they carry, else those of the `context`; ``"binary32"`` leaves a gradient
            as it is.
        policy: ``"full"``, ``"naive"``, ``"vc"`` or ``"one_shot"``.
        key: a `Key` or `Generator`: a new call for each step.
        report: a `Report` to add the accumulator's count, saturated and infeasible to.
        out: a float32 array for the result; may be `theta`.

    Returns:
        The new theta, float32.

    Raises:
        DtypeError, ShapeError, FormatError, RoundingError, RandomError: a wrong argument.
        NanError, RangeError: a number that cannot be rounded, by the formats' modes.

    >>> import numpy as np
    >>> import numfmt as nf
    >>> formats = {"gradient": "fixed<8,2,rounding=stochastic>", "accumulator": "fixed<8,3>"}
    >>> theta = np.zeros(4, np.float32)
    >>> nf.sampler_update(theta, theta + 1, 0.1, 0.01, formats, "vc", key=nf.Key(5))
    array([-0.125,  0.   ,  0.   ,  0.25 ], dtype=float32)
    """
    check_policy(policy)
    gradient_format, accumulator = formats_of(formats)
    start, slope = float32_input(theta, "theta"), float32_input(gradient, "gradient")
    if start.given.shape != slope.given.shape:
        shapes = f"theta has shape {start.given.shape}, gradient {slope.given.shape}"
        raise ShapeError(f"{shapes}; they must be equal")
    step = finite(step_size, "step_size", -math.inf)
    variance = finite(noise_variance, "noise_variance", 0)
    result = Output(start, out, np.dtype(np.float32))
    if out is not None and np.may_share_memory(result.plain, slope.plain):
        raise ShapeError("out overlaps gradient; only theta itself or other memory is allowed")
    update = _updates.of(
        policy, gradient_format, accumulator, _core.isa_number(), _context.modes_alone()
    )
    update.fill(take_key(key), step, variance)
    with collecting(report) as c_report:
        status = lib.nf_sampler_update(
            update.c,
            *(floats(array) for array in (start.plain, slope.plain, result.plain)),
            start.plain.size,
            c_report,
            update.failed_at,
        )
        if status != lib.NF_OK:
            _refuse(status, start, slope, update.failed_at, accumulator)
    return result.finish()


def floats(array: Array) -> Any:
    """Where the array's float32 numbers are."""
    return ffi.cast("float *", _core.pointer(array))


def _refuse(status: int, theta: Input, gradient: Input, failed_at: Any, target: Format) -> None:
    def names() -> str:
        index = int(failed_at[0])
        return " and ".join(where(one.given, index, one.name) for one in (theta, gradient))

    refuse(status, names, target, "sampler_update")


def refuse(status: int, source: Callable[[], str], target: Format, function: str) -> None:
    """What the core says, as an error; `source` names what it cannot round."""
    if status == lib.NF_BAD_TYPE:
        raise DtypeError(
            f"float32 cannot hold every value of the other formats or of {target.bare()}; "
            f"{function} computes in float32"
        )
    if status not in (lib.NF_FOUND_NAN, lib.NF_FOUND_RANGE):
        _core.check(status)
        return
    error = NanError if status == lib.NF_FOUND_NAN else RangeError
    raise error(f"{source()} give a number that cannot be rounded by the formats' modes")

"""One step of a Langevin sampler in low precision, fused in the core."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from . import _core, _modes
from ._arrays import Array, Input, Output, as_array, plain, where
from ._core import ffi, lib
from ._errors import DtypeError, FormatError, NanError, NumfmtError, RangeError, ShapeError, unknown
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


def _formats(formats: object) -> tuple[Format, Format]:
    if not isinstance(formats, Mapping) or set(formats) != set(ROLES):
        raise FormatError(f"formats={formats!r} must be a mapping with the keys {', '.join(ROLES)}")
    gradient, accumulator = (parse(formats[role]) for role in ROLES)
    return gradient, accumulator


@functools.lru_cache(maxsize=256)
def _needs_rounding(format: Format) -> bool:
    return bool(format.bare() != parse("binary32"))


def _float32(x: object, argument: str) -> Input:
    if type(x) is np.ndarray and x.dtype == np.float32 and x.flags.carray and x.dtype.isnative:
        return Input(x, x, False, argument)  # nothing to do, many times a second
    array, is_scalar = as_array(x, argument)
    if array.dtype.newbyteorder("=") != np.float32:
        raise DtypeError(f"{argument} has dtype {array.dtype}; it must be float32")
    return Input(array, plain(array, np.dtype(np.float32)), is_scalar, argument)


def _finite(value: object, argument: str, low: float) -> float:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise DtypeError(f"{argument}={value!r} must be a number") from None
    if not math.isfinite(number) or number < low:
        allowed = "finite and not negative" if low == 0 else "finite"
        raise RangeError(f"{argument}={value!r} must be {allowed}")
    return number


class _Call:
    """The core's structure for one update, with everything it points to kept alive."""

    def __init__(self, key: Key, policy: int, step_size: float, noise_variance: float) -> None:
        self._key, self._alive = key, [ffi.new("nf_update *")]
        self.c: Any = self._alive[0]
        self.c.policy, self.c.first = policy, key.first
        self.c.step_size, self.c.noise_variance = step_size, noise_variance
        self.c.isa = _core.isa_number()

    def key(self, purpose: str) -> Any:
        """The core's key for one purpose: ``key.fold_in(purpose)``."""
        key = self._key
        philox = _philox_key(key.seed, key.stream, (*key.folded, purpose))
        self._alive.append(ffi.new("nf_key *", (philox, key.call)))
        return self._alive[-1]

    def options(self, format: Format, purpose: str) -> Any:
        """How to round to a format: by the modes that it carries."""
        modes = _modes.resolve(format, None, None, None)
        options = modes.options()
        if modes.rounding.is_random:
            options.key = self.key(purpose)
        self._alive.append(options)
        return options


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
            with the modes they carry; ``"binary32"`` leaves a gradient as it is.
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
    if not isinstance(policy, str) or policy not in policies():
        raise NumfmtError(unknown("policy", policy, policies()))
    gradient_format, accumulator = _formats(formats)
    start, slope = _float32(theta, "theta"), _float32(gradient, "gradient")
    if start.given.shape != slope.given.shape:
        shapes = f"theta has shape {start.given.shape}, gradient {slope.given.shape}"
        raise ShapeError(f"{shapes}; they must be equal")
    step, variance = (
        _finite(step_size, "step_size", -math.inf),
        _finite(noise_variance, "noise_variance", 0),
    )
    result = Output(start, out, np.dtype(np.float32))
    if out is not None and np.may_share_memory(result.plain, slope.plain):
        raise ShapeError("out overlaps gradient; only theta itself or other memory is allowed")
    call = _Call(take_key(key), policies()[policy], step, variance)
    _describe(call, policy, gradient_format, accumulator)
    failed_at = ffi.new("uint64_t *")
    with collecting(report) as c_report:
        status = lib.nf_sampler_update(
            call.c,
            *(_floats(array) for array in (start.plain, slope.plain, result.plain)),
            start.plain.size,
            c_report,
            failed_at,
        )
        _check(status, start, slope, failed_at, accumulator)
    return result.finish()


def _floats(array: Array) -> Any:
    return ffi.cast("float *", _core.pointer(array))


def _describe(call: _Call, policy: str, gradient: Format, accumulator: Format) -> None:
    """What the core rounds to, and the keys of what it draws."""
    if _needs_rounding(gradient):
        call.c.gradient_format = gradient._descriptor()
        call.c.gradient_options = call.options(gradient, "gradient")
    call.c.accumulator_format = accumulator._descriptor()
    if policy in ("full", "naive"):
        call.c.noise_key = call.key("noise")
    if policy == "naive":
        call.c.accumulator_options = call.options(accumulator, "weight")
    elif policy != "full":
        call.c.weight_key = call.key("weight")


def _check(status: int, theta: Input, gradient: Input, failed_at: Any, target: Format) -> None:
    if status == lib.NF_BAD_TYPE:
        raise DtypeError(
            f"float32 cannot hold every value of the gradient's format or of {target.bare()}; "
            "sampler_update computes in float32"
        )
    if status not in (lib.NF_FOUND_NAN, lib.NF_FOUND_RANGE):
        _core.check(status)
        return
    index = int(failed_at[0])
    names = (where(source.given, index, source.name) for source in (theta, gradient))
    error = NanError if status == lib.NF_FOUND_NAN else RangeError
    raise error(f"{' and '.join(names)} give a number that cannot be rounded by the formats' modes")

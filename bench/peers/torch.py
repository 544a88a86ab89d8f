"""PyTorch: casts, into tensors that are there already; and fake quantization."""

from __future__ import annotations

import functools
from collections.abc import Callable

from .. import affine
from ..row import Row, Setting, Task, Work, calls
from . import quantize

PACKAGE = MODULE = "torch"
DTYPES = {
    "e4m3fn": "float8_e4m3fn",
    "e5m2": "float8_e5m2",
    "bfloat16": "bfloat16",
    "binary16": "float16",
}


def rows() -> list[Row]:
    """Casts to 8 and 16 bits, there and back, and back alone."""
    found = [Row(PACKAGE, Task("encode", "", f), encoding(DTYPES[f]), note="cast") for f in DTYPES]
    for format, dtype in DTYPES.items():
        task = quantize("nearest_even", format)
        found.append(Row(PACKAGE, task, there_and_back(dtype), note="cast and back"))
    for format in ("e4m3fn", "e5m2"):
        found.append(Row(PACKAGE, Task("decode", "", format), decoding(DTYPES[format])))
    fake = "fake quantization, a new tensor"
    found.append(Row(PACKAGE, quantize("nearest_even", affine.FORMAT), fake_tensor, note=fake))
    for axis in affine.AXES:
        task = affine.task("nearest_even", axis)
        found.append(Row(PACKAGE, task, fake_channels(axis), note=fake))
    return found


def fake_tensor(setting: Setting) -> Work:
    """Affine integers with one scale, values to values."""
    import torch

    torch.set_num_threads(setting.threads)
    x, ends = torch.from_numpy(setting.arrays.input()), integers()

    def call() -> torch.Tensor:
        return torch.fake_quantize_per_tensor_affine(x, affine.SCALE, affine.ZERO_POINT, *ends)

    return Work(calls(call), setting.n, lambda: call().numpy())


def fake_channels(axis: int) -> Callable[[Setting], Work]:
    """The same with a scale for each channel."""

    def setup(setting: Setting) -> Work:
        import torch

        torch.set_num_threads(setting.threads)
        array = setting.arrays.input()
        x, ends = torch.from_numpy(affine.lying(array, axis)), integers()
        scales = torch.from_numpy(affine.scales().astype("f4"))
        points = torch.from_numpy(affine.zero_points().astype("i4"))

        def call() -> torch.Tensor:
            return torch.fake_quantize_per_channel_affine(x, scales, points, axis, *ends)

        expected = functools.partial(affine.rounded, array, "nearest_even", axis)
        return Work(calls(call), setting.n, lambda: call().numpy(), expected)

    return setup


def integers() -> tuple[int, int]:
    """The ends of the codes."""
    return -(1 << (affine.WIDTH - 1)), (1 << (affine.WIDTH - 1)) - 1


def encoding(dtype: str) -> Callable[[Setting], Work]:
    """float32 to a narrow dtype."""

    def setup(setting: Setting) -> Work:
        import torch

        torch.set_num_threads(setting.threads)
        x = torch.from_numpy(setting.arrays.input())
        y = torch.zeros(setting.n, dtype=getattr(torch, dtype))
        bits = torch.uint8 if y.element_size() == 1 else torch.uint16
        return Work(calls(lambda: y.copy_(x)), setting.n, lambda: y.view(bits).numpy())

    return setup


def there_and_back(dtype: str) -> Callable[[Setting], Work]:
    """float32 to a narrow dtype and back to float32."""

    def setup(setting: Setting) -> Work:
        import torch

        torch.set_num_threads(setting.threads)
        x, out = (torch.from_numpy(a) for a in (setting.arrays.input(), setting.arrays.output()))
        y = torch.zeros(setting.n, dtype=getattr(torch, dtype))
        return Work(calls(lambda: out.copy_(y.copy_(x))), setting.n, out.numpy)

    return setup


def decoding(dtype: str) -> Callable[[Setting], Work]:
    """8-bit codes to float32."""

    def setup(setting: Setting) -> Work:
        import torch

        torch.set_num_threads(setting.threads)
        codes = torch.from_numpy(setting.arrays.codes(8)).view(getattr(torch, dtype))
        out = torch.from_numpy(setting.arrays.output())
        return Work(calls(lambda: out.copy_(codes)), setting.n, out.numpy)

    return setup

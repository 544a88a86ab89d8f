"""An independent statement of what layers multiply: loops over places, then numfmt.matmul."""

import itertools

import numpy as np
import torch

import numfmt as nf


def numbers(*shape, seed=0):
    """Numbers of which no format of these machines leaves its range."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator).clamp(-3, 3)


class Products:
    """The products of a machine on numbers already rounded, in float64."""

    def __init__(self, machine, key=None):
        self.machine, self.key = nf.machine(machine), key

    def __call__(self, a, b, role, *purpose):
        """a @ b by the datapath of a pass, rounded to the vector unit's format."""
        path = self.machine.datapath(role)
        key = self.key.fold_in(*(purpose or (role,))) if path.is_random else None
        found = nf.matmul(np.ascontiguousarray(a), np.ascontiguousarray(b), path, key=key)
        unit = self.machine.vector_unit
        return np.asarray(found.astype(unit.format, unit.round, unit.ovf).values)

    def store(self, x, role, *purpose):
        """x rounded to the format of a role, as float32."""
        format = dict(self.machine.formats).get(role)
        if format is None:
            path = self.machine.datapath("dgrad" if role == "error" else "fprop")
            taken = path.prep.a if role != "weight" else path.prep.b
            format = None if role == "gradient" else taken[0]
        if format is None or format.bare() == nf.parse("binary32"):
            return x
        is_random = (format.rounding or "").startswith("stochastic")
        key = self.key.fold_in(*(purpose or (role,))) if is_random else None
        return nf.quantize(x, format, key=key)


def places(size):
    """Every index of an image."""
    return itertools.product(*map(range, size))


def patch_rows(x, kernel, outputs, stride, before, dilation):
    """(batch and outputs, places, channels): what stands under the kernel, 0 outside."""
    rows = []
    for image in x:
        for out in places(outputs):
            row = []
            for place in places(kernel):
                at = [
                    o * s - p + k * d
                    for o, s, p, k, d in zip(out, stride, before, place, dilation, strict=True)
                ]
                inside = all(0 <= i < n for i, n in zip(at, image.shape[1:], strict=True))
                row.append(image[:, at[0], at[1]] if inside else np.zeros(len(image)))
            rows.append(row)
    return np.array(rows)


def error_rows(e, kernel, size, stride, before, dilation):
    """(batch and pixels, places from the last, outputs): the errors that a pixel gets, 0 where
    none is."""
    rows = []
    for image in e:
        for pixel in places(size):
            row = []
            for place in reversed(list(places(kernel))):
                numerators = [
                    i + p - k * d for i, p, k, d in zip(pixel, before, place, dilation, strict=True)
                ]
                at = [n // s for n, s in zip(numerators, stride, strict=True)]
                meets = all(n % s == 0 for n, s in zip(numerators, stride, strict=True))
                inside = all(0 <= i < n for i, n in zip(at, image.shape[1:], strict=True))
                found = image[:, at[0], at[1]] if meets and inside else np.zeros(len(image))
                row.append(found)
            rows.append(row)
    return np.array(rows)


def by_groups(x, groups):
    """The last axis in as many parts."""
    return np.split(x, groups, axis=-1)


def convolved(products, x, w, how):
    """(batch, outputs, height, width): the forward product."""
    rows = patch_rows(x, w.shape[2:], how["outputs"], how["stride"], how["before"], how["dilation"])
    a = np.stack([part.reshape(len(rows), -1) for part in by_groups(rows, how["groups"])])
    kernels = np.split(w, how["groups"])
    b = np.stack([one.transpose(2, 3, 1, 0).reshape(-1, len(one)) for one in kernels])
    return image_of(products(a, b, how.get("as", "fprop")), len(x), how["outputs"])


def input_gradient(products, e, w, how):
    """(batch, channels, height, width): the gradient of a convolution's input."""
    rows = error_rows(e, w.shape[2:], how["size"], how["stride"], how["before"], how["dilation"])
    a = np.stack([part.reshape(len(rows), -1) for part in by_groups(rows, how["groups"])])
    kernels = [one[:, :, ::-1, ::-1] for one in np.split(w, how["groups"])]
    b = np.stack([one.transpose(2, 3, 0, 1).reshape(-1, one.shape[1]) for one in kernels])
    return image_of(products(a, b, how.get("as", "dgrad")), len(e), how["size"])


def weight_gradient(products, x, e, how, kernel, swapped=False):
    """(outputs, channels of a group, height, width); `swapped`: of a transposed convolution, whose
    input `e` is the first operand."""
    rows = patch_rows(x, kernel, how["outputs"], how["stride"], how["before"], how["dilation"])
    a = np.stack([part.reshape(len(rows), -1) for part in by_groups(rows, how["groups"])])
    flat = np.moveaxis(e, 1, -1).reshape(len(rows), -1)
    b = np.stack(by_groups(flat, how["groups"]))
    if swapped:
        found = products(b.swapaxes(1, 2), a, "wgrad")
    else:
        found = products(a.swapaxes(1, 2), b, "wgrad").swapaxes(1, 2)
    outputs = found.reshape(found.shape[0] * found.shape[1], *kernel, -1)
    return outputs.transpose(0, 3, 1, 2)


def image_of(found, count, size):
    """(batch, channels, height, width) of (group, batch and places, channels)."""
    parts = [one.reshape(count, *size, -1) for one in found]
    return np.concatenate(parts, axis=-1).transpose(0, 3, 1, 2)


def bias_gradient(products, e):
    """Ones by errors."""
    flat = np.moveaxis(e, 1, -1).reshape(-1, e.shape[1]) if e.ndim > 2 else e
    return products(np.ones((1, len(flat))), flat, "wgrad", "bias", "sum")[0]

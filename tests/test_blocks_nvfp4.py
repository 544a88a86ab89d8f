"""NVFP4 in the library: the exact form, and the float32 forms of two programs, as the oracle."""

from fractions import Fraction

import numpy as np
import oracle_nvfp4 as nvfp4
import pytest
from test_oracle_nvfp4 import near_ties, tensors

import numfmt as nf

FORMS = {"exact": nvfp4.exact, "fp32-te": nvfp4.fp32_te, "fp32-torchao": nvfp4.fp32_torchao}
F = np.float32


def compare(tally, x, form, **options):
    """Codes, scales, the tensor's number, exact values and their nearest float64."""
    target = nf.parse("nvfp4").replace(compute=form, **options)
    options.pop("zero_scale", None)
    want = FORMS[form](x.ravel().tolist(), x.shape, **options)
    got = nf.encode(x, target)
    assert Fraction(float(got.tensor_scale)) == want.tensor_scale
    flat = x.ravel()
    tally.same(got.codes.ravel(), want.codes, flat, form)
    tally.same(got.scales.ravel(), want.scales, got.scales.ravel(), form)
    _, places, _ = nvfp4.split(flat.tolist(), x.shape)
    pairs = zip(want.codes, places, strict=True)
    values = [want.value(code, want.scales[place]) for code, place in pairs]
    exact = [-0.0 if v == "-0" else v for v in values]
    found = nf.decode(got, target, dtype=object).ravel().tolist()
    assert all(a == b or (a != a and b == "nan") for a, b in zip(found, exact, strict=True))
    near = np.array([float(v) for v in exact])
    under_zero = np.array([want.scales[place] == 0 for place in places])  # -1.5 * 0 is -0
    near[under_zero & (np.array(want.codes) > 7)] = -0.0
    tally.same(nf.decode(got, target).ravel(), near, flat, f"{form} decoded")
    rounded = nf.quantize(x, target, dtype=np.float64)
    tally.same(rounded.ravel(), near, flat, f"{form} values")


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_the_oracles(form, tally):
    """Rows at many scales, tiny and zero blocks."""
    for x in (*tensors(), np.zeros((2, 20), F), np.float32([[0.0, -0.0, 1e-45]])):
        if form != "fp32-torchao" or not 0 < np.abs(x).max() < 1e-40:
            compare(tally, x, form)
    tally.check()


def test_float32_forms_keep_their_order_of_operations(tally):
    """Where a float32 rounding moves a scale across a tie of E4M3, the programs' own one counts."""

    def te(tops, blocks):
        return blocks * ((F(2688) / tops) * (F(1) / F(6)))

    def torchao(tops, blocks):
        return blocks / F(6) / (tops / F(2688))

    for program, form in ((te, "fp32-te"), (torchao, "fp32-torchao")):
        for top, block in near_ties(program):
            row = np.zeros((1, 17), F)
            row[0, 0], row[0, 16] = top, block
            compare(tally, row, form)
    tally.check()


def test_exact_form_of_wide_numbers(tally):
    """float64 beyond float32, NaN and infinity blocks, scales that underflow."""
    for row in (
        [1e300, 1.0],
        [5e-324, 0.0],
        [2688.0] + [0.0] * 15 + [1e-6] * 16,
        [np.nan] + [1.0] * 15 + [2688.0] * 16,
        [np.inf, 1.0, -3.0],
    ):
        compare(tally, np.array([row]), "exact")
    zero = nf.encode([2688.0] + [0.0] * 15 + [1e-6] * 16, "nvfp4<zero_scale=zero>")
    assert zero.scales.tolist() == [0x7E, 0]
    assert set(zero.codes[16:]) == {0}
    tally.check()


def test_scales_of_the_caller(tally):
    """A pair (codes or None, tensor scale), or the BlockCodes of another array."""
    x = np.array([[12.0, 3.0, -1.0, 0.4]])
    want = nvfp4.exact(x.ravel().tolist(), x.shape, tensor_scale=Fraction(1, 2))
    got = nf.encode(x, "nvfp4", scales=(None, 0.5))
    assert (got.tensor_scale, got.scales.tolist()) == (0.5, [want.scales])
    tally.same(got.codes.ravel(), want.codes, x.ravel(), "given")
    again = nf.encode(x / 2, "nvfp4", scales=got)
    assert (again.tensor_scale, again.scales.tolist()) == (0.5, got.scales.tolist())
    assert nf.decode(again, "nvfp4").tolist() == [[6.0, 2.0, 0.0, 0.0]]
    tally.check()


@pytest.mark.parametrize("scale", [0.1, -1.0, 0.0, np.inf, np.nan])
def test_a_tensor_scale_is_a_positive_float32(scale):
    """Other numbers are refused."""
    with pytest.raises(nf.FormatError, match="positive finite float32"):
        nf.encode([1.0], "nvfp4", scales=(None, scale))


def test_fp32_is_the_te_form():
    """Its alias; and both float32 forms refuse numbers that are no float32."""
    assert nf.parse("nvfp4<compute=fp32>") == nf.parse("nvfp4<compute=fp32-te>")
    for form in ("fp32-te", "fp32-torchao"):
        assert nf.quantize(np.ones(3, np.float16), f"nvfp4<compute={form}>").dtype == np.float16
        for x in (1.0, [1, 2], np.ones(3)):
            with pytest.raises(nf.DtypeError, match="float32 arithmetic"):
                nf.quantize(x, f"nvfp4<compute={form}>")


def test_nearest_values_of_narrow_dtypes():
    """Products of three factors are rounded once to the dtype asked for."""
    x = np.random.default_rng(3).normal(size=(4, 64)).astype(F)
    exact = nf.quantize(x, "nvfp4", dtype=object)
    for dtype in (np.float16, np.float32, np.float64):
        got = nf.quantize(x, "nvfp4", dtype=dtype)
        wanted = [float(v) for v in exact.ravel()]
        assert np.array_equal(got.ravel(), np.array(wanted).astype(dtype))


def test_the_te_form_takes_normal_tensor_scales():
    """A subnormal one, whose reciprocal is no float32, is refused."""
    with pytest.raises(nf.FormatError, match="normal"):
        nf.quantize(np.ones(2, F), "nvfp4<compute=fp32-te>", scales=(None, 2.0**-140))
    assert nf.quantize([1e-40], "nvfp4", scales=(None, 2.0**-140))[0] > 0

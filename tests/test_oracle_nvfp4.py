"""The oracle of NVFP4: exact by hand, the float32 forms against the same steps in numpy."""

from fractions import Fraction
from math import inf, nan

import numpy as np
import oracle_nvfp4 as nvfp4
import pytest
from oracle_blocks import E2M1, E4M3
from sheet import value_table

F = np.float32
E4M3_VALUES = value_table(E4M3)[:127]
E2M1_VALUES = value_table(E2M1)[:8]


def tensors():
    """Rows of normal numbers at many scales, outliers, zeros and tiny blocks."""
    random = np.random.default_rng(10)
    for power in (-120, -30, -6, 0, 3, 40, 100):
        x = random.normal(size=(3, 40)) * random.choice([1, 1e-2, 1e-4, 30], (3, 1))
        x[0, :16] *= 1e-7
        x[1, 16:32] = 0
        yield (x * 2.0**power).astype(np.float32)


def nearest_code(table, x):
    """The index of the value nearest to each |x|, ties to the even index, saturating."""
    x = np.minimum(np.abs(x.astype(np.float64)), table[-1])
    at = np.clip(np.searchsorted(table, x, side="right") - 1, 0, len(table) - 2)
    below, above = x - table[at], table[at + 1] - x
    return at + ((above < below) | ((above == below) & (at % 2 == 1)))


def signed_code(x):
    """E2M1 codes of float32 numbers."""
    return nearest_code(E2M1_VALUES, x) | (np.signbit(x) << 3)


def blocks_of(x):
    """Each row's blocks of 16, the last one filled up with zeros, and their largest magnitudes."""
    rows = np.zeros((3, 48), dtype=np.float32)
    rows[:, :40] = x
    rows = rows.reshape(3, 3, 16)
    return rows, np.abs(rows).max(axis=2)


def element_codes(rows):
    """Codes of all elements in C order, without the filling."""
    return signed_code(rows).reshape(3, 48)[:, :40].ravel().tolist()


def test_te_form_is_its_float32_program():
    """Every step in numpy's float32, in the order of the kernels."""
    for x in tensors():
        rows, largest = blocks_of(x)
        with np.errstate(over="ignore", divide="ignore"):
            g = min(F(2688) / largest.max(), np.finfo(F).max)
            scales = nearest_code(E4M3_VALUES, largest * (g * (F(1) / F(6))))
            s = E4M3_VALUES[scales].astype(F)
            factor = np.minimum(F(1) / (s * (F(1) / g)), np.finfo(F).max)
            scaled = rows * factor[:, :, None]
        found = nvfp4.fp32_te(x.ravel().tolist(), x.shape)
        assert found.tensor_scale == Fraction(float(g))
        assert found.divides
        assert found.scales == scales.ravel().tolist()
        assert found.codes == element_codes(scaled)


def near_ties(program):
    """[tensor's largest, block's largest] where a program's scale lies within an ulp of a tie."""
    random = np.random.default_rng(14)
    tops = random.uniform(1, 8, 4000).astype(np.float32)
    ties = random.choice((E4M3_VALUES[8:-1] + E4M3_VALUES[9:]) / 2, 4000)
    blocks = (ties * 6 * (tops.astype(np.float64) / 2688)).astype(np.float32)
    blocks = np.nextafter(blocks, random.choice([F(0), F(99)], 4000))
    plain = ties > (blocks.astype(np.float64) / 6) * (2688 / tops.astype(np.float64))
    differs = np.flatnonzero((program(tops, blocks) < ties) != plain)
    assert differs.size > 10, "the cases do not tell the orders of operations apart"
    return np.array([tops, blocks]).T[differs[:60]]


def test_float32_forms_keep_their_order_of_operations():
    """Where a float32 rounding moves a scale across a tie of E4M3, the programs' own one counts."""

    def te(tops, blocks):
        return blocks * ((F(2688) / tops) * (F(1) / F(6)))

    def torchao(tops, blocks):
        return blocks / F(6) / (tops / F(2688))

    for program, form in ((te, nvfp4.fp32_te), (torchao, nvfp4.fp32_torchao)):
        for top, block in near_ties(program):
            expected = nearest_code(E4M3_VALUES, program(top, block).reshape(1))[0]
            row = [float(top)] + [0.0] * 15 + [float(block)]
            assert form(row, (17,)).scales[1] == expected


def test_torchao_form_is_its_float32_program():
    """Divisions, the floor of 2**-6 for every block scale, and the product of both scales."""
    for x in tensors():
        rows, largest = blocks_of(x)
        g = largest.max() / F(2688)
        ratio = np.clip(largest / F(6) / g, F(2.0**-6), F(448))
        scales = nearest_code(E4M3_VALUES, ratio)
        total = g * E4M3_VALUES[scales].astype(F)
        found = nvfp4.fp32_torchao(x.ravel().tolist(), x.shape)
        assert found.tensor_scale == Fraction(float(g))
        assert found.scales == scales.ravel().tolist()
        assert found.codes == element_codes(rows / total[:, :, None])


def test_exact_form_by_hand():
    """The tensor's largest number is 448 * 6 * g; each stored number is rounded once."""
    row = [2688.0, 1344.0, -0.0, 100.0] + [0.0] * 12 + [1.0] * 4
    found = nvfp4.exact(row, (20,))
    assert found.tensor_scale == 1
    assert found.scales == [0x7E, 0x23]
    assert found.codes == [7, 5, 8, 0] + [0] * 12 + [7] * 4
    assert found.value(found.codes[0], found.scales[0]) == 2688
    assert found.value(found.codes[16], found.scales[1]) == Fraction(33, 32)


def test_exact_form_rounds_the_exact_quotient():
    """The scale is nearest to largest / (6 g), the element to x / (s g), as fractions."""
    for x in tensors():
        found = nvfp4.exact(x.ravel().tolist(), x.shape)
        g = found.tensor_scale
        assert abs(g - Fraction(float(np.abs(x).max())) / 2688) <= max(
            g / 2**24, Fraction(1, 1 << 150)
        )
        _, largest = blocks_of(x)
        for code, top in zip(found.scales, largest.ravel().tolist(), strict=True):
            quotient = Fraction(top) / 6 / g
            gaps = [abs(E4M3.value(c) - quotient) for c in range(127)]
            assert gaps[code] == min(gaps) or (code == 1 and quotient > 0 and gaps[0] == min(gaps))
        for i, code in enumerate(found.codes):
            row, column = divmod(i, 40)
            s = E4M3.value(found.scales[row * 3 + column // 16]) * g
            if s:
                gaps = [
                    abs(abs(Fraction(float(x.ravel()[i]))) / s - E2M1.value(c)) for c in range(8)
                ]
                assert gaps[code % 8] == min(gaps)


@pytest.mark.parametrize("form", [nvfp4.exact, nvfp4.fp32_te, nvfp4.fp32_torchao])
def test_a_tensor_of_zeros(form):
    """Its stored scale is 1; block scales are 0, or torchao's floor; under 0 codes are 0."""
    found = form([0.0, -0.0], (2,))
    assert found.tensor_scale == 1
    assert found.codes == ([0, 0] if form is nvfp4.exact else [0, 8])
    assert found.scales == [8 if form is nvfp4.fp32_torchao else 0]


def test_exact_special_blocks():
    """A scale that rounds to 0 becomes 2**-9 or stays; NaN and infinity poison their block."""
    row = [2688.0] + [0.0] * 15 + [1e-6] * 16
    assert nvfp4.exact(row, (32,)).scales == [0x7E, 1]
    zero = nvfp4.exact(row, (32,), zero_scale="zero")
    assert (zero.scales, set(zero.codes[16:])) == ([0x7E, 0], {0})
    for bad in (nan, inf):
        found = nvfp4.exact([bad] + [1.0] * 15 + [2688.0] * 16, (32,))
        assert found.scales == [0x7F, 0x7E]
        assert found.tensor_scale == 1
        assert found.value(found.codes[0], found.scales[0]) == "nan"


def test_exact_tensor_scale_keeps_to_float32():
    """It is at least 2**-149 and at most the largest float32, and may be the caller's."""
    assert nvfp4.exact([5e-324], (1,)).tensor_scale == Fraction(1, 1 << 149)
    assert nvfp4.exact([1e300], (1,)).tensor_scale == nvfp4.FLOAT32_MAX
    found = nvfp4.exact([12.0], (1,), tensor_scale=Fraction(1, 2))
    assert (found.scales, found.codes) == ([0x48], [7])

"""Fixed point that grows until results are exact."""

import pytest

import numfmt as nf


@pytest.mark.parametrize(
    ("name", "formats", "grown"),
    [  # measured with ap_fixed, where <W,I> is fixed<W,W-I>
        ("add", ("fixed<8,4>", "fixed<8,4>"), "fixed<9,4>"),
        ("add", ("fixed<8,4>", "ufixed<6,1>"), "fixed<11,4>"),
        ("add", ("ufixed<8,4>", "ufixed<6,4>"), "ufixed<9,4>"),
        ("subtract", ("ufixed<8,4>", "ufixed<6,4>"), "fixed<9,4>"),
        ("multiply", ("fixed<8,4>", "fixed<6,1>"), "fixed<14,5>"),
        ("multiply", ("ufixed<8,4>", "fixed<6,-1>"), "fixed<14,3>"),
        ("divide", ("fixed<8,4>", "fixed<8,4>"), "fixed<13,4>"),
        ("divide", ("ufixed<8,4>", "ufixed<6,2>"), "ufixed<10,4>"),
        ("negative", ("ufixed<8,4>",), "fixed<9,4>"),
        ("negative", ("int8",), "fixed<9,0>"),
        ("fma", ("fixed<4,2>", "fixed<4,2>", "fixed<4,1>"), "fixed<9,4>"),
        ("faa", ("fixed<4,2>", "fixed<4,2>", "fixed<4,1>"), "fixed<6,2>"),
    ],
)
def test_fixed_point_grows_until_it_is_exact(name, formats, grown, tally):
    """The ends of the operands too; with growth="same" the format stays, and rounds."""
    parts = [nf.parse(format) for format in formats]
    ends = [nf.from_codes(f.all_codes()[:: max(1, 2 ** (f.width - 4))], f) for f in parts]
    ends = [nf.array([*end.tolist(), f.min, f.max], f) for end, f in zip(ends, parts, strict=True)]
    shaped = [end.reshape([-1 if i == j else 1 for j in range(3)]) for i, end in enumerate(ends)]
    if name == "divide":
        assert str(nf.divide(ends[0], nf.array(1, parts[1])).format) == grown
        return
    got = getattr(nf, name)(*shaped)
    assert str(got.format) == grown
    exact_values = {
        "add": lambda a, b: a + b,
        "subtract": lambda a, b: a - b,
        "multiply": lambda a, b: a * b,
        "negative": lambda a: -a,
        "fma": lambda a, b, c: a * b + c,
        "faa": lambda a, b, c: a + b + c,
    }[name](*(part.values for part in shaped)) + 0.0
    tally.same(got.values.ravel(), exact_values.ravel(), exact_values.ravel(), name)
    tally.check()
    same = [nf.array(part.values.clip(-1, 1), "fixed<8,3>") for part in shaped]
    with nf.context(growth="same"):
        assert getattr(nf, name)(*same).format == nf.parse("fixed<8,3>")


def test_quotients_of_fixed_point_are_cut_unless_told_otherwise():
    """-1/3 in fixed<8,4> is -5/16, as ap_fixed gives; argument and context go before."""
    a, b = nf.array([1, -1], "fixed<8,4>"), nf.array(3, "fixed<8,4>")
    assert nf.divide(a, b).values.tolist() == [0.3125, -0.3125]
    assert nf.divide(a, b, None, "down").values.tolist() == [0.3125, -0.375]
    with nf.context(rounding="up"):
        assert nf.divide(a, b).values.tolist() == [0.375, -0.3125]
    with nf.context(growth="same"):
        assert (a / b).format == nf.parse("fixed<8,4>")
        assert (a / b).values.tolist() == [0.3125, -0.3125]


def test_growth_beyond_64_bits_is_an_error_that_says_so():
    """A result format, or growth="same", are the ways out."""
    a = nf.array([3], "fixed<40,3>")
    with pytest.raises(nf.FormatError, match=r"a \* b of exact results takes 80 bits"):
        a * a
    assert nf.multiply(a, a, "fixed<40,3>").values == 9


def test_mixed_fixed_point_grows_too():
    """And raises where it may not grow."""
    a, b = nf.array([1.5], "fixed<8,3>"), nf.array([0.25], "fixed<6,5>")
    assert (a + b).values == 1.75
    assert str((a * b).format) == "fixed<14,8>"
    with nf.context(growth="same"), pytest.raises(nf.FormatError, match="mixed"):
        a + b
    with pytest.raises(nf.FormatError, match="mixed"):
        a % b

"""Wrong arguments: one clear error each, which names the argument and what is allowed."""

import numpy as np
import pytest

import numfmt as nf

X = np.array([0.3, -1.0])


@pytest.mark.parametrize(
    ("spelling", "suggestion"),
    [
        ("e4m3fnx", "e4m3fn"),
        ("posti<8,1>", "posit"),
        ("bflaot16", "bfloat16"),
        ("fixd<8,3>", "fixed"),
        ("binary-32", "binary32"),
        ("e4m3", "e4m3fn"),
        ("q4.3", "fixed<8,3>"),
        ("fixed<8>", "fixed<width,fraction_bits>"),
        ("fixed<8,3,1>", "fixed<width,fraction_bits>"),
        ("fixed<8,x>", "'x'"),
        ("fixed<8,3", "fixed<8,3"),
        ("fixed<8,3,roundin=up>", "rounding"),
        ("fixed<8,3,rounding=upp>", "up"),
        ("fixed<8,3,overflow=nan>", "saturate"),
        ("float<4,3,special=fnu>", "fnuz"),
        ("float<4,3,bias=x>", "'x'"),
        ("e4m3fn<4>", "e4m3fn"),
        ("", "fixed<8,3>"),
    ],
)
def test_unknown_formats_suggest_the_nearest(spelling, suggestion):
    """An unknown, ambiguous or incomplete spelling says what could be meant."""
    with pytest.raises(nf.NumfmtError) as caught:
        nf.quantize(X, spelling)
    assert isinstance(caught.value, nf.FormatError | nf.RoundingError)
    assert suggestion in str(caught.value)


@pytest.mark.parametrize(
    ("mode", "suggestion"),
    [
        ("nearest_evn", "nearest_even"),
        ("nearest", "nearest_"),
        ("stochastc", "stochastic"),
        ("stochastic(bits=0)", "1 to 32"),
        ("stochastic(bits=33)", "1 to 32"),
        ("stochastic(bit=3)", "bits=1..32"),
        ("stochastic(variant=A)", "bits"),
        ("stochastic(bits=8,variant=D)", "variant=A|B|C"),
        ("up(3)", "takes no parameters"),
        ("up)", "up)"),
        (3, "3"),
    ],
)
def test_unknown_roundings_suggest_the_nearest(mode, suggestion):
    """And parameters out of range say the range."""
    with pytest.raises(nf.RoundingError) as caught:
        nf.quantize(X, "fixed<8,3>", mode, key=nf.Key(1))
    assert suggestion in str(caught.value)


@pytest.mark.parametrize(
    ("policy", "suggestion"),
    [
        ("saturat", "saturate"),
        ("wrap(9)", "0 to the width, 8"),
        ("wrap(-1)", "0 to 64"),
        ("wrap(x)", "0 to 64"),
        ("saturate(1)", "takes none"),
        ("infinity", "saturate"),
    ],
)
def test_unknown_policies_suggest_the_nearest(policy, suggestion):
    """Unknown overflow policies, and counts that are out of range."""
    with pytest.raises(nf.RoundingError) as caught:
        nf.quantize(X, "fixed<8,3>", overflow=policy)
    assert suggestion in str(caught.value)


MEANINGLESS = [
    ("fixed<8,3>", "infinity"),
    ("fixed<8,3>", "nan"),
    ("ufixed<8,3>", "wrap_sign_magnitude"),
    ("e4m3fn", "infinity"),
    ("e2m1", "nan"),
    ("e2m1", "infinity"),
    ("e5m2", "wrap"),
    ("e5m2", "drop_bits"),
    ("e5m2", "saturate_symmetric"),
    ("float<4,0>", "nan"),
    ("posit<8,1>", "infinity"),
    ("posit<8,1>", "wrap"),
    ("posit<8,1>", "saturate_symmetric"),
    ("posit<8,1>", "unbounded"),
]


@pytest.mark.parametrize(("format", "overflow"), MEANINGLESS)
@pytest.mark.parametrize("function", [nf.quantize, nf.encode])
def test_policies_without_a_meaning_are_refused(format, overflow, function):
    """The error lists the policies that the format takes."""
    with pytest.raises(nf.RoundingError, match=r"no meaning.*takes.*saturate"):
        function(X, format, overflow=overflow)


def test_a_carried_mode_is_checked_with_the_format():
    """A format cannot carry what has no meaning for it."""
    for arguments in ({"overflow": "wrap"}, {"rounding": "upwards"}):
        with pytest.raises(nf.RoundingError):
            nf.Float(4, 3, **arguments)
    with pytest.raises(nf.RoundingError, match="takums only"):
        nf.Fixed(8, 3, rounding="stochastic(probability=code)")


@pytest.mark.parametrize(
    ("make", "argument"),
    [
        (lambda: nf.Fixed(0, 0), "width=0"),
        (lambda: nf.Fixed(65, 0), "width=65"),
        (lambda: nf.Fixed(8, 5000), "fraction_bits=5000"),
        (lambda: nf.Fixed(8, -5000), "fraction_bits=-5000"),
        (lambda: nf.Fixed(8.0, 3), "width=8.0"),
        (lambda: nf.Fixed(True, 3), "width=True"),
        (lambda: nf.Fixed(8, 3, signed=1), "signed=1"),
        (lambda: nf.Float(0, 3), "exponent_bits=0"),
        (lambda: nf.Float(8, 56), "fraction_bits=56"),
        (lambda: nf.Float(4, -1), "fraction_bits=-1"),
        (lambda: nf.Float(4, 3, special="p3109"), "special='p3109'"),
        (lambda: nf.Float(4, 3, bias=2**70), "bias="),
        (lambda: nf.Float(4, 3, subnormals="flush"), "subnormals='flush'"),
        (lambda: nf.Float(4, 3, special="fnuz", signed=False), "fnuz"),
        (lambda: nf.Float(1, 0), "no nonzero finite value"),
        (lambda: nf.Posit(1), "width=1"),
        (lambda: nf.Posit(65), "width=65"),
        (lambda: nf.Posit(8, 6), "es=6"),
        (lambda: nf.Posit(8, -1), "es=-1"),
        (lambda: nf.parse("fixed<0,0>"), "width=0"),
        (lambda: nf.parse("fixed<65,0>"), "width=65"),
        (lambda: nf.parse("posit<8,9>"), "es=9"),
        (lambda: nf.parse(8), "format=8"),
        (lambda: nf.parse("fixed<8,3>").replace(depth=3), "depth"),
    ],
)
def test_formats_out_of_range_are_refused(make, argument):
    """The error names the argument and its value."""
    with pytest.raises(nf.FormatError) as caught:
        make()
    assert argument in str(caught.value)


@pytest.mark.parametrize("function", [nf.quantize, nf.encode])
@pytest.mark.parametrize(
    ("rounding", "source", "says"),
    [
        ("stochastic", {}, "key=numfmt.Key"),
        ("sr_eq", {}, "needs key"),
        (None, {"key": nf.Key(1)}, "draws no random bits"),
        ("up", {"random_bits": np.zeros(2, np.uint32)}, "draws no random bits"),
        ("sr", {"key": 1}, "numfmt.Key(1)"),
        ("sr", {"key": np.int64(1)}, "Key or numfmt.Generator"),
        ("sr", {"key": nf.Key(1), "random_bits": np.zeros(2, np.uint32)}, "both"),
    ],
)
def test_keys_are_needed_where_bits_are_drawn_and_only_there(function, rounding, source, says):
    """Missing, superfluous, doubled, or an int."""
    with pytest.raises(nf.RandomError) as caught:
        function(X, "fixed<8,3>", rounding, **source)
    assert says in str(caught.value)


@pytest.mark.parametrize("format", ["fixed<8,3>", "e2m1", "float<4,0>"])
@pytest.mark.parametrize("rounding", [None, "sr"])
def test_nan_never_becomes_a_number_by_itself(format, rounding):
    """A format without NaN refuses it, and says what can be chosen."""
    key = nf.Key(1) if rounding else None
    for function in (nf.quantize, nf.encode):
        with pytest.raises(nf.NanError, match=r"x\[1\] = nan.*nan='zero', 'max' or 'min'"):
            function([1.0, np.nan], format, rounding, key=key)
    with pytest.raises(nf.NanError, match=r"codes\[0\]"):
        nf.convert([0x7F], "e4m3fn", format)


def test_nan_policies():
    """zero, max and min; none where the format has a NaN, none unknown."""
    for policy, value in (("zero", 0.0), ("max", 15.875), ("min", -16.0)):
        assert nf.quantize(np.nan, "fixed<8,3>", nan=policy) == value
    with pytest.raises(nf.RoundingError, match="it has a NaN"):
        nf.quantize(X, "e4m3fn", nan="zero")
    with pytest.raises(nf.RoundingError, match="zero"):
        nf.quantize(X, "fixed<8,3>", nan="zer")


def test_unbounded_has_no_codes():
    """encode and convert refuse it; quantize takes it."""
    assert nf.quantize(1000.3, "fixed<8,3>", overflow="unbounded") == 1000.25
    with pytest.raises(nf.NumfmtError, match="unbounded"):
        nf.encode(X, "fixed<8,3>", overflow="unbounded")
    with pytest.raises(nf.NumfmtError, match="unbounded"):
        nf.convert([1], "e4m3fn", "fixed<8,3>", overflow="unbounded")


def test_error_names_the_first_element_in_c_order():
    """By index and value, whatever comes after it."""
    x = np.zeros((40, 50))
    x[3, 7], x[20, 1] = 1e6, np.inf
    with pytest.raises(nf.RangeError, match=r"x\[3, 7\] = 1000000"):
        nf.encode(x, "fixed<8,3>", overflow="error")
    with pytest.raises(nf.RangeError, match=r"x\[20, 1\] = inf"):
        nf.encode(x, "fixed<8,3>", overflow="wrap")


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (nf.FormatError, ValueError),
        (nf.RoundingError, ValueError),
        (nf.RandomError, ValueError),
        (nf.ShapeError, ValueError),
        (nf.NanError, ValueError),
        (nf.MachineError, ValueError),
        (nf.DtypeError, TypeError),
        (nf.RangeError, OverflowError),
    ],
)
def test_errors_are_builtin_errors_too(error, builtin):
    """Whoever knows Python's own errors can catch ours."""
    assert issubclass(error, nf.NumfmtError)
    assert issubclass(error, builtin)


@pytest.mark.parametrize(
    "call",
    [
        lambda dtype: nf.quantize([1.0], "e4m3fn", dtype=dtype),
        lambda dtype: nf.decode([1], "e4m3fn", dtype=dtype),
        lambda dtype: nf.variance_corrected(0, 0.1, "fixed<8,3>", key=nf.Key(1), dtype=dtype),
    ],
    ids=["quantize", "decode", "variance_corrected"],
)
def test_an_unknown_dtype_is_named(call):
    """A dtype that NumPy does not know is a DtypeError that names it."""
    with pytest.raises(nf.DtypeError, match="dtype='float7'"):
        call("float7")

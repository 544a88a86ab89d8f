"""Grids for variance-corrected rounding: formats of every scalar family, and the oracle's grids."""

import laws
import numpy as np

import numfmt as nf

LATTICES = ["fixed<8,3>", "fixed<8,8>", "ufixed<6,2>", "fixed<4,0>", "fixed<12,-3>"]
UNEVEN = [
    "e4m3fn",
    "e5m2",
    "e2m1",
    "posit<8,1>",
    "posit<6,2>",
    "takum8",
    "float<3,2,subnormals=false>",
    *("binary8p4se", "binary6p3uf", "binary5p1sf", "e5m2fnuz", "e8m0", "ufloat<3,2>"),
    *("pow2<4>", "pow2<5,geometric>", "takum5", "nf4", "ternary", "binary"),
    *("codebook<-3,-1,0.5,0.75,4,4.25,10>", "codebook<1,2,2.5>"),
]
E3_GRIDS = ["pow2<6>", "takum8", "takum5", "nf4", "codebook<-1,-0.25,0.125,0.25,1>"]
IRRATIONAL = ["lns<6,2>", "takum_log8"]
TABLE = "codebook<-40,-9,-3,-1,0,1,1.5,2.5,4,9,45>"


def lattice_of(format):
    """The oracle's grid of a fixed-point format."""
    f = nf.parse(format)
    return laws.Lattice(f.smallest_positive, f.min, f.max)


def nested_of(format):
    """The oracle's grid of any format."""
    values = nf.parse(format).all_values()
    return laws.Nested(sorted(set(values[np.isfinite(values)])))


def assert_moments(drawn, mean, variance):
    """Mean and variance of many draws are within four standard errors of what was asked for."""
    squares = (drawn - mean) ** 2
    assert abs(drawn.mean() - mean) < 4 * (variance / drawn.size) ** 0.5
    assert abs(squares.mean() - variance) < 4 * squares.std() / drawn.size**0.5

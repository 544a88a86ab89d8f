"""What tests of arrays share."""

import numpy as np

import numfmt as nf

X = np.random.default_rng(1).normal(scale=6, size=(3, 4, 64))
FORMATS = ["e4m3fn", "posit<16,2>", "fixed<12,5>", "lns<9,4>", "nf4", "takum<20>", "binary8p3se"]
BLOCKS = ["mxfp4", "nvfp4", "mxint8<axis=0>", "msfp12<axis=1>"]


def same(array, codes, format):
    """Do codes (of blocks: BlockCodes) and format stand in an Array?"""
    if isinstance(codes, nf.BlockCodes):
        same_scales = codes.scales is None or np.array_equal(array.scales, codes.scales)
        same_scales = same_scales and array.tensor_scale == codes.tensor_scale
        return same_scales and same(array, codes.codes, format)
    same_dtype = array.codes.dtype == codes.dtype
    return same_dtype and np.array_equal(array.codes, codes) and array.format == nf.parse(format)

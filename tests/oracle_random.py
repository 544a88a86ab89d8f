"""Where random words come from: Philox4x32-10 and the numbering of elements, from the definitions.

Shares nothing with the library.  J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, "Parallel
random numbers: as easy as 1, 2, 3", SC 2011.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
WEYL = (0x9E3779B9, 0xBB67AE85)
LOW = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)


def philox(counter, key):
    """Ten rounds on four counter words (arrays of uint64 below 2**32) and two key words (ints)."""
    c0, c1, c2, c3 = counter
    for turn in range(10):
        k0, k1 = (np.uint64((key[i] + turn * WEYL[i]) % (1 << 32)) for i in range(2))
        p0, p1 = MULTIPLIERS[0] * c0, MULTIPLIERS[1] * c2
        c0, c1, c2, c3 = (p1 >> HALF) ^ c1 ^ k0, p1 & LOW, (p0 >> HALF) ^ c3 ^ k1, p0 & LOW
    return c0, c1, c2, c3


def words(key: int, call: int, n: int, *, first: int = 0, draw: int = 0) -> np.ndarray:
    """The uint32 words that elements first .. first + n - 1 of a call take at a draw number."""
    elements = [first + i for i in range(n)]
    blocks = np.array([(i >> 6) * 16 + (i & 15) for i in elements], dtype=np.uint64)
    choice = np.array([(i >> 4) & 3 for i in elements], dtype=np.intp)
    field = call + (draw << 48)
    high = (np.full(n, word, dtype=np.uint64) for word in (field % (1 << 32), field >> 32))
    out = philox((blocks & LOW, blocks >> HALF, *high), (key % (1 << 32), key >> 32))
    return np.stack(out)[choice, np.arange(n)].astype(np.uint32)


def philox_key(seed: int, stream: int | str = 0, folded: tuple[int | str, ...] = ()) -> int:
    """The 64-bit key: the seed itself, or the first 8 bytes of BLAKE2b over what is folded in."""
    if stream == 0 and not folded:
        return seed
    text = b"".join(canonical_bytes(item) for item in (seed, stream, *folded))
    return int.from_bytes(blake2b(text).digest()[:8], "little")


def canonical_bytes(item: int | str) -> bytes:
    """A type letter, the length in 8 bytes, and the item: shortest two's complement or UTF-8."""
    if isinstance(item, str):
        kind, data = b"s", item.encode()
    else:
        kind, data = b"i", item.to_bytes(signed_length(item), "little", signed=True)
    return kind + len(data).to_bytes(8, "little") + data


def signed_length(item: int) -> int:
    """The fewest bytes, at least one, that hold an integer in two's complement."""
    length = 1
    while not -(1 << (8 * length - 1)) <= item < 1 << (8 * length - 1):
        length += 1
    return length

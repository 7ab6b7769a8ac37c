"""Assignment: unit -> bucket -> version, a pure function of the unit and a salt.

unit64 = first 8 bytes of sha256(unit), big-endian; salt64 the same of the salt;
bucket = splitmix64(unit64 ^ salt64) >> 4, a whole number below 2^60. A share takes the buckets below share x 2^60, so raising
it keeps everyone in. The slow hash is made once per unit; every further salt (exposure, arms, layers) costs one mix.

splitmix64 is the finaliser of Steele, Lea and Flood 2014; the constants are theirs.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from struct import Struct
from typing import TYPE_CHECKING, Any

try:  # CPython's own sha256 begins in half the time that OpenSSL's takes, which is most of a short text; the digests are the same
    from _sha2 import sha256  # type: ignore[import-not-found]
except ImportError:
    try:
        from _sha256 import sha256  # type: ignore[import-not-found]
    except ImportError:
        from hashlib import sha256

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

ALGORITHM = "sha256-splitmix64/1"
"""Named in every exposure and State: a rollout that was begun with another is held, never drawn anew."""
BITS = 60
_MASK = (1 << 64) - 1
_HIGH = (1 << 30) - 1
_FIRST_8 = Struct(">Q24x").unpack
_STEP, _FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


def hash64(text: str) -> int:
    """First 8 bytes of its sha256 as a whole number: a unit, or a salt."""
    return int.from_bytes(sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big")


def bucket(unit64: int, salt64: int) -> int:
    """Where a unit falls under a salt: 0 <= bucket < 2^60."""
    z = ((unit64 ^ salt64) + _STEP) & _MASK
    z = ((z ^ (z >> 30)) * _FIRST) & _MASK
    z = ((z ^ (z >> 27)) * _SECOND) & _MASK
    return (z ^ (z >> 31)) >> 4


def limit(share: float) -> int:
    """The first bucket that a share leaves out; 0 and 1 leave out everyone and nobody.

    Raises:
        ValueError: a share below 0, above 1 or not a number.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"a share lies between 0 and 1, got {share!r}")
    return round(share * (1 << BITS))


def exposed(unit: str, salt64: int, end: int) -> bool:
    """Whether a unit sees the candidate: `bucket(hash64(unit), salt64) < limit(share)`, written out for speed.

    Args:
        unit: its text.
        salt64: `hash64` of the salt.
        end: `limit(share)`.
    """
    try:
        digest: bytes = sha256(unit.encode()).digest()
    except UnicodeEncodeError:
        digest = sha256(unit.encode("utf-8", "surrogatepass")).digest()
    z: int = ((_FIRST_8(digest)[0] ^ salt64) + _STEP) & _MASK
    z = ((z ^ (z >> 30)) * _FIRST) & _MASK
    z = (z ^ (z >> 27)) * _SECOND
    # The last step of the mix leaves the 31 highest bits as they are: 30 of them decide, but for one unit in 2^30.
    high, edge = z >> 34 & _HIGH, end >> 30
    if high != edge:
        return high < edge
    z &= _MASK
    return (z ^ (z >> 31)) >> 4 < end


def edges(weights: Sequence[float]) -> tuple[int, ...]:
    """First bucket after each arm; the last is 2^60.

    Raises:
        ValueError: fewer than two arms, a weight that is not above 0, or a sum that is not 1.
    """
    if len(weights) < 2 or any(not weight > 0 for weight in weights) or abs(sum(weights) - 1) > 1e-9:
        raise ValueError(f"arms need two or more weights above 0 that sum to 1, got {list(weights)}")
    return (*(round(total * (1 << BITS)) for total in list(accumulate(weights))[:-1]), 1 << BITS)


def arm(unit64: int, salt64: int, ends: Sequence[int]) -> int:
    """Which arm (from 0) a unit is in, given `edges(weights)`; the salt must not be the one of exposure."""
    return bisect_right(ends, bucket(unit64, salt64))


def hash64s(units: Iterable[str]) -> NDArray[Any]:
    """`hash64` of many units, as uint64."""
    import numpy as np  # noqa: PLC0415 - a router assigns one unit at a time and needs no numpy

    joined = b"".join([sha256(unit.encode("utf-8", "surrogatepass")).digest()[:8] for unit in units])
    return np.frombuffer(joined, dtype=">u8").astype(np.uint64)


def exposed_many(units: Iterable[str], salt64: int, share: float) -> NDArray[Any]:
    """`exposed` of many units, as booleans."""
    import numpy as np  # noqa: PLC0415 - as above

    return buckets(hash64s(units), salt64) < np.uint64(limit(share))


def buckets(unit64: NDArray[Any], salt64: int) -> NDArray[Any]:
    """`bucket` of many units: bit for bit the same numbers, as uint64."""
    import numpy as np  # noqa: PLC0415 - as above

    out = np.empty(unit64.shape, dtype=np.uint64)
    flat, filled = np.ascontiguousarray(unit64, dtype=np.uint64).ravel(), out.ravel()
    spare = np.empty(min(_CHUNK, flat.size), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for start in range(0, flat.size, _CHUNK):  # a chunk and its spare stay in the cache
            z = filled[start : start + _CHUNK]
            t = spare[: z.size]
            np.bitwise_xor(flat[start : start + _CHUNK], np.uint64(salt64), out=z)
            np.add(z, np.uint64(_STEP), out=z)
            for shift, factor in ((30, _FIRST), (27, _SECOND)):
                np.right_shift(z, np.uint64(shift), out=t)
                np.bitwise_xor(z, t, out=z)
                np.multiply(z, np.uint64(factor), out=z)
            np.right_shift(z, np.uint64(31), out=t)
            np.bitwise_xor(z, t, out=z)
            np.right_shift(z, np.uint64(4), out=z)
    return out


_CHUNK = 1 << 14

"""Shares of a data key put together (Shamir's secret sharing over GF(2⁸), as in sops' shamir)."""

from __future__ import annotations

from collections.abc import Sequence

_BYTE = 0x100
_POLYNOMIAL = 0x11B  # x⁸ + x⁴ + x³ + x + 1
_LEAST_SHARES = 2


def combined(shares: Sequence[bytes]) -> bytes:
    """The secret that `shares` are points of; the last byte of each is its x coordinate.

    Raises:
        ValueError: they are not shares of one secret.
    """
    xs = [share[-1] for share in shares if len(share) >= _LEAST_SHARES]
    if len({*xs}) != len(shares) or len(shares) < _LEAST_SHARES or len({*map(len, shares)}) != 1:
        raise ValueError
    weights = [_weight(x, xs) for x in xs]
    secret = bytearray(len(shares[0]) - 1)
    for share, weight in zip(shares, weights, strict=True):
        for index, byte in enumerate(share[:-1]):
            secret[index] ^= _product(byte, weight)
    return bytes(secret)


def _weight(x: int, xs: Sequence[int]) -> int:
    """Lagrange's basis polynomial of `x`, at 0."""
    weight = 1
    for other in xs:
        if other != x:
            weight = _product(weight, _product(other, _inverse(x ^ other)))
    return weight


def _product(a: int, b: int) -> int:
    product = 0
    while b:
        if b & 1:
            product ^= a
        a <<= 1
        if a >= _BYTE:
            a ^= _POLYNOMIAL
        b >>= 1
    return product


def _inverse(a: int) -> int:
    """`a` to the power of 254."""
    power = 1
    for _ in range(254):
        power = _product(power, a)
    return power

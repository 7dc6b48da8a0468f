"""FarmHash's Fingerprint64, the hash behind TensorFlow's string buckets.

By Geoff Pike, described in https://github.com/google/farmhash (farmhashna, `Fingerprint64`); its answers never change
between versions. All arithmetic is modulo 2^64.
"""

_MASK = (1 << 64) - 1
_K0 = 0xC3A5C85C97CB3127  # primes between 2^63 and 2^64
_K1 = 0xB492B66FBE98F273
_K2 = 0x9AE16A3B2F90404F


def fingerprint64(text: bytes) -> int:
    """Returns the 64-bit fingerprint of some bytes."""
    if len(text) <= 16:
        return _up_to_16(text)
    if len(text) <= 32:
        return _up_to_32(text)
    if len(text) <= 64:
        return _up_to_64(text)
    return _longer(text)


def _word(text: bytes, start: int, size: int = 8) -> int:
    """Returns the little-endian number at `start`, which counts from the end where negative."""
    start %= len(text)
    return int.from_bytes(text[start : start + size], "little")


def _rotate(value: int, by: int) -> int:
    value &= _MASK
    return (value >> by | value << (64 - by)) & _MASK


def _fold(value: int) -> int:
    value &= _MASK
    return value ^ value >> 47


def _mix(a: int, b: int, multiplier: int) -> int:
    """Hashes two words to one, after Murmur."""
    first = _fold(((a ^ b) & _MASK) * multiplier)
    return _fold(((b & _MASK) ^ first) * multiplier) * multiplier & _MASK


def _up_to_16(text: bytes) -> int:
    size = len(text)
    if size >= 8:
        multiplier = _K2 + 2 * size
        a, b = _word(text, 0) + _K2, _word(text, -8)
        return _mix(_rotate(b, 37) * multiplier + a, (_rotate(a, 25) + b) * multiplier, multiplier)
    if size >= 4:
        return _mix(size + (_word(text, 0, 4) << 3), _word(text, -4, 4), _K2 + 2 * size)
    if size > 0:
        head = text[0] + (text[size // 2] << 8)
        tail = size + (text[-1] << 2)
        return _fold(head * _K2 ^ tail * _K0) * _K2 & _MASK
    return _K2


def _up_to_32(text: bytes) -> int:
    multiplier = _K2 + 2 * len(text)
    a, b = _word(text, 0) * _K1, _word(text, 8)
    c, d = _word(text, -8) * multiplier, _word(text, -16) * _K2
    return _mix(_rotate(a + b, 43) + _rotate(c, 30) + d, a + _rotate(b + _K2, 18) + c, multiplier)


def _up_to_64(text: bytes) -> int:
    multiplier = _K2 + 2 * len(text)
    a, b = _word(text, 0) * _K2, _word(text, 8)
    c, d = _word(text, -8) * multiplier, _word(text, -16) * _K2
    y = _rotate(a + b, 43) + _rotate(c, 30) + d
    z = _mix(y, a + _rotate(b + _K2, 18) + c, multiplier)
    e, f = _word(text, 16) * multiplier, _word(text, 24)
    g, h = (y + _word(text, -32)) * multiplier, (z + _word(text, -24)) * multiplier
    return _mix(_rotate(e + f, 43) + _rotate(g, 30) + h, e + _rotate(f + a, 18) + g, multiplier)


def _longer(text: bytes) -> int:
    x, y = 81, 81 * _K1 + 113
    z = _fold(y * _K2 + 113) * _K2
    v, w = (0, 0), (0, 0)
    x = x * _K2 + _word(text, 0)
    # Whole blocks of 64 bytes, then the last 64, which overlap the block before.
    for start in range(0, (len(text) - 1) // 64 * 64, 64):
        x, y, z, v, w = _block(text, start, x, y, z, v, w, _K1, 1)
    multiplier = _K1 + ((z & 0xFF) << 1)
    w = (w[0] + ((len(text) - 1) & 63), w[1])
    v = (v[0] + w[0], v[1])
    w = (w[0] + v[0], w[1])
    x, y, z, v, w = _block(text, len(text) - 64, x, y, z, v, w, multiplier, 9)
    return _mix(
        _mix(v[0], w[0], multiplier) + _fold(y) * _K0 + z,
        _mix(v[1], w[1], multiplier) + x,
        multiplier,
    )


_Pair = tuple[int, int]


def _block(
    text: bytes, start: int, x: int, y: int, z: int, v: _Pair, w: _Pair, multiplier: int, weight: int
) -> tuple[int, int, int, _Pair, _Pair]:
    """Takes 64 bytes into the state; `weight` is 9 for the last block, else 1."""
    x = _rotate(x + y + v[0] + _word(text, start + 8), 37) * multiplier
    y = _rotate(y + v[1] + _word(text, start + 48), 42) * multiplier
    x = (x ^ w[1] * weight) & _MASK
    y = (y + v[0] * weight + _word(text, start + 40)) & _MASK
    z = _rotate(z + w[0], 33) * multiplier & _MASK
    v = _weak(text, start, v[1] * multiplier, x + w[0])
    w = _weak(text, start + 32, z + w[1], y + _word(text, start + 16))
    return z, y, x, v, w


def _weak(text: bytes, start: int, a: int, b: int) -> _Pair:
    """Hashes 32 bytes to two words, quickly, with two seeds."""
    first, second, third, fourth = (_word(text, start + at) for at in (0, 8, 16, 24))
    a += first
    b = _rotate(b + a + fourth, 21)
    c = a
    a += second + third
    b += _rotate(a, 44)
    return (a + fourth) & _MASK, (b + c) & _MASK

"""The regularised lower incomplete gamma function P(a, x), to 1e-12 absolute for every a > 0.

Three ways, each where it is quick and exact (P turns from 0 to 1 where x is near a):

- a ≥ 10,000: Temme's uniform expansion, whose work does not grow with a;
- x < a + 1: the power series; x ≥ a + 1: the continued fraction of Q = 1 - P. Both need some
  multiple of √a terms.

Sources: N. M. Temme, "The asymptotic expansion of the incomplete gamma functions" (1979), as in
DLMF 8.12; series and fraction DLMF 8.11.4 and 8.9.2; coefficients after DiDonato and Morris (1986).
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Final

UNIFORM_FROM: Final = 10_000.0
"""The a from which the uniform expansion is used: there its four terms leave less than 1e-16."""
STIRLING_FROM: Final = 16.0
TERMS_MAX: Final = 5_000
"""Below `UNIFORM_FROM` a tenth of them is enough; a bound, so that no input can loop on."""
EPSILON: Final = 1e-17
EXPONENT_MAX: Final = 50.0
"""e^-50 is below 1e-21: P is 0 or 1."""


def lower_gamma(a: float, x: float) -> float:
    """P(a, x) for a > 0 and x ≥ 0, both without unit; in [0, 1]."""
    if x <= 0:
        return 0.0
    if math.isinf(x):
        return 1.0
    if a >= UNIFORM_FROM:
        value = _uniform(a, x)
    elif x < a + 1:
        value = _prefactor(a, x) * _series(a, x)
    else:
        value = 1.0 - a * _prefactor(a, x) * _fraction(a, x)
    return min(max(value, 0.0), 1.0)


def _series(a: float, x: float) -> float:
    """1 + x/(a+1) + x²/((a+1)(a+2)) + …"""
    total = term = 1.0
    for k in range(1, TERMS_MAX):
        term *= x / (a + k)
        total += term
        if term < total * EPSILON:
            break
    return total


def _fraction(a: float, x: float) -> float:
    """1/(x+1-a - 1(1-a)/(x+3-a - 2(2-a)/(x+5-a - …))), by Lentz's method."""
    tiny = 1e-300
    below = x + 1.0 - a
    c = 1.0 / tiny
    d = 1.0 / below
    value = d
    for k in range(1, TERMS_MAX):
        factor = -k * (k - a)
        below += 2.0
        d = factor * d + below
        d = 1.0 / (d if d else tiny)
        c = below + factor / c or tiny
        value *= c * d
        if abs(c * d - 1.0) < 1e-16:
            break
    return value


def _prefactor(a: float, x: float) -> float:
    """x^a e^-x / Γ(a+1), by Stirling's series where a is large, so that no digits are lost."""
    if a < STIRLING_FROM:
        return math.exp(a * math.log(x) - x - math.lgamma(a + 1.0))
    return math.exp(-a * _half_eta_squared(a, x) - _stirling_rest(a)) / math.sqrt(math.tau * a)


def _stirling_rest(a: float) -> float:
    """ln Γ(a+1) - (a ln a - a + ½ ln 2πa)."""
    b = 1.0 / (a * a)
    return (1 / 12 - b * (1 / 360 - b * (1 / 1260 - b * (1 / 1680 - b / 1188)))) / a


def _half_eta_squared(a: float, x: float) -> float:
    """η²/2 = λ - 1 - ln λ with λ = x/a: 0 at x = a, and without cancellation near it."""
    mu = (x - a) / a
    if abs(mu) > 0.5:
        return mu - (math.log(x) - math.log(a))
    # ln(1+μ) = 2 atanh s with s = μ/(2+μ), and μ - 2s = μs.
    s = mu / (2.0 + mu)
    square = s * s
    rest = sum(square**k / (2 * k + 3) for k in range(18, -1, -1))
    return s * (mu - 2.0 * square * rest)


def _uniform(a: float, x: float) -> float:
    """½ erfc(-η √(a/2)) - e^(-aη²/2) / √(2πa) · Σ_k C_k(η) / a^k, η with the sign of x - a."""
    exponent = a * _half_eta_squared(a, x)
    if exponent > EXPONENT_MAX:
        return 0.0 if x < a else 1.0
    eta = math.copysign(math.sqrt(2.0 * exponent / a), x - a)
    correction = 0.0
    for coefficients in reversed(_TEMME):
        inner = 0.0
        for coefficient in reversed(coefficients):
            inner = inner * eta + coefficient
        correction = correction / a + inner
    normal = 0.5 * math.erfc(-math.copysign(math.sqrt(exponent), x - a))
    return normal - math.exp(-exponent) / math.sqrt(math.tau * a) * correction


def _temme_coefficients(orders: int, powers: int) -> tuple[tuple[float, ...], ...]:
    """The power series of C_0 … in η: row k has the coefficients of η⁰, η¹, … of C_k.

    With λ - 1 = Σ A_n η^n (A_1 = 1): C_0 = 1/(λ-1) - 1/η has d_(0,0) = -1/3 and
    d_(0,n) = (n+2) A_(n+2); d_(k,n) = (-1)^k g_k d_(0,n) + (n+2) d_(k-1,n+2), where
    g_k = 1·3·…·(2k+1) A_(2k+1) are the coefficients of Stirling's series of Γ.
    """
    count = powers + 2 * orders + 3
    alpha = [Fraction(0), Fraction(1)]
    for n in range(2, count):
        known = sum((j * alpha[j] * alpha[n + 1 - j] for j in range(2, n)), Fraction(0))
        alpha.append((alpha[n - 1] - known) / (n + 1))
    first = [Fraction(-1, 3)] + [(n + 2) * alpha[n + 2] for n in range(1, count - 2)]
    rows = [first]
    odd_product = 1
    for k in range(1, orders):
        odd_product *= 2 * k + 1
        g = odd_product * alpha[2 * k + 1]
        last = rows[-1]
        rows.append(
            [(-1) ** k * g * first[n] + (n + 2) * last[n + 2] for n in range(len(last) - 2)]
        )
    return tuple(tuple(float(value) for value in row[:powers]) for row in rows)


_TEMME: Final = _temme_coefficients(orders=4, powers=10)

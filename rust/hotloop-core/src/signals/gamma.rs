//! The regularised lower incomplete gamma function P(a, x): how likely a sum of `a` waiting times of
//! mean 1 is over by x.
//!
//! Three ways, each where it is good: the power series below the middle, the continued fraction
//! above it, and for large `a` Temme's uniform expansion, whose cost does not grow with `a`.
//! Source: NIST Digital Library of Mathematical Functions, 8.7, 8.9, 8.12.

use std::f64::consts::PI;

/// From this `a` on the expansion is exact to a double, and the other two take too many steps.
const LARGE: f64 = 10_000.0;
/// Terms that no longer change a sum of double precision.
const SMALL: f64 = 1e-17;
/// Steps of series and fraction: below `LARGE` they need some 900.
const STEPS_MAX: u32 = 5_000;
/// Stands for 0 where Lentz's method divides.
const TINY: f64 = 1e-300;
/// Beyond this exponent the lesser of P and 1 − P is below 1e-26.
const EXPONENT_MAX: f64 = 60.0;

/// P(a, x) for `a` above 0 and `x` of 0 or more, to 1e-12 or better.
pub(crate) fn lower_regularised(a: f64, x: f64) -> f64 {
    debug_assert!(a > 0.0 && x >= 0.0, "P({a}, {x})");
    if x <= 0.0 {
        return 0.0;
    }
    let p = if a >= LARGE {
        uniform(a, x)
    } else if x < a + 1.0 {
        series(a, x)
    } else {
        1.0 - fraction(a, x)
    };
    p.clamp(0.0, 1.0)
}

/// λ − 1 − ln λ for λ = 1 + d, without losing digits about d = 0.
fn distance(d: f64) -> f64 {
    if d.abs() > 0.1 {
        return d - d.ln_1p();
    }
    // d²/2 − d³/3 + d⁴/4 …: sixteen terms are enough for a tenth.
    let mut sum = 0.0;
    let mut k = 17.0;
    while k >= 2.0 {
        sum = 1.0 / k - d * sum;
        k -= 1.0;
    }
    sum * d * d
}

/// ln of Γ(a + 1) / (√(2πa) (a/e)^a), for `a` of 16 or more (Stirling's series).
fn stirling(a: f64) -> f64 {
    let r = 1.0 / (a * a);
    (1.0 / 12.0 - r * (1.0 / 360.0 - r * (1.0 / 1_260.0 - r * (1.0 / 1_680.0 - r / 1_188.0)))) / a
}

/// x^a e^−x / Γ(a + 1): the density both series and fraction multiply.
fn density(a: f64, x: f64) -> f64 {
    if a >= 16.0 {
        return (-a * distance((x - a) / a) - stirling(a)).exp() / (2.0 * PI * a).sqrt();
    }
    // Γ(a + 1) from Γ(z + 1) with z = a + m of 16 or more.
    let (mut z, mut product) = (a, 1.0);
    while z < 16.0 {
        z += 1.0;
        product *= z;
    }
    let ln_gamma = (z + 0.5) * z.ln() - z + 0.5 * (2.0 * PI).ln() + stirling(z);
    (a * x.ln() - x - ln_gamma).exp() * product
}

fn series(a: f64, x: f64) -> f64 {
    let (mut term, mut sum, mut k) = (1.0, 1.0, a);
    for _ in 0..STEPS_MAX {
        k += 1.0;
        term *= x / k;
        sum += term;
        if term < sum * SMALL {
            break;
        }
    }
    density(a, x) * sum
}

/// 1 − P by Legendre's continued fraction, evaluated after Lentz.
fn fraction(a: f64, x: f64) -> f64 {
    let nonzero = |x: f64| if x.abs() < TINY { TINY } else { x };
    let mut term = x + 1.0 - a;
    let mut above = 1.0 / TINY;
    let mut below = 1.0 / term;
    let mut value = below;
    let mut k = 0.0;
    for _ in 0..STEPS_MAX {
        k += 1.0;
        let numerator = -k * (k - a);
        term += 2.0;
        below = 1.0 / nonzero(numerator * below + term);
        above = nonzero(term + numerator / above);
        let step = below * above;
        value *= step;
        if (step - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    density(a, x) * a * value
}

/// Temme's expansion with its first two coefficients; the third is below 1e-15 from `LARGE` on.
fn uniform(a: f64, x: f64) -> f64 {
    const C0: [f64; 7] = [
        -1.0 / 3.0,
        1.0 / 12.0,
        -2.0 / 135.0,
        1.0 / 864.0,
        1.0 / 2_835.0,
        -139.0 / 777_600.0,
        1.0 / 25_515.0,
    ];
    const C1: [f64; 3] = [-1.0 / 540.0, -1.0 / 288.0, 1.0 / 378.0];
    let d = (x - a) / a;
    let half_square = distance(d);
    let exponent = a * half_square;
    if exponent > EXPONENT_MAX {
        return if d > 0.0 { 1.0 } else { 0.0 };
    }
    let eta = (2.0 * half_square).sqrt().copysign(d);
    let rest = (polynomial(&C0, eta) + polynomial(&C1, eta) / a) * (-exponent).exp() / (2.0 * PI * a).sqrt();
    0.5 * libm::erfc(-eta * (a / 2.0).sqrt()) - rest
}

fn polynomial(coefficients: &[f64], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Points with values worked out to 30 digits by another program; both languages read them.
    #[test]
    fn agrees_with_the_shared_points() {
        let points: Vec<[f64; 3]> =
            serde_json::from_str(include_str!("../../../../tests/parity/gamma_vectors.json")).unwrap();
        assert!(points.len() > 100, "{} points", points.len());
        for [a, x, wanted] in points {
            let p = lower_regularised(a, x);
            assert!((p - wanted).abs() < 1e-12, "P({a}, {x}) = {p}, not {wanted}");
        }
    }

    #[test]
    fn one_event_is_exponential() {
        for x in [0.0, 1e-9, 0.3, 1.0, 2.5, 40.0] {
            let p = lower_regularised(1.0, x);
            assert!((p + (-x).exp_m1()).abs() < 1e-14, "{x}: {p}");
        }
    }

    /// Of design: n = 10, μT = 3 is 0.001 where one exponential time would say 0.26.
    #[test]
    fn ten_events_in_the_time_of_three_are_rare() {
        assert!((lower_regularised(10.0, 3.0) - 0.001_102_488).abs() < 1e-8);
    }

    proptest! {
        #[test]
        fn the_ways_meet(a in 1e-3_f64..20_000.0, z in -8.0_f64..8.0) {
            let x = (a + z * a.sqrt()).max(0.0);
            let p = lower_regularised(a, x);
            prop_assert!((0.0..=1.0).contains(&p));
            // Rising with x, falling with a, wherever one way hands over to another.
            prop_assert!(lower_regularised(a, x * 1.000_001 + 1e-9) >= p - 1e-12);
            prop_assert!(lower_regularised(a * 1.000_001, x) <= p + 1e-12);
        }
    }
}

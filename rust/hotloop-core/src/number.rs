//! JSON numbers as what they are read for: integers, doubles, hundredths.

use crate::fault::{Fault, Read};
use crate::ladder::{Centi, hundredths};

/// Mantissas up to here are exact through the integer path (see `Number::centi`).
const MANTISSA_EXACT_MAX: u64 = 1 << 50;
/// Largest plain number accepted, so that its hundredths fit an `i64` with room to spare.
const NUMBER_MAX: f64 = 9_007_199_254_740_992.0;

/// One number as it stands in the text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Number<'a> {
    /// All of it.
    pub text: &'a str,
    /// Byte where it begins.
    pub offset: usize,
    pub negative: bool,
    /// All digits as one integer; meaningful while `exact`.
    pub mantissa: u64,
    /// Digits after the point.
    pub decimals: usize,
    /// Neither point nor exponent: an integer to JSON readers that tell the two apart.
    pub integer: bool,
    /// No exponent, and few enough digits that `mantissa` holds them.
    pub exact: bool,
}

impl Number<'_> {
    /// The value as an integer; numbers written with a point or an exponent are not integers.
    pub(crate) fn int(self) -> Read<i64> {
        if !self.integer {
            return Err(Fault::new(self.offset, "is not an integer"));
        }
        self.text
            .parse()
            .map_err(|_| Fault::new(self.offset, "is not a 64-bit integer"))
    }

    /// The value as the nearest double.
    pub(crate) fn float(self) -> Read<f64> {
        let value: f64 = self
            .text
            .parse()
            .map_err(|_| Fault::new(self.offset, "is not a number"))?;
        if value.abs() > NUMBER_MAX {
            return Err(Fault::new(self.offset, "is out of range"));
        }
        Ok(value)
    }

    /// Hundredths: nearest to the double `value * 100`, a half away from zero; integers are exact.
    ///
    /// Up to two decimals the digits are the answer, with no detour through a double.
    pub(crate) fn centi(self) -> Read<Centi> {
        if self.exact && self.decimals <= 2 && self.mantissa <= MANTISSA_EXACT_MAX {
            const SCALE: [i64; 3] = [100, 10, 1];
            let centi = self.mantissa.cast_signed() * SCALE[self.decimals];
            return Ok(if self.negative { -centi } else { centi });
        }
        let value = self.float()?;
        if self.integer {
            return Ok(self.int()? * 100);
        }
        Ok(hundredths(value))
    }

    /// Hundredths of a number that may be negative, within the same bounds as [`Self::float`].
    pub(crate) fn plain_centi(self) -> Read<Centi> {
        self.float()?;
        self.centi()
    }

    /// Hundredths of a price or size: 0 to `max`, nothing negative (`-0.0` is 0).
    pub(crate) fn centi_up_to(self, max: Centi) -> Read<Centi> {
        let centi = self.centi()?;
        let below_zero = self.negative && (centi != 0 || self.float()? != 0.0);
        if below_zero || centi > max {
            return Err(Fault::new(self.offset, "is out of range"));
        }
        Ok(centi)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::json::Reader;

    fn centi(text: &str) -> Read<Centi> {
        Reader::new(text).number()?.centi()
    }

    #[test]
    fn hundredths_are_the_nearest_with_halves_away_from_zero() {
        for (text, wanted) in [
            ("1.01", 101),
            ("20", 2_000),
            ("8.879999999999999", 888),
            ("0.125", 13),
            ("-0.125", -13),
            ("-3.75", -375),
            ("1e2", 10_000),
            ("1.005", 100), // the double 1.005 * 100 is just below 100.5
            ("70.1621307023403", 7_016),
            ("123456789012345", 12_345_678_901_234_500),
            ("-0.0", 0),
        ] {
            assert_eq!(centi(text), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn a_negative_price_is_out_of_range_however_small() {
        for text in ["-0.001", "-1", "-1e-300", "10.01"] {
            let number = Reader::new(text).number().unwrap();
            assert_eq!(
                number.centi_up_to(1_000).unwrap_err().reason(),
                "is out of range",
                "{text}"
            );
        }
        assert_eq!(Reader::new("-0").number().unwrap().centi_up_to(1_000), Ok(0));
    }

    #[test]
    fn integers_are_written_without_point_or_exponent() {
        let int = |text| Reader::new(text).number().unwrap().int();
        assert_eq!(int("-9223372036854775808"), Ok(i64::MIN));
        for text in ["1.0", "1e3", "9223372036854775808"] {
            assert!(int(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn two_decimals_are_exact(whole in 0_u64..10_000_000_000, cents in 0_u64..100) {
            let wanted = i64::try_from(whole * 100 + cents).unwrap();
            prop_assert_eq!(centi(&format!("{whole}.{cents:02}")), Ok(wanted));
        }
    }
}

//! The one way a message is written (clause C1), and helpers for reading one exactly.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::cut;

/// Writes a message with its keys sorted: the fields before `type`, `type` itself, and those after it.
///
/// The vectors prove the order; a field out of place fails `accept_*` of its type.
macro_rules! canonical {
    ($name:ident, $tag:literal, [$($before:ident),*], [$($after:ident),*]) => {
        impl $name {
            /// The `type` of this message.
            pub const TYPE: &'static str = $tag;
            /// The fields it is written with, in their order.
            pub const FIELDS: &'static [&'static str] =
                &[$(stringify!($before),)* "type", $(stringify!($after),)*];
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeStruct;
                let mut out = serializer.serialize_struct($tag, Self::FIELDS.len())?;
                $(out.serialize_field(stringify!($before), &self.$before)?;)*
                out.serialize_field("type", $tag)?;
                $(out.serialize_field(stringify!($after), &self.$after)?;)*
                out.end()
            }
        }
    };
}
pub(crate) use canonical;

/// Reads a field that must be there but may be null (C5); serde's own `Option` lets it be left out.
pub(crate) fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    input: D,
) -> Result<Option<T>, D::Error> {
    Option::deserialize(input)
}

/// Reads a decimal as the double nearest to its text (C4); serde's own reading may be one off in the last place.
pub(crate) fn decimal<'de, D: Deserializer<'de>>(input: D) -> Result<f64, D::Error> {
    let text = <&RawValue>::deserialize(input)?.get();
    // The text is JSON already, so what begins like a number is one. −0 without a point is none of either kind.
    if text != "-0" && text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        return text.parse().map_err(D::Error::custom);
    }
    Err(D::Error::custom("a decimal was expected"))
}

/// Reads a decimal that must be there but may be null.
pub(crate) fn nullable_decimal<'de, D: Deserializer<'de>>(input: D) -> Result<Option<f64>, D::Error> {
    Ok(Option::<Decimal>::deserialize(input)?.map(|decimal| decimal.0))
}

struct Decimal(f64);

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        decimal(input).map(Self)
    }
}

/// Reads one object; serde's derived structs would take an array of the fields, too.
pub(crate) fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(input: D) -> Result<T, D::Error> {
    Object::deserialize(input).map(|object| object.0)
}

/// Reads a list of objects.
pub(crate) fn objects<'de, D: Deserializer<'de>, T: Deserialize<'de>>(input: D) -> Result<Vec<T>, D::Error> {
    let list = Vec::<Object<T>>::deserialize(input)?;
    Ok(list.into_iter().map(|object| object.0).collect())
}

/// Reads a map that gives each key once (C6); serde's own maps take the last of repeated ones.
pub(crate) fn unique<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    input: D,
) -> Result<BTreeMap<String, T>, D::Error> {
    input.deserialize_map(UniqueVisitor(PhantomData))
}

struct UniqueVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for UniqueVisitor<T> {
    type Value = BTreeMap<String, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut map = BTreeMap::new();
        while let Some((key, value)) = entries.next_entry::<String, T>()? {
            if map.contains_key(&key) {
                return Err(A::Error::custom(format_args!("duplicate key {:?}", cut(&key))));
            }
            map.insert(key, value);
        }
        Ok(map)
    }
}

/// True if an escape is half of a surrogate pair (C2). The parser does not look into the texts it skips.
pub(crate) fn lone_surrogate(body: &str) -> bool {
    let mut rest = body;
    while let Some((_, escape)) = rest.split_once('\\') {
        rest = match code_unit(escape) {
            Some((0xd800..=0xdbff, after)) => match after.strip_prefix('\\').and_then(code_unit) {
                Some((0xdc00..=0xdfff, after)) => after,
                _ => return true,
            },
            Some((0xdc00..=0xdfff, _)) => return true,
            // The character after a backslash may be one itself.
            _ => escape.strip_prefix(|_: char| true).unwrap_or(escape),
        };
    }
    false
}

/// The code unit of an escape `uXXXX`, and what comes after it.
fn code_unit(escape: &str) -> Option<(u16, &str)> {
    let (digits, after) = escape.strip_prefix('u')?.split_at_checked(4)?;
    Some((u16::from_str_radix(digits, 16).ok()?, after))
}

struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

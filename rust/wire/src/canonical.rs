//! The one way a message is written (clause C1), and helpers for reading one exactly.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Writes a message with its keys sorted: the fields before `type`, `type` itself, and those after it.
///
/// The vectors prove the order; a field out of place fails `accept_*` of its type.
macro_rules! canonical {
    ($name:ident, $tag:literal, [$($before:ident),*], [$($after:ident),*]) => {
        impl $name {
            /// The `type` of this message.
            pub const TYPE: &'static str = $tag;
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeStruct;
                const FIELDS: &[&str] = &[$(stringify!($before),)* "type", $(stringify!($after),)*];
                let mut out = serializer.serialize_struct($tag, FIELDS.len())?;
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
    // The text is JSON already, so what begins like a number is one.
    if text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
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

//! DISTANCE, in select lists, conditions and sort keys.

use ferroforce_soql::ast::{Coordinate, DistanceCall, Geolocation};

use super::Compiler;
use super::names::quoted;
use super::operand::{Kind, Operand};
use crate::error::ApiError;

const KILOMETRES_PER_MILE: &str = "1.609344";

impl<'a> Compiler<'a> {
    /// How far a location is from a place; null if half of the location is.
    pub(super) fn distance(&mut self, call: &DistanceCall) -> Result<Operand<'a>, ApiError> {
        let source = self.source;
        let wrong = |message: &str| source.at(call.span, "MALFORMED_QUERY", message);
        if self.groups.is_some() {
            return Err(ApiError::unsupported("DISTANCE with GROUP BY"));
        }
        let scale = match call.unit.to_ascii_lowercase().as_str() {
            "km" => String::new(),
            "mi" => format!(" / {KILOMETRES_PER_MILE}"),
            _ => return Err(wrong("DISTANCE takes the unit 'mi' or 'km'")),
        };
        let Geolocation::Point {
            latitude,
            longitude,
        } = &call.to
        else {
            return Err(ApiError::unsupported("bind variables"));
        };
        let (latitude, longitude) = (degrees(latitude)?, degrees(longitude)?);
        if !(-90.0..=90.0).contains(&latitude) || !(-180.0..=180.0).contains(&longitude) {
            return Err(wrong(
                "A latitude must be from -90 to 90, and a longitude from -180 to 180",
            ));
        }
        let field = self.operand(&call.field)?;
        if !matches!(field.kind, Kind::Location | Kind::Address) {
            return Err(wrong("DISTANCE takes a location field first"));
        }
        let table = self.tables.get(field.table);
        let part = |name: &str| {
            let fields = &table.object()?.fields;
            let part = fields.iter().find(|part| {
                part.compound_field_name.as_deref() == Some(&*field.name)
                    && (part.name.ends_with(name) || part.name.ends_with(&format!("{name}__s")))
            })?;
            Some(format!("{}.{}", table.alias, quoted(&part.name)))
        };
        let (Some(north), Some(east)) = (part("Latitude"), part("Longitude")) else {
            return Err(ApiError::unsupported(
                "DISTANCE of a location without coordinates",
            ));
        };
        let sql = format!("(distance_km({north}, {east}, {latitude:?}, {longitude:?}){scale})");
        Ok(Operand {
            table: 0,
            name: "DISTANCE".to_owned(),
            key: sql.clone(),
            value: sql,
            kind: Kind::Double,
            field: None,
        })
    }
}

fn degrees(coordinate: &Coordinate) -> Result<f64, ApiError> {
    match coordinate {
        Coordinate::Number(number) => Ok(number.as_f64()),
        _ => Err(ApiError::unsupported("bind variables")),
    }
}

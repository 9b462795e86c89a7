//! Fields that are made of several.

use serde::Deserialize;

/// The value of a compound address, `MailingAddress` for example. Salesforce gives it
/// out and does not take it: what is written are its parts, such as `MailingCity`.
///
/// ```
/// use ferroforce::types::Address;
///
/// let address: Address = serde_json::from_str(
///     r#"{"city":"London","country":"UK","geocodeAccuracy":null,"latitude":null,
///         "longitude":null,"postalCode":"W1","state":null,"street":"12 St James's Sq"}"#,
/// )?;
/// assert_eq!(address.city.as_deref(), Some("London"));
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// <https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/compound_fields_address.htm>
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Address {
    /// The street, with line breaks.
    pub street: Option<String>,
    /// The city.
    pub city: Option<String>,
    /// The state or province.
    pub state: Option<String>,
    /// Its code, where the org has picklists of states and countries.
    pub state_code: Option<String>,
    /// The postal code.
    pub postal_code: Option<String>,
    /// The country.
    pub country: Option<String>,
    /// Its code, where the org has picklists of states and countries.
    pub country_code: Option<String>,
    /// Degrees north.
    pub latitude: Option<f64>,
    /// Degrees east.
    pub longitude: Option<f64>,
    /// How sure latitude and longitude are: `Address`, `Street`, `City` and others.
    pub geocode_accuracy: Option<String>,
}

/// The value of a geolocation field. Salesforce gives it out and does not take it: what
/// is written are `Name__Latitude__s` and `Name__Longitude__s`.
///
/// <https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/compound_fields_geolocation.htm>
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Geolocation {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_may_be_null_missing_or_new() {
        let json = r#"{"city":"Z\u00fcrich","countryCode":"CH","latitude":47.4,"moon":1}"#;
        let address: Address = serde_json::from_str(json).unwrap();
        let expected = Address {
            city: Some("Zürich".into()),
            country_code: Some("CH".into()),
            latitude: Some(47.4),
            ..Address::default()
        };
        assert_eq!(address, expected);
        assert!(
            serde_json::from_str::<Option<Address>>("null")
                .unwrap()
                .is_none()
        );
        assert!(serde_json::from_str::<Address>(r#"{"city":1}"#).is_err());
    }

    #[test]
    fn a_geolocation_has_both_parts() {
        let json = r#"{"latitude":37.775,"longitude":-122.418}"#;
        let place: Geolocation = serde_json::from_str(json).unwrap();
        assert_eq!((place.latitude, place.longitude), (37.775, -122.418));
        assert!(serde_json::from_str::<Geolocation>(r#"{"latitude":37.775}"#).is_err());
    }
}

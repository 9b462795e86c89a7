use http::HeaderMap;
use http::header::HeaderName;

static LIMIT_INFO: HeaderName = HeaderName::from_static("sforce-limit-info");

/// How much of its daily API calls an org has used, as the last answer said
/// (`Sforce-Limit-Info`).
///
/// The number may lag behind, and in paid production orgs it may stand above
/// the limit, which is a soft one there.
///
/// <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/headers_api_usage.htm>
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiUsage {
    /// Calls of the last 24 hours.
    pub consumed: u64,
    /// Calls that the org may make in 24 hours.
    pub limit: u64,
    /// The same for the connected app, where it has a quota of its own.
    pub app: Option<AppUsage>,
}

/// The part of an [`ApiUsage`] that one app has used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AppUsage {
    /// The app's name.
    pub name: String,
    /// Its calls of the last 24 hours.
    pub consumed: u64,
    /// Calls that it may make in 24 hours.
    pub limit: u64,
}

impl ApiUsage {
    /// Calls that are left; 0 when the org is over its limit.
    pub fn remaining(&self) -> u64 {
        self.limit.saturating_sub(self.consumed)
    }

    pub(crate) fn from_headers(headers: &HeaderMap) -> Option<Self> {
        Self::parse(headers.get(&LIMIT_INFO)?.to_str().ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut usage = None;
        let mut app = None;
        for part in text.split(';') {
            match part.trim().split_once('=') {
                Some(("api-usage", value)) => usage = Some(fraction(value)?),
                Some(("per-app-api-usage", value)) => app = app_usage(value),
                _ => {}
            }
        }
        let (consumed, limit) = usage?;
        Some(Self {
            consumed,
            limit,
            app,
        })
    }
}

impl AppUsage {
    /// Calls that are left to the app.
    pub fn remaining(&self) -> u64 {
        self.limit.saturating_sub(self.consumed)
    }
}

fn fraction(text: &str) -> Option<(u64, u64)> {
    let (consumed, limit) = text.trim().split_once('/')?;
    Some((consumed.parse().ok()?, limit.parse().ok()?))
}

/// `17/250(appName=sample-connected-app)`
fn app_usage(text: &str) -> Option<AppUsage> {
    let (numbers, name) = text.split_once('(')?;
    let (consumed, limit) = fraction(numbers)?;
    let name = name.strip_suffix(')').unwrap_or(name);
    Some(AppUsage {
        name: name.strip_prefix("appName=").unwrap_or(name).to_owned(),
        consumed,
        limit,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_forms() {
        let plain = ApiUsage::parse("api-usage=18/5000").unwrap();
        assert_eq!(
            (plain.consumed, plain.limit, plain.remaining()),
            (18, 5000, 4982)
        );
        let app =
            ApiUsage::parse("api-usage=18/5000; per-app-api-usage=17/250(appName=my app)").unwrap();
        assert_eq!(app.consumed, 18);
        let app = app.app.unwrap();
        assert_eq!(
            (app.name.as_str(), app.consumed, app.remaining()),
            ("my app", 17, 233)
        );
    }

    #[test]
    fn a_soft_limit_may_be_exceeded() {
        let usage = ApiUsage::parse("api-usage=120/100").unwrap();
        assert_eq!(usage.remaining(), 0);
    }

    #[test]
    fn absurd_headers_are_ignored() {
        for text in [
            "",
            "api-usage",
            "api-usage=1",
            "api-usage=-1/5",
            "api-usage=99999999999999999999/1",
            "x=1/2",
            "api-usage=1/2/3",
        ] {
            assert_eq!(ApiUsage::parse(text), None, "{text}");
        }
        assert!(
            ApiUsage::parse("api-usage=1/2; per-app-api-usage=(")
                .unwrap()
                .app
                .is_none()
        );
    }
}

//! The people and programs that may sign in.

use serde::Deserialize;

use super::secret::Secret;

/// A user of the org.
///
/// In a seed file a user is a table; every key but `username` has a default:
///
/// | key | default |
/// |---|---|
/// | `username` | required; unique, letter case is ignored |
/// | `password`, `security_token` | random |
/// | `id` | the next free user id |
/// | `email` | the username |
/// | `first_name`, `last_name` | none, the part of the username before `@` |
/// | `profile` | none; the name of a [`Profile`](crate::Profile) |
/// | `profile_id`, `role_id` | that of `profile` or the administrator's, none |
/// | `language`, `locale`, `time_zone` | `en_US`, `en_US`, `America/Los_Angeles` |
/// | `active`, `api_enabled` | true |
/// | `password_expired` | false |
///
/// ```
/// let user = ferroforce_org::User::new("ada@example.com").password("Analytical1").security_token("");
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct User {
    pub(crate) username: String,
    #[serde(default = "User::random_password")]
    pub(crate) password: Secret,
    #[serde(default = "User::random_token")]
    pub(crate) security_token: Secret,
    pub(crate) id: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) profile: Option<String>,
    pub(crate) profile_id: Option<String>,
    pub(crate) role_id: Option<String>,
    #[serde(default = "User::american_english")]
    pub(crate) language: String,
    #[serde(default = "User::american_english")]
    pub(crate) locale: String,
    #[serde(default = "User::default_time_zone")]
    pub(crate) time_zone: String,
    #[serde(default = "yes")]
    pub(crate) active: bool,
    #[serde(default = "yes")]
    pub(crate) api_enabled: bool,
    #[serde(default)]
    pub(crate) password_expired: bool,
}

fn yes() -> bool {
    true
}

impl User {
    /// A user with a random password and security token and the defaults of the table above.
    pub fn new(username: impl Into<String>) -> Self {
        Self {
            username: username.into(),
            password: Self::random_password(),
            security_token: Self::random_token(),
            id: None,
            email: None,
            first_name: None,
            last_name: None,
            profile: None,
            profile_id: None,
            role_id: None,
            language: Self::american_english(),
            locale: Self::american_english(),
            time_zone: Self::default_time_zone(),
            active: true,
            api_enabled: true,
            password_expired: false,
        }
    }

    /// Sets the password.
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Secret::from(password);
        self
    }

    /// Sets the security token that is appended to the password; an empty one is none.
    #[must_use]
    pub fn security_token(mut self, token: impl Into<String>) -> Self {
        self.security_token = Secret::from(token);
        self
    }

    /// Sets the id: 15 or 18 characters that begin with `005`.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Sets the e-mail address.
    #[must_use]
    pub fn email(mut self, email: impl Into<String>) -> Self {
        self.email = Some(email.into());
        self
    }

    /// Sets first and last name.
    #[must_use]
    pub fn name(mut self, first: impl Into<String>, last: impl Into<String>) -> Self {
        self.first_name = Some(first.into());
        self.last_name = Some(last.into());
        self
    }

    /// Sets the profile, by its name. Default: the administrator's.
    #[must_use]
    pub fn profile(mut self, name: impl Into<String>) -> Self {
        self.profile = Some(name.into());
        self
    }

    /// Whether the user may sign in at all.
    #[must_use]
    pub fn active(mut self, active: bool) -> Self {
        self.active = active;
        self
    }

    /// Whether the user's profile allows the API.
    #[must_use]
    pub fn api_enabled(mut self, enabled: bool) -> Self {
        self.api_enabled = enabled;
        self
    }

    /// Whether the password has expired: sign-in succeeds and says so, API calls are refused.
    #[must_use]
    pub fn password_expired(mut self, expired: bool) -> Self {
        self.password_expired = expired;
        self
    }

    pub(crate) fn email_address(&self) -> &str {
        self.email.as_deref().unwrap_or(&self.username)
    }

    pub(crate) fn family_name(&self) -> &str {
        let of_username = || self.username.split('@').next().unwrap_or_default();
        self.last_name.as_deref().unwrap_or_else(of_username)
    }

    pub(crate) fn full_name(&self) -> String {
        match &self.first_name {
            Some(first) => format!("{first} {}", self.family_name()),
            None => self.family_name().to_owned(),
        }
    }

    fn random_password() -> Secret {
        Secret::random(20)
    }

    fn random_token() -> Secret {
        Secret::random(25)
    }

    fn american_english() -> String {
        "en_US".to_owned()
    }

    fn default_time_zone() -> String {
        "America/Los_Angeles".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_needs_to_say_little() {
        let user: User = toml::from_str(r#"username = "ada@example.com""#).unwrap();
        assert_eq!(
            (user.email_address(), user.full_name().as_str()),
            ("ada@example.com", "ada")
        );
        assert!(user.active && user.api_enabled && !user.password_expired);
        assert_eq!(
            (
                user.password.expose().len(),
                user.security_token.expose().len()
            ),
            (20, 25)
        );
    }

    #[test]
    fn a_seed_can_say_everything() {
        let seed = r#"
            username = "ada@example.com"
            password = "Analytical1"
            security_token = ""
            id = "005000000000001"
            email = "ada@lovelace.example"
            first_name = "Ada"
            last_name = "Byron"
            profile_id = "00e000000000001"
            role_id = "00E000000000001"
            language = "de"
            locale = "de_DE"
            time_zone = "Europe/Berlin"
            active = false
            api_enabled = false
            password_expired = true
            "#;
        let user: User = toml::from_str(seed).unwrap();
        assert_eq!(
            (user.email_address(), user.full_name().as_str()),
            ("ada@lovelace.example", "Ada Byron")
        );
        assert!(!user.active && !user.api_enabled && user.password_expired);
        assert!(!format!("{user:?}").contains("Analytical1"));
    }

    #[test]
    fn mistakes_in_a_seed_are_told() {
        for (seed, expected) in [
            ("", "username"),
            ("username = \"a\"\nmail = \"b\"", "unknown field `mail`"),
        ] {
            let error = toml::from_str::<User>(seed).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}

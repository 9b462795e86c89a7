//! Who is known to the org: its users and connected apps.

use std::sync::{Arc, PoisonError, RwLock};

use http::Uri;

use super::app::ConnectedApp;
use super::origin::is_loopback;
use super::secret::Secret;
use super::user::User;
use crate::id::RecordId;

/// Where the app of an org without apps may redirect to: the address that `sf` takes, and two
/// beside it for when its port is taken.
const DEFAULT_CALLBACK_URLS: [&str; 3] = [
    "http://localhost:1717/OauthRedirect",
    "http://localhost:1718/OauthRedirect",
    "http://localhost:1719/OauthRedirect",
];

/// A user with the ids that the org gave them.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) id: RecordId,
    pub(crate) profile_id: RecordId,
    pub(crate) user: User,
}

/// All users and apps. Users change with their records; apps do not.
#[derive(Debug)]
pub(crate) struct Directory {
    members: RwLock<Vec<Arc<Member>>>,
    /// The first user, as they were when the org started.
    first: Arc<Member>,
    apps: Vec<ConnectedApp>,
}

impl Member {
    fn is_called(&self, username: &str) -> bool {
        self.user.username.eq_ignore_ascii_case(username)
    }

    fn has_other_profile(&self, before: &Self) -> bool {
        self.id == before.id && self.profile_id != before.profile_id
    }
}

/// Users or connected apps that can't be in one org together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidDirectory {
    /// Two users have this username.
    #[error("two users have the username {0:?}")]
    DuplicateUsername(String),
    /// Two users have this id.
    #[error("two users have the id {0:?}")]
    DuplicateUserId(String),
    /// Two apps have this client id.
    #[error("two connected apps have the client id {0:?}")]
    DuplicateClientId(String),
    /// Not an id of this kind of record.
    #[error("{id:?} is not an id of 15 or 18 characters that begins with {prefix:?}")]
    InvalidId {
        /// What was given.
        id: String,
        /// The three characters that such an id begins with.
        prefix: &'static str,
    },
    /// A callback URL that is not one: it must be absolute, and `https` or to this machine.
    #[error("the callback URL {0:?} must be absolute, and https unless it is to localhost")]
    InvalidCallbackUrl(String),
    /// An app is to act as a user that there is not.
    #[error("the connected app {client_id:?} is to run as {username:?}, who is not a user")]
    UnknownRunAs {
        /// The app.
        client_id: String,
        /// The user that is missing.
        username: String,
    },
}

impl Directory {
    /// Registers users and apps. Users without id get the lowest ids that are free; without any
    /// user there is an administrator, and without any app one that acts as the first user.
    pub(crate) fn new(
        mut users: Vec<User>,
        mut apps: Vec<ConnectedApp>,
    ) -> Result<Self, InvalidDirectory> {
        if users.is_empty() {
            users.push(User::new("admin@org.example").name("Ada", "Admin"));
        }
        if apps.is_empty() {
            let app = ConnectedApp::new("3MVG9_local_org")
                .client_secret(Secret::random(64).expose())
                .client_credentials(&users[0].username)
                .callback_urls(DEFAULT_CALLBACK_URLS)
                .generated_key();
            apps.push(app);
        }
        let mut given: Vec<RecordId> = Vec::new();
        for id in users.iter().filter_map(|user| user.id.as_deref()) {
            let id = parse_id(id, "005")?;
            if given.contains(&id) {
                return Err(InvalidDirectory::DuplicateUserId(id.to_string()));
            }
            given.push(id);
        }
        let mut free = (1..)
            .map(|number| RecordId::nth(*b"005", number))
            .filter(|id| !given.contains(id));
        let mut members: Vec<Arc<Member>> = Vec::new();
        for user in users {
            if members
                .iter()
                .any(|member| member.is_called(&user.username))
            {
                return Err(InvalidDirectory::DuplicateUsername(user.username));
            }
            let id = match &user.id {
                Some(id) => Some(parse_id(id, "005")?),
                None => free.next(),
            };
            let profile_id = match &user.profile_id {
                Some(id) => parse_id(id, "00e")?,
                None => RecordId::nth(*b"00e", 1),
            };
            if let Some(id) = id {
                members.push(Arc::new(Member {
                    id,
                    profile_id,
                    user,
                }));
            }
        }
        let mut directory = Self {
            // There is one: see above.
            first: Arc::clone(&members[0]),
            members: RwLock::new(members),
            apps: Vec::new(),
        };
        for app in apps {
            if let Some(username) = &app.run_as
                && directory.by_username(username).is_none()
            {
                let (client_id, username) = (app.client_id, username.clone());
                return Err(InvalidDirectory::UnknownRunAs {
                    client_id,
                    username,
                });
            }
            if let Some(url) = app.callback_urls.iter().find(|url| !is_callback_url(url)) {
                return Err(InvalidDirectory::InvalidCallbackUrl(url.clone()));
            }
            if directory.app(&app.client_id).is_some() {
                return Err(InvalidDirectory::DuplicateClientId(app.client_id));
            }
            directory.apps.push(app);
        }
        Ok(directory)
    }

    /// Adds callback URLs to the first app.
    pub(crate) fn add_callback_urls(&mut self, urls: Vec<String>) -> Result<(), InvalidDirectory> {
        if let Some(url) = urls.iter().find(|url| !is_callback_url(url)) {
            return Err(InvalidDirectory::InvalidCallbackUrl(url.clone()));
        }
        self.apps[0].callback_urls.extend(urls);
        Ok(())
    }

    /// Whom the org's own tokens belong to, as they were when the org started.
    pub(crate) fn first_member(&self) -> &Member {
        &self.first
    }

    /// The app that the org's own tokens were issued to.
    pub(crate) fn first_app(&self) -> &ConnectedApp {
        // There is always one: see `new`.
        &self.apps[0]
    }

    pub(crate) fn members(&self) -> Vec<Arc<Member>> {
        self.members
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Replaces all users. Tells whether one of them has another profile than before.
    pub(super) fn set_members(&self, members: Vec<Arc<Member>>) -> bool {
        let mut known = self.members.write().unwrap_or_else(PoisonError::into_inner);
        let changed = known
            .iter()
            .any(|known| members.iter().any(|new| new.has_other_profile(known)));
        *known = members;
        changed
    }

    /// Adds a user, or replaces the one with the same id. Tells whether that one had another
    /// profile.
    pub(super) fn put(&self, member: Member) -> bool {
        let mut members = self.members.write().unwrap_or_else(PoisonError::into_inner);
        let known = members.iter_mut().find(|known| known.id == member.id);
        let Some(known) = known else {
            members.push(Arc::new(member));
            return false;
        };
        let changed = member.has_other_profile(known);
        *known = Arc::new(member);
        changed
    }

    /// Usernames are unique whatever their letter case.
    pub(crate) fn by_username(&self, username: &str) -> Option<Arc<Member>> {
        self.find(|member| member.is_called(username))
    }

    pub(crate) fn by_id(&self, id: RecordId) -> Option<Arc<Member>> {
        self.find(|member| member.id == id)
    }

    fn find(&self, wanted: impl Fn(&Member) -> bool) -> Option<Arc<Member>> {
        let members = self.members.read().unwrap_or_else(PoisonError::into_inner);
        members.iter().find(|member| wanted(member)).cloned()
    }

    pub(crate) fn app(&self, client_id: &str) -> Option<&ConnectedApp> {
        self.apps.iter().find(|app| app.client_id == client_id)
    }
}

/// Apps of other schemes than the web's may be called back too.
fn is_callback_url(url: &str) -> bool {
    // A fragment is not sent, and would swallow what is appended.
    if url.contains('#') {
        return false;
    }
    let Ok(url) = url.parse::<Uri>() else {
        return false;
    };
    match (url.scheme_str(), url.host()) {
        (Some("http"), Some(host)) => is_loopback(host),
        (Some(_), Some(_)) => true,
        _ => false,
    }
}

fn parse_id(id: &str, prefix: &'static str) -> Result<RecordId, InvalidDirectory> {
    match id.parse::<RecordId>() {
        Ok(id) if id.key_prefix() == prefix => Ok(id),
        _ => Err(InvalidDirectory::InvalidId {
            id: id.to_owned(),
            prefix,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_get_the_lowest_free_ids() {
        let [first, second, third] = [1, 2, 3].map(|number| RecordId::nth(*b"005", number));
        let users = vec![
            User::new("a@b.c"),
            User::new("b@b.c").id(first.short()),
            User::new("c@b.c"),
        ];
        let directory = Directory::new(users, Vec::new()).unwrap();
        let ids: Vec<_> = directory.members().iter().map(|member| member.id).collect();
        assert_eq!(ids, [second, first, third]);
        assert_eq!(directory.by_username("C@B.C").unwrap().id, third);
        assert_eq!(directory.by_id(first).unwrap().user.username, "b@b.c");
        assert!(directory.by_id(RecordId::nth(*b"005", 4)).is_none());
    }

    #[test]
    fn an_org_without_seed_has_an_administrator_and_an_app() {
        let directory = Directory::new(Vec::new(), Vec::new()).unwrap();
        let (member, app) = (directory.first_member(), directory.first_app());
        assert_eq!((directory.members().len(), directory.apps.len()), (1, 1));
        assert!(member.user.active && member.user.api_enabled);
        assert_eq!(app.run_as.as_deref(), Some(member.user.username.as_str()));
        assert!(app.generated().is_some());
        assert_eq!(app.callback_urls, DEFAULT_CALLBACK_URLS);
        let other = Directory::new(vec![User::new("ada@example.com")], Vec::new()).unwrap();
        assert_eq!(other.first_app().run_as.as_deref(), Some("ada@example.com"));
        let secret = |directory: &Directory| {
            directory
                .first_app()
                .client_secret
                .as_ref()
                .map(|secret| secret.expose().to_owned())
        };
        assert_ne!(secret(&directory), secret(&other));
    }

    #[test]
    fn callback_urls_are_https_or_local() {
        let urls = [
            "https://example.com/callback",
            "http://localhost:1717/OauthRedirect",
            "myapp://auth/done",
        ];
        let app = ConnectedApp::new("app").callback_urls(urls);
        assert!(Directory::new(Vec::new(), vec![app]).is_ok());
    }

    #[test]
    fn what_can_not_be_together_is_refused() {
        let refusal = |users: &[User], apps: &[ConnectedApp]| {
            Directory::new(users.to_vec(), apps.to_vec())
                .unwrap_err()
                .to_string()
        };
        let ada = User::new("ada@example.com");
        assert_eq!(
            refusal(&[ada.clone(), User::new("ADA@example.com")], &[]),
            r#"two users have the username "ADA@example.com""#
        );
        let twice = ada.clone().id("0050000000000AB");
        let bob = twice.clone();
        assert_eq!(
            refusal(&[twice, bob], &[]),
            r#"two users have the id "0050000000000ABAAY""#
        );
        for id in [
            "",
            "005",
            "001000000000001",
            "005000000000001AAB",
            "0050000000000é",
        ] {
            assert!(
                refusal(&[ada.clone().id(id)], &[]).contains("is not an id"),
                "{id}"
            );
        }
        let app = ConnectedApp::new("app");
        for url in [
            "",
            "/callback",
            "localhost:1717/callback",
            "http://example.com/callback",
            "https://example.com/callback#fragment",
        ] {
            let refusal = refusal(&[], &[app.clone().callback_urls([url])]);
            assert!(refusal.contains("must be absolute"), "{url}: {refusal}");
        }
        assert_eq!(
            refusal(&[], &[app.clone(), app.clone()]),
            r#"two connected apps have the client id "app""#
        );
        assert_eq!(
            refusal(&[], &[app.client_credentials("nobody")]),
            r#"the connected app "app" is to run as "nobody", who is not a user"#
        );
    }
}

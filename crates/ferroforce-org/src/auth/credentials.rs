//! What a program needs to sign in, for those in the same process.

use std::io;
use std::path::PathBuf;

use super::secret::Secret;
use crate::local::LocalOrg;

/// Credentials: those of the first user and the first connected app.
impl LocalOrg {
    /// The org's id, 18 characters.
    pub fn org_id(&self) -> &str {
        self.org().id.as_str()
    }

    /// The id of the first user, 18 characters.
    pub fn user_id(&self) -> &str {
        self.org().auth.first_member().id.as_str()
    }

    /// Username of the first user, by default the administrator.
    pub fn username(&self) -> &str {
        &self.org().auth.first_member().user.username
    }

    /// Password of the first user.
    pub fn password(&self) -> &str {
        self.org().auth.first_member().user.password.expose()
    }

    /// Security token of the first user.
    pub fn security_token(&self) -> &str {
        self.org().auth.first_member().user.security_token.expose()
    }

    /// Consumer key of the first connected app.
    pub fn client_id(&self) -> &str {
        &self.org().auth.first_app().client_id
    }

    /// Consumer secret of the first connected app, if it has one.
    pub fn client_secret(&self) -> Option<&str> {
        self.org()
            .auth
            .first_app()
            .client_secret
            .as_ref()
            .map(Secret::expose)
    }

    /// Where the web server flow of the first connected app leads to, the first of its callback
    /// URLs, if it has one.
    pub fn callback_url(&self) -> Option<&str> {
        let urls = &self.org().auth.first_app().callback_urls;
        urls.first().map(String::as_str)
    }

    /// Private key that signs the JWTs of the first connected app, as PEM (PKCS#8). None if the
    /// app has a key that the org did not make. The first call takes a moment.
    pub fn private_key_pem(&self) -> Option<&str> {
        Some(self.org().auth.first_app().generated()?.private_pem())
    }

    /// Writes [`private_key_pem`](Self::private_key_pem) to a file of mode 0600 and returns its
    /// path. The file goes with the org, unless the org was given a folder for it.
    ///
    /// # Errors
    ///
    /// If the file can't be written.
    pub fn private_key_file(&self) -> io::Result<Option<PathBuf>> {
        let key = self.private_key_pem();
        key.map(|key| self.org().files.write("jwt-private-key.pem", key))
            .transpose()
    }

    /// The session that the org starts with: of the first user and the first app.
    pub fn access_token(&self) -> &str {
        self.org().auth.access_token().expose()
    }

    /// The refresh token that the org starts with: of the first user and the first app.
    pub fn refresh_token(&self) -> &str {
        self.org().auth.refresh_token().expose()
    }

    /// Opens the admin API, in the header `X-Org-Admin-Token`. Bodies are JSON; requests that came
    /// by another name than a loopback one, or from a web page, are turned away.
    ///
    /// | request | does |
    /// |---|---|
    /// | `GET /__org/health` | tells that the org is up; needs no token |
    /// | `GET /__org/faults` | lists faults |
    /// | `POST /__org/faults` | adds a fault, answers its `id` |
    /// | `DELETE /__org/faults`, `DELETE /__org/faults/{id}` | removes all faults, or one |
    /// | `PUT /__org/faults/seed` | `{"seed":7}`: starts the dice of probabilities anew |
    /// | `GET`, `DELETE /__org/requests` | lists, or forgets, the requests so far |
    /// | `POST /__org/tokens/expire`, `/__org/tokens/revoke` | ends all tokens, or with `{"token":…}` one, or with `{"username":…}` those of a user |
    /// | `POST /__org/users/lock`, `/__org/users/unlock` | `{"username":…}` |
    /// | `POST /__org/users/api` | `{"username":…,"enabled":false}`: takes the API from a user, or gives it back |
    /// | `GET /__org/sign-ins` | tells how often users have signed in: `logins`, `refreshes`, `reuses`, and the same by user and app |
    /// | `POST /__org/authorize` | `{"url":…,"username":…}`: what a person at a browser would do with a URL of `/services/oauth2/authorize`; answers the `redirect` |
    /// | `POST /__org/device` | `{"user_code":…,"username":…,"allow":true}`: what a person would do with the code that a device shows |
    /// | `GET`, `PATCH /__org/policies` | tells, or changes, what the org allows |
    /// | `GET`, `PATCH /__org/clock` | `{"stop_at":"2026-03-01T12:00:00Z"}`, `{"advance_seconds":60}` or `{"run":true}` |
    /// | `POST /__org/reset` | goes back to how the org started; faults and the log are cleared |
    /// | `PUT`, `DELETE /__org/snapshots/{name}` | takes, or forgets, a snapshot |
    /// | `POST /__org/snapshots/{name}/restore` | goes back to a snapshot |
    ///
    /// Methods of this type do the same in-process. A fault is written as [`Fault`](crate::Fault) shows.
    pub fn admin_token(&self) -> &str {
        self.org().admin.token.expose()
    }
}

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

    /// Opens the admin API at `/__org/`, in the header `X-Org-Admin-Token`.
    pub fn admin_token(&self) -> &str {
        self.org().admin.token.expose()
    }
}

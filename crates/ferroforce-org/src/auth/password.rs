//! Checking passwords: security tokens, lockout, and how often a user may sign in.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use super::user::User;
use crate::admin::policies::{Policies, SecurityTokenRule};

/// Why somebody may not sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Wrong username, password or security token.
    Invalid,
    /// The password is right, and its security token is missing.
    SecurityTokenMissing,
    LockedOut,
    /// More sign-ins within an hour than are allowed.
    TooOften,
    Inactive,
}

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// What has to be remembered of a user's sign-ins.
#[derive(Clone, Debug, Default)]
pub(crate) struct LoginRecord {
    wrong_passwords: u32,
    locked_until: Option<Timestamp>,
    /// Sign-ins of the last hour, oldest first.
    recent: VecDeque<Timestamp>,
    /// Whoever has signed in too often waits until then.
    refused_until: Option<Timestamp>,
}

impl LoginRecord {
    /// Checks a password as it was sent: with its security token at its end.
    pub(crate) fn check_password(
        &mut self,
        user: &User,
        presented: &str,
        policies: &Policies,
        now: Timestamp,
    ) -> Result<(), Refused> {
        self.check_lock(now)?;
        match presented_as(user, presented) {
            Presented::Complete => {}
            Presented::WithoutToken => match policies.security_token {
                SecurityTokenRule::Optional => {}
                SecurityTokenRule::Explained => return Err(Refused::SecurityTokenMissing),
                SecurityTokenRule::Required => return Err(self.wrong_password(policies, now)),
            },
            Presented::Wrong => return Err(self.wrong_password(policies, now)),
        }
        self.wrong_passwords = 0;
        self.count_login(user, policies, now)
    }

    /// Counts a sign-in of a user who needs no password for it.
    pub(crate) fn count_login(
        &mut self,
        user: &User,
        policies: &Policies,
        now: Timestamp,
    ) -> Result<(), Refused> {
        if !user.active {
            return Err(Refused::Inactive);
        }
        if self.refused_until.is_some_and(|until| now < until) {
            return Err(Refused::TooOften);
        }
        while self
            .recent
            .front()
            .is_some_and(|at| now.duration_since(*at) >= HOUR)
        {
            self.recent.pop_front();
        }
        if self.recent.len() >= policies.logins_per_hour {
            self.refused_until = now.checked_add(HOUR).ok();
            return Err(Refused::TooOften);
        }
        self.recent.push_back(now);
        Ok(())
    }

    /// Locks the user out until [`unlock`](Self::unlock).
    pub(crate) fn lock(&mut self) {
        self.locked_until = Some(Timestamp::MAX);
    }

    /// Ends a lockout.
    pub(crate) fn unlock(&mut self) {
        self.locked_until = None;
        self.wrong_passwords = 0;
        self.refused_until = None;
    }

    pub(crate) fn check_lock(&mut self, now: Timestamp) -> Result<(), Refused> {
        match self.locked_until {
            Some(until) if now < until => Err(Refused::LockedOut),
            Some(_) => {
                self.locked_until = None;
                self.wrong_passwords = 0;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn wrong_password(&mut self, policies: &Policies, now: Timestamp) -> Refused {
        self.wrong_passwords = self.wrong_passwords.saturating_add(1);
        let allowed = policies.wrong_passwords_allowed;
        if allowed > 0 && self.wrong_passwords >= allowed {
            let lockout = i64::try_from(policies.lockout_seconds).unwrap_or(i64::MAX);
            let until = now.checked_add(SignedDuration::from_secs(lockout));
            self.locked_until = Some(until.unwrap_or(Timestamp::MAX));
        }
        Refused::Invalid
    }
}

enum Presented {
    Complete,
    WithoutToken,
    Wrong,
}

fn presented_as(user: &User, presented: &str) -> Presented {
    let password = user.password.expose();
    let complete = format!("{password}{}", user.security_token.expose());
    // Both comparisons are always made, so that the time tells nothing.
    let is_complete = super::secret::Secret::from(complete).matches(presented);
    let is_password = user.password.matches(presented);
    match (is_complete, is_password) {
        (true, _) => Presented::Complete,
        (false, true) => Presented::WithoutToken,
        (false, false) => Presented::Wrong,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    fn ada() -> User {
        User::new("ada@example.com")
            .password("secret")
            .security_token("token")
    }

    fn check(
        record: &mut LoginRecord,
        presented: &str,
        policies: &Policies,
        second: i64,
    ) -> Result<(), Refused> {
        record.check_password(&ada(), presented, policies, at(second))
    }

    #[test]
    fn what_must_be_presented() {
        use Refused::{Invalid, SecurityTokenMissing};
        use SecurityTokenRule::{Explained, Optional, Required};
        let table = [
            (Required, "secrettoken", Ok(())),
            (Required, "secret", Err(Invalid)),
            (Required, "tokensecret", Err(Invalid)),
            (Required, "", Err(Invalid)),
            (Explained, "secrettoken", Ok(())),
            (Explained, "secret", Err(SecurityTokenMissing)),
            (Explained, "wrong", Err(Invalid)),
            (Optional, "secrettoken", Ok(())),
            (Optional, "secret", Ok(())),
            (Optional, "wrong", Err(Invalid)),
        ];
        for (rule, presented, expected) in table {
            let policies = Policies {
                security_token: rule,
                ..Policies::default()
            };
            let outcome = check(&mut LoginRecord::default(), presented, &policies, 0);
            assert_eq!(outcome, expected, "{rule:?} {presented:?}");
        }
    }

    #[test]
    fn a_user_without_security_token_needs_none() {
        let user = ada().security_token("");
        let outcome =
            LoginRecord::default().check_password(&user, "secret", &Policies::default(), at(0));
        assert_eq!(outcome, Ok(()));
    }

    #[test]
    fn wrong_passwords_lock_out_for_a_while() {
        let policies = Policies {
            wrong_passwords_allowed: 3,
            lockout_seconds: 60,
            ..Policies::default()
        };
        let mut record = LoginRecord::default();
        for second in 0..2 {
            assert_eq!(
                check(&mut record, "wrong", &policies, second),
                Err(Refused::Invalid)
            );
        }
        assert_eq!(check(&mut record, "secrettoken", &policies, 2), Ok(()));
        for second in 3..6 {
            assert_eq!(
                check(&mut record, "wrong", &policies, second),
                Err(Refused::Invalid)
            );
        }
        assert_eq!(
            check(&mut record, "secrettoken", &policies, 6),
            Err(Refused::LockedOut)
        );
        assert_eq!(
            check(&mut record, "secrettoken", &policies, 64),
            Err(Refused::LockedOut)
        );
        assert_eq!(check(&mut record, "secrettoken", &policies, 65), Ok(()));
    }

    #[test]
    fn lockout_can_be_off() {
        let policies = Policies {
            wrong_passwords_allowed: 0,
            ..Policies::default()
        };
        let mut record = LoginRecord::default();
        for second in 0..100 {
            assert_eq!(
                check(&mut record, "wrong", &policies, second),
                Err(Refused::Invalid)
            );
        }
        assert_eq!(check(&mut record, "secrettoken", &policies, 100), Ok(()));
    }

    #[test]
    fn an_administrator_locks_and_unlocks() {
        let policies = Policies::default();
        let mut record = LoginRecord::default();
        record.lock();
        assert_eq!(
            check(&mut record, "secrettoken", &policies, 1_000_000),
            Err(Refused::LockedOut)
        );
        record.unlock();
        assert_eq!(
            check(&mut record, "secrettoken", &policies, 1_000_001),
            Ok(())
        );
    }

    #[test]
    fn only_so_many_logins_an_hour() {
        let policies = Policies {
            logins_per_hour: 2,
            ..Policies::default()
        };
        let mut record = LoginRecord::default();
        let outcomes = [0, 10, 20, 3599, 3610, 3619, 3620, 3621, 3622]
            .map(|second| check(&mut record, "secrettoken", &policies, second));
        let refused = Err(Refused::TooOften);
        let expected = [
            Ok(()),
            Ok(()),
            refused,
            refused,
            refused,
            refused,
            Ok(()),
            Ok(()),
            refused,
        ];
        assert_eq!(outcomes, expected, "one too many costs an hour");
        record.unlock();
        assert_eq!(check(&mut record, "secrettoken", &policies, 7300), Ok(()));
    }

    #[test]
    fn an_inactive_user_is_told_so_only_with_the_right_password() {
        let user = ada().active(false);
        let policies = Policies::default();
        let mut record = LoginRecord::default();
        let outcome = record.check_password(&user, "secrettoken", &policies, at(0));
        assert_eq!(outcome, Err(Refused::Inactive));
        let outcome = record.check_password(&user, "wrong", &policies, at(0));
        assert_eq!(outcome, Err(Refused::Invalid));
    }
}

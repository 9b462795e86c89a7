//! The device flow: a program without a browser shows a code, which a person enters elsewhere.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::app::ConnectedApp;
use super::directory::Member;
use super::secret::Secret;
use super::state::AuthState;
use super::token::{Grant, Issued, Key, key_of};
use super::visit::Visit;
use crate::admin::policies::Policies;
use crate::id::RecordId;

/// What user codes are made of: nothing that is easily mistaken for something else, and no vowels.
const LETTERS: &[u8] = b"BCDFGHJKLMNPQRSTVWXZ23456789";

/// How many characters a user code has.
const USER_CODE_LENGTH: usize = 8;

/// Devices that have waited too long are cleared out when there are this many.
const SWEEP_AT: usize = 1024;

/// Codes for a device that wants to sign in.
#[derive(Debug)]
pub(crate) struct DeviceCodes {
    pub(crate) device_code: Secret,
    pub(crate) user_code: String,
}

/// Why a device does not get its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotYet {
    /// Nobody has entered the user code.
    Pending,
    /// Nor has anybody, and the device asks too often.
    TooFast,
    Denied,
    /// The code is past its time, or was exchanged before.
    Expired,
    /// Never issued, or issued to another app.
    Unknown,
}

/// A device that waits, as the person who enters its code sees it.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) client_id: String,
    pub(crate) scopes: Vec<String>,
}

/// All devices that asked lately.
#[derive(Clone, Debug, Default)]
pub(super) struct Devices(HashMap<Key, Device>);

#[derive(Clone, Debug)]
struct Device {
    waiting: Waiting,
    user_code: String,
    issued_at: Timestamp,
    /// When it asked last.
    asked_at: Option<Timestamp>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Pending,
    Denied,
    Approved(RecordId),
    Spent,
}

impl Device {
    fn is_over(&self, policies: &Policies, now: Timestamp) -> bool {
        has_passed(self.issued_at, policies.device_code_seconds, now)
    }
}

impl Devices {
    fn begin(&mut self, waiting: Waiting, policies: &Policies, now: Timestamp) -> DeviceCodes {
        if self.0.len() >= SWEEP_AT {
            self.0.retain(|_, device| !device.is_over(policies, now));
        }
        let codes = DeviceCodes {
            device_code: Secret::random(96),
            user_code: user_code(),
        };
        let device = Device {
            waiting,
            user_code: codes.user_code.clone(),
            issued_at: now,
            asked_at: None,
            state: State::Pending,
        };
        self.0.insert(key_of(codes.device_code.expose()), device);
        codes
    }

    /// The device that shows a user code and waits for it to be entered.
    fn shows(
        &mut self,
        user_code: &str,
        policies: &Policies,
        now: Timestamp,
    ) -> Option<&mut Device> {
        let entered = tidied(user_code);
        self.0.values_mut().find(|device| {
            device.user_code == entered
                && device.state == State::Pending
                && !device.is_over(policies, now)
        })
    }

    /// Who has approved a device, which has then been told so.
    fn ask(
        &mut self,
        device_code: &str,
        client_id: &str,
        policies: &Policies,
        now: Timestamp,
    ) -> Result<Grant, NotYet> {
        let device = self.0.get_mut(&key_of(device_code));
        let device = device.filter(|device| device.waiting.client_id == client_id);
        let device = device.ok_or(NotYet::Unknown)?;
        let asked_at = device.asked_at.replace(now);
        match device.state {
            State::Spent => Err(NotYet::Expired),
            _ if device.is_over(policies, now) => Err(NotYet::Expired),
            State::Denied => Err(NotYet::Denied),
            State::Pending => {
                let interval = policies.device_interval_seconds;
                let in_time = asked_at.is_none_or(|at| has_passed(at, interval, now));
                Err(if in_time {
                    NotYet::Pending
                } else {
                    NotYet::TooFast
                })
            }
            State::Approved(user_id) => {
                device.state = State::Spent;
                Ok(Grant {
                    user_id,
                    client_id: Some(client_id.to_owned()),
                    scopes: device.waiting.scopes.clone(),
                })
            }
        }
    }
}

impl AuthState {
    /// Gives a device its codes.
    pub(crate) fn begin_device(
        &self,
        app: &ConnectedApp,
        scopes: Vec<String>,
        now: Timestamp,
    ) -> DeviceCodes {
        let waiting = Waiting {
            client_id: app.client_id.clone(),
            scopes,
        };
        let policies = self.policies();
        self.live().devices.begin(waiting, &policies, now)
    }

    /// The device that waits for a user code, whatever its letter case and punctuation.
    pub(crate) fn waiting_device(&self, user_code: &str, now: Timestamp) -> Option<Waiting> {
        let policies = self.policies();
        let mut live = self.live();
        let device = live.devices.shows(user_code, &policies, now)?;
        Some(device.waiting.clone())
    }

    /// Lets a device sign in as a user, or, without one, refuses it. False if no device waits for
    /// this code.
    pub(crate) fn decide_device(
        &self,
        user_code: &str,
        member: Option<&Member>,
        now: Timestamp,
    ) -> bool {
        let policies = self.policies();
        let mut live = self.live();
        let device = live.devices.shows(user_code, &policies, now);
        let decided = device.map(|device| {
            device.state = member.map_or(State::Denied, |member| State::Approved(member.id));
        });
        decided.is_some()
    }

    /// Gives a device its session, if somebody has let it in meanwhile.
    pub(crate) fn ask_for_device(
        &self,
        device_code: &str,
        app: &ConnectedApp,
        visit: &Visit,
    ) -> Result<Issued, NotYet> {
        let policies = self.policies();
        let terms = self.terms(Some(app), visit);
        let live = &mut *self.live();
        let devices = &mut live.devices;
        let grant = devices.ask(device_code, &app.client_id, &policies, visit.now)?;
        Ok(live.tokens.issue_granted(grant, &terms))
    }
}

fn has_passed(since: Timestamp, seconds: u64, now: Timestamp) -> bool {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    now.duration_since(since) >= SignedDuration::from_secs(seconds)
}

fn user_code() -> String {
    let mut code = String::new();
    while code.len() < USER_CODE_LENGTH {
        let random = Secret::random(USER_CODE_LENGTH * 4);
        let letters = random
            .expose()
            .bytes()
            .filter(|byte| LETTERS.contains(byte));
        code.extend(letters.take(USER_CODE_LENGTH - code.len()).map(char::from));
    }
    code
}

/// A code as it was shown, however it was typed.
fn tidied(typed: &str) -> String {
    let letters = typed.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    fn waiting() -> Waiting {
        Waiting {
            client_id: "app".to_owned(),
            scopes: vec!["api".to_owned()],
        }
    }

    #[test]
    fn a_device_asks_until_somebody_lets_it_in() {
        let policies = Policies::default();
        let mut devices = Devices::default();
        let codes = devices.begin(waiting(), &policies, at(0));
        let ask = |devices: &mut Devices, second| {
            devices.ask(codes.device_code.expose(), "app", &policies, at(second))
        };
        let outcomes = [0, 4, 9, 13].map(|second| ask(&mut devices, second).unwrap_err());
        assert_eq!(
            outcomes,
            [
                NotYet::Pending,
                NotYet::TooFast,
                NotYet::Pending,
                NotYet::TooFast
            ]
        );
        let typed = format!(
            " {}-{} ",
            &codes.user_code[..4],
            codes.user_code[4..].to_lowercase()
        );
        let ada = RecordId::nth(*b"005", 1);
        let device = devices.shows(&typed, &policies, at(14)).unwrap();
        device.state = State::Approved(ada);
        assert!(
            devices.shows(&typed, &policies, at(14)).is_none(),
            "it no longer waits"
        );
        // Whoever is let in is not told to wait.
        let grant = ask(&mut devices, 14).unwrap();
        assert_eq!(
            (grant.user_id, grant.scopes.as_slice()),
            (ada, &["api".to_owned()][..])
        );
        assert_eq!(ask(&mut devices, 20), Err(NotYet::Expired), "once");
    }

    #[test]
    fn a_device_is_refused() {
        let policies = Policies::default();
        let mut devices = Devices::default();
        let codes = devices.begin(waiting(), &policies, at(0));
        let code = codes.device_code.expose();
        assert_eq!(
            devices.ask(code, "other", &policies, at(0)),
            Err(NotYet::Unknown)
        );
        assert_eq!(
            devices.ask("x", "app", &policies, at(0)),
            Err(NotYet::Unknown)
        );
        devices
            .shows(&codes.user_code, &policies, at(599))
            .unwrap()
            .state = State::Denied;
        assert_eq!(
            devices.ask(code, "app", &policies, at(599)),
            Err(NotYet::Denied)
        );
        assert_eq!(
            devices.ask(code, "app", &policies, at(600)),
            Err(NotYet::Expired)
        );
        let codes = devices.begin(waiting(), &policies, at(0));
        assert!(
            devices
                .shows(&codes.user_code, &policies, at(600))
                .is_none()
        );
        assert!(devices.shows("", &policies, at(0)).is_none());
    }

    #[test]
    fn codes_are_easy_to_type_and_forgotten_in_the_end() {
        let policies = Policies::default();
        let mut devices = Devices::default();
        let codes = devices.begin(waiting(), &policies, at(0));
        assert_eq!(codes.user_code.len(), USER_CODE_LENGTH);
        assert!(codes.user_code.bytes().all(|byte| LETTERS.contains(&byte)));
        for _ in 0..SWEEP_AT {
            devices.begin(waiting(), &policies, at(600));
        }
        assert_eq!(devices.0.len(), SWEEP_AT);
    }
}

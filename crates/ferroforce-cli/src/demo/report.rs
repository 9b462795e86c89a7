//! Telling what happened: as text while it happens, or as JSON at the end.

use std::fmt::Display;
use std::io;
use std::time::{Duration, Instant};

use ferroforce::events::Event;
use serde::Serialize;
use serde_json::{Value, json};

use crate::style::{BAD, FAINT, GOOD, HEADING, STRONG, TROUBLE};
use crate::{Out, told};

pub(super) struct Report<'o> {
    out: Out<'o>,
    json: bool,
    began: Instant,
    /// When the last step was done.
    last: Instant,
    steps: Vec<Step>,
}

#[derive(Serialize)]
struct Step {
    step: String,
    elapsed_ms: u128,
    #[serde(flatten)]
    facts: Value,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    events: Vec<Value>,
}

impl<'o> Report<'o> {
    pub(super) fn new(out: Out<'o>, json: bool) -> Self {
        let now = Instant::now();
        Self {
            out,
            json,
            began: now,
            last: now,
            steps: Vec::new(),
        }
    }

    /// Whether it is told as JSON.
    pub(super) fn is_for_machines(&self) -> bool {
        self.json
    }

    pub(super) fn chapter(&mut self, title: &str) -> anyhow::Result<()> {
        if !self.json {
            let gap = if self.steps.is_empty() { "" } else { "\n" };
            writeln!(self.out, "{gap}{HEADING}{title}{HEADING:#}")?;
        }
        Ok(())
    }

    /// Something was done, which took the time since the last step; `facts` is an object of what
    /// a machine wants to know of it.
    pub(super) fn step(
        &mut self,
        name: &'static str,
        text: impl Display,
        facts: Value,
    ) -> anyhow::Result<()> {
        self.step_with_events(name, text, facts, &[])
    }

    /// As [`step`](Self::step), with what the client told of it.
    pub(super) fn step_with_events(
        &mut self,
        name: &'static str,
        text: impl Display,
        facts: Value,
        events: &[Event],
    ) -> anyhow::Result<()> {
        let now = Instant::now();
        let elapsed = now.duration_since(self.last);
        self.last = now;
        if !self.json {
            let time = shown(elapsed);
            writeln!(
                self.out,
                "  {GOOD}✓{GOOD:#} {STRONG}{name:<18}{STRONG:#} {FAINT}{time:>7}{FAINT:#}  {text}"
            )?;
            for event in events {
                self.event(event)?;
            }
            self.out.flush()?;
        }
        self.steps.push(Step {
            step: name.replace(' ', "_"),
            elapsed_ms: elapsed.as_millis(),
            facts,
            events: events.iter().map(facts_of).collect(),
        });
        Ok(())
    }

    fn event(&mut self, event: &Event) -> io::Result<()> {
        let Some(text) = text_of(event) else {
            return Ok(());
        };
        let style = match event {
            Event::ApiCall(event) if !event.status.is_success() => TROUBLE,
            _ => FAINT,
        };
        let name = event.name();
        writeln!(
            self.out,
            "{:31}{FAINT}{name:<13}{FAINT:#} {style}{text}{style:#}",
            ""
        )
    }

    /// Tells how it all ended. An error comes back as it is, for the caller to print.
    pub(super) fn finish(self, outcome: anyhow::Result<()>) -> anyhow::Result<()> {
        let elapsed = self.began.elapsed();
        if self.json {
            let document = json!({
                "ok": outcome.is_ok(),
                "elapsed_ms": elapsed.as_millis(),
                "steps": self.steps,
                "error": outcome.as_ref().err().map(told),
            });
            writeln!(self.out, "{document}")?;
        } else if outcome.is_ok() {
            writeln!(
                self.out,
                "\n{GOOD}All of it as it should be{GOOD:#}, in {}. Now yours: {STRONG}ferroforce \
                 org start{STRONG:#}",
                shown(elapsed)
            )?;
        } else {
            writeln!(self.out, "  {BAD}✗{BAD:#} The next step failed.")?;
        }
        outcome
    }
}

/// What an event says, if it is one that a person wants to know of.
fn text_of(event: &Event) -> Option<String> {
    Some(match event {
        Event::ApiCall(event) => {
            let request = &event.request;
            let status = event.status.as_u16();
            format!("{} {}: {status}", request.method, request.path_template)
        }
        Event::Retry(event) => {
            format!("{}: once more in {}", event.rule, shown(event.wait))
        }
        Event::TokenIssued(event) => {
            format!("number {} of this session", event.generation)
        }
        Event::Response(event) if !event.request.sign_in => {
            let status = event.status.as_u16();
            format!("{status} at attempt {}", event.attempt)
        }
        _ => return None,
    })
}

/// The same for a machine.
fn facts_of(event: &Event) -> Value {
    let mut facts = json!({"event": event.name()});
    if let Some(request) = event.request() {
        facts["method"] = request.method.as_str().into();
        facts["path"] = (*request.path_template).into();
    }
    match event {
        Event::ApiCall(event) => {
            facts["attempt"] = event.attempt.into();
            facts["status"] = event.status.as_u16().into();
        }
        Event::Retry(event) => {
            facts["attempt"] = event.attempt.into();
            facts["rule"] = event.rule.into();
            facts["wait_ms"] = json!(event.wait.as_millis());
        }
        Event::Response(event) => {
            facts["attempt"] = event.attempt.into();
            facts["status"] = event.status.as_u16().into();
        }
        Event::TokenIssued(event) => facts["generation"] = event.generation.into(),
        _ => {}
    }
    facts
}

/// `12 ms`, `1.5 s`
fn shown(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        format!("{} ms", time.as_millis())
    } else {
        format!("{:.1} s", time.as_secs_f64())
    }
}

/// `5,000,000`
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times() {
        let table = [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ];
        for (number, text) in table {
            assert_eq!(thousands(number), text);
        }
        assert_eq!(shown(Duration::from_micros(1999)), "1 ms");
        assert_eq!(shown(Duration::from_millis(1530)), "1.5 s");
    }

    #[test]
    fn a_failure_is_told_and_handed_on() {
        let mut out = Vec::new();
        let mut report = Report::new(&mut out, true);
        report.step("read again", "text", json!({"id": 7})).unwrap();
        let error = report
            .finish(Err(anyhow::anyhow!("no such record")))
            .unwrap_err();
        assert_eq!(error.to_string(), "no such record");
        let document: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(document["ok"], false);
        assert_eq!(document["error"], "no such record");
        assert_eq!(document["steps"][0]["step"], "read_again");
        assert_eq!(document["steps"][0]["id"], 7);
    }
}

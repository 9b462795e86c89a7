//! A real browser without a window, led over the DevTools protocol.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

/// A browser that says nothing for so long is broken.
const PATIENCE: Duration = Duration::from_secs(60);

/// A page that is not what was expected after so many looks, each a moment after the last, won't
/// become it.
const LOOKS: usize = 600;

/// Chromium with one page. It is killed when it is dropped.
pub(crate) struct Chromium {
    process: Child,
    commands: File,
    answers: Receiver<Value>,
    sent: u64,
    page: Option<String>,
    _profile: TempDir,
}

impl Chromium {
    /// Starts the program that `CHROMIUM` names, or `chromium`.
    pub(crate) fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        let [commands, answers] =
            ["commands", "answers"].map(|name| fifo(&profile.path().join(name)));
        let program = std::env::var_os("CHROMIUM").unwrap_or_else(|| "chromium".into());
        // It reads its third file and writes to its fourth. Opening a pipe waits for its other end,
        // so both sides open them in the same order.
        let process = Command::new("sh")
            .args([
                "-c",
                "exec 3<\"$COMMANDS\" 4>\"$ANSWERS\"; exec \"$@\"",
                "sh",
            ])
            .arg(program)
            .args([
                "--headless=new",
                "--remote-debugging-pipe",
                // It runs as root in containers, where it would refuse.
                "--no-sandbox",
                "--disable-dev-shm-usage",
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--no-proxy-server",
            ])
            .arg(format!(
                "--user-data-dir={}",
                profile.path().join("profile").display()
            ))
            .arg("about:blank")
            .env("COMMANDS", &commands)
            .env("ANSWERS", &answers)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let commands = OpenOptions::new().write(true).open(commands).unwrap();
        let answers = listen(BufReader::new(File::open(answers).unwrap()));
        let mut chromium = Self {
            process,
            commands,
            answers,
            sent: 0,
            page: None,
            _profile: profile,
        };
        let target = chromium.call("Target.createTarget", &json!({"url": "about:blank"}));
        let attached = chromium.call(
            "Target.attachToTarget",
            &json!({"targetId": target["targetId"], "flatten": true}),
        );
        chromium.page = Some(attached["sessionId"].as_str().unwrap().to_owned());
        chromium
    }

    /// Opens an address, as a person does who types it.
    pub(crate) fn open(&mut self, url: &str) {
        let opened = self.call("Page.navigate", &json!({"url": url}));
        assert!(opened.get("errorText").is_none(), "{url}: {opened}");
    }

    /// Types into the field with this id, when there is one.
    pub(crate) fn fill(&mut self, id: &str, text: &str) {
        self.wait_for(&format!("document.getElementById({id:?}) !== null"));
        self.look(&format!("document.getElementById({id:?}).focus()"));
        self.call("Input.insertText", &json!({"text": text}));
        self.wait_for(&format!(
            "document.getElementById({id:?}).value === {}",
            json!(text)
        ));
    }

    /// Clicks at the button with this id, when there is one.
    pub(crate) fn click(&mut self, id: &str) {
        self.wait_for(&format!(
            "document.readyState === 'complete' && document.getElementById({id:?}) !== null"
        ));
        let place = self.look(&format!(
            "(() => {{ const box = document.getElementById({id:?}).getBoundingClientRect(); \
             return [box.x + box.width / 2, box.y + box.height / 2]; }})()"
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            self.call(
                "Input.dispatchMouseEvent",
                &json!({"type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1}),
            );
        }
    }

    /// The text of the page with this heading, when there is one.
    pub(crate) fn page(&mut self, heading: &str) -> String {
        self.wait_for(&format!(
            "document.querySelector('h1')?.textContent === {}",
            json!(heading)
        ));
        let text = self.look("document.body.innerText");
        text.as_str().unwrap().to_owned()
    }

    /// What the page warns of, when it does.
    pub(crate) fn alert(&mut self) -> String {
        const ALERT: &str = "document.querySelector('[role=alert]')";
        self.wait_for(&format!("{ALERT} !== null"));
        let text = self.look(&format!("{ALERT}.innerText"));
        text.as_str().unwrap().to_owned()
    }

    /// Looks again and again, a moment after the last time, until `condition` holds.
    fn wait_for(&mut self, condition: &str) {
        let look = format!(
            "new Promise(done => {{ if ({condition}) done(true); \
             else setTimeout(() => done(false), 50); }})"
        );
        for _ in 0..LOOKS {
            if self.look(&look) == json!(true) {
                return;
            }
        }
        let shown = self.look("location.href + '\\n' + document.body.innerText");
        panic!("{condition} does not come true on {shown}");
    }

    /// What an expression gives, or null where the page goes away meanwhile.
    fn look(&mut self, expression: &str) -> Value {
        let parameters = json!({
            "expression": expression, "awaitPromise": true, "returnByValue": true,
        });
        let answer = self.ask("Runtime.evaluate", &parameters);
        answer["result"]["result"]["value"].clone()
    }

    fn call(&mut self, method: &str, parameters: &Value) -> Value {
        let answer = self.ask(method, parameters);
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    fn ask(&mut self, method: &str, parameters: &Value) -> Value {
        self.sent += 1;
        let mut command = json!({"id": self.sent, "method": method, "params": parameters});
        if let Some(page) = &self.page {
            command["sessionId"] = json!(page);
        }
        write!(self.commands, "{command}\0").unwrap();
        loop {
            let answer = self.answers.recv_timeout(PATIENCE).unwrap();
            if answer["id"] == self.sent {
                return answer;
            }
        }
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn fifo(path: &Path) -> std::path::PathBuf {
    let made = Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
    path.to_owned()
}

/// Hands over what the browser says, for as long as it lives.
fn listen(mut pipe: BufReader<File>) -> Receiver<Value> {
    let (say, answers) = mpsc::channel();
    std::thread::spawn(move || {
        let mut message = Vec::new();
        while pipe
            .read_until(0, &mut message)
            .is_ok_and(|length| length > 0)
        {
            let parsed = serde_json::from_slice(message.strip_suffix(b"\0").unwrap_or(&message));
            if parsed.is_ok_and(|parsed| say.send(parsed).is_err()) {
                break;
            }
            message.clear();
        }
    });
    answers
}

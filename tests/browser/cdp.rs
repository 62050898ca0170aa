//! Chromium, spoken to through a pipe in its own protocol.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use base64::Engine as _;
use serde_json::{Value, json};

/// A browser with nothing in it.
pub(crate) struct Browser {
    child: Child,
    wire: Wire,
    _profile: tempfile::TempDir,
}

struct Wire {
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    next: u64,
    session: Option<String>,
    events: Vec<Value>,
}

impl Browser {
    /// Starts one; `None` if there is none.
    pub(crate) fn start() -> Option<Browser> {
        let names = ["chromium", "chromium-browser", "google-chrome"];
        let found = |name: &&&str| {
            let output = Command::new(name).arg("--version").output();
            output.is_ok_and(|output| output.status.success())
        };
        let name = names.iter().find(found)?;
        let profile = tempfile::tempdir().unwrap();
        // It reads its third file and writes its fourth.
        let line = format!(
            "exec {name} --headless --no-sandbox --disable-gpu --no-first-run --disable-dev-shm-usage \
             --disable-background-networking --remote-debugging-pipe --user-data-dir='{}' about:blank \
             3<&0 4>&1 >/dev/null 2>&1",
            profile.path().display()
        );
        let mut child = Command::new("sh")
            .args(["-c", &line])
            .env("HOME", profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (to, from) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let wire = Wire { to, from, next: 1, session: None, events: Vec::new() };
        Some(Browser { child, wire, _profile: profile })
    }

    /// Opens a page in a tab of its own and waits until it is there.
    pub(crate) fn open(&mut self, url: &str) -> Page<'_> {
        self.tab(url, true)
    }

    /// The same, where scripts don't run.
    pub(crate) fn without_scripts(&mut self, url: &str) -> Page<'_> {
        self.tab(url, false)
    }

    fn tab(&mut self, url: &str, scripts: bool) -> Page<'_> {
        let wire = &mut self.wire;
        wire.session = None;
        let target = wire.call("Target.createTarget", json!({"url": "about:blank"}));
        let target = json!({"targetId": target["targetId"], "flatten": true});
        let session = wire.call("Target.attachToTarget", target);
        wire.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network", "DOM"] {
            wire.call(&format!("{domain}.enable"), json!({}));
        }
        wire.call("Emulation.setScriptExecutionDisabled", json!({"value": !scripts}));
        let size = json!({"width": 1000, "height": 1400, "deviceScaleFactor": 1, "mobile": false});
        wire.call("Emulation.setDeviceMetricsOverride", size);
        wire.events.clear();
        wire.call("Page.navigate", json!({"url": url}));
        wire.wait("Page.loadEventFired");
        Page { wire: std::cell::RefCell::new(wire) }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A page that is open.
pub(crate) struct Page<'b> {
    wire: std::cell::RefCell<&'b mut Wire>,
}

impl Page<'_> {
    fn call(&self, method: &str, params: Value) -> Value {
        self.wire.borrow_mut().call(method, params)
    }

    /// What an expression comes to.
    #[track_caller]
    pub(crate) fn eval(&self, expression: &str) -> Value {
        let params = json!({"expression": expression, "returnByValue": true});
        let outcome = self.call("Runtime.evaluate", params);
        assert!(outcome.get("exceptionDetails").is_none(), "{outcome}");
        outcome["result"]["value"].clone()
    }

    /// What went wrong so far: exceptions, and what the browser complains of.
    pub(crate) fn errors(&self) -> Vec<Value> {
        // What was on its way is here when this is answered.
        self.call("Runtime.evaluate", json!({"expression": "0"}));
        let wire = self.wire.borrow();
        let bad = |event: &&Value| {
            let level = &event["params"]["entry"]["level"];
            event["method"] == "Runtime.exceptionThrown"
                || event["method"] == "Log.entryAdded" && (*level == "error" || *level == "warning")
        };
        wire.events.iter().filter(bad).cloned().collect()
    }

    /// What was asked for, of files and of the network, but for what the page
    /// itself holds.
    pub(crate) fn requests(&self) -> Vec<String> {
        let wire = self.wire.borrow();
        let sent = wire.events.iter().filter(|event| event["method"] == "Network.requestWillBeSent");
        let urls = sent.map(|event| event["params"]["request"]["url"].as_str().unwrap().to_owned());
        urls.filter(|url| !url.starts_with("data:")).collect()
    }

    /// As narrow as a phone.
    pub(crate) fn phone(&self) {
        let size = json!({"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": true});
        self.call("Emulation.setDeviceMetricsOverride", size);
    }

    /// For a user who likes it dark.
    pub(crate) fn dark(&self) {
        let features = json!([{"name": "prefers-color-scheme", "value": "dark"}]);
        self.call("Emulation.setEmulatedMedia", json!({"features": features}));
    }

    /// Leaves a picture, if pictures are wanted.
    pub(crate) fn picture(&self, name: &str) {
        let Some(dir) = std::env::var_os("SFS_TEST_SCREENSHOTS") else { return };
        let shot = self.call("Page.captureScreenshot", json!({"format": "png"}));
        let bytes = base64::engine::general_purpose::STANDARD.decode(shot["data"].as_str().unwrap());
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(std::path::Path::new(&dir).join(format!("{name}.png")), bytes.unwrap()).unwrap();
    }

    /// Sends a form and waits for what comes of it.
    pub(crate) fn submit(&self, selector: &str) {
        self.wire.borrow_mut().events.clear();
        self.call(
            "Runtime.evaluate",
            json!({"expression": format!("document.querySelector('{selector}').submit()")}),
        );
        self.wire.borrow_mut().wait("Page.loadEventFired");
    }

    fn node(&self, selector: &str) -> Value {
        let root = self.call("DOM.getDocument", json!({}))["root"]["nodeId"].clone();
        self.call("DOM.querySelector", json!({"nodeId": root, "selector": selector}))["nodeId"].clone()
    }

    /// The middle of an element.
    pub(crate) fn place_of(&self, selector: &str) -> (f64, f64) {
        let node = self.node(selector);
        self.call("DOM.scrollIntoViewIfNeeded", json!({"nodeId": node}));
        let quad = self.call("DOM.getContentQuads", json!({"nodeId": node}))["quads"][0].clone();
        let at = |n: usize| quad[n].as_f64().unwrap();
        ((at(0) + at(4)) / 2.0, (at(1) + at(5)) / 2.0)
    }

    /// Clicks there.
    pub(crate) fn click(&self, (x, y): (f64, f64)) {
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1});
            self.call("Input.dispatchMouseEvent", event);
        }
    }

    /// Whether an element is unfolded.
    pub(crate) fn is_open(&self, selector: &str) -> bool {
        let node = self.node(selector);
        let attributes = self.call("DOM.getAttributes", json!({"nodeId": node}))["attributes"].clone();
        attributes.as_array().unwrap().iter().step_by(2).any(|name| name == "open")
    }
}

impl Wire {
    #[track_caller]
    fn call(&mut self, method: &str, params: Value) -> Value {
        let id = self.next;
        self.next += 1;
        let mut message = json!({"id": id, "method": method, "params": params});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.to.write_all(format!("{message}\0").as_bytes()).unwrap();
        self.to.flush().unwrap();
        loop {
            let mut message = self.read();
            if message["id"] == json!(id) {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].take();
            }
            self.events.push(message);
        }
    }

    fn wait(&mut self, method: &str) {
        while !self.events.iter().any(|event| event["method"] == method) {
            let event = self.read();
            self.events.push(event);
        }
    }

    fn read(&mut self) -> Value {
        let mut bytes = Vec::new();
        self.from.read_until(0, &mut bytes).unwrap();
        assert_eq!(bytes.pop(), Some(0), "the browser is gone");
        serde_json::from_slice(&bytes).unwrap()
    }
}

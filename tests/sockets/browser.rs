//! A browser that tests drive: headless Chromium, over the DevTools protocol.

use crate::peers::{CHROMIUM, folder, has};
use crate::{TIMEOUT, connect, until};
use bareline_net::Client;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::{fs, thread};
use tungstenite::{Message, WebSocket};

/// A page in a browser, which ends on drop.
pub(crate) struct Browser {
    child: Child,
    devtools: WebSocket<TcpStream>,
    profile: PathBuf,
}

impl Browser {
    /// Opens a page, or prints that the test is skipped if Chromium is not installed.
    pub(crate) fn open(name: &str, url: &str) -> Option<Self> {
        if !has("chromium", "--version") {
            return None;
        }
        let profile = folder(name);
        let mut command = Command::new("chromium");
        // With the other options Chromium exits when it has loaded the page.
        let is_kept = |option: &&str| !["--timeout=30000", "--dump-dom"].contains(option);
        let options = CHROMIUM.split_whitespace().filter(is_kept);
        command.args(options).arg(format!("--user-data-dir={}", profile.display()));
        command.args(["--remote-debugging-port=0", url]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let notes = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let (sender, address) = channel();
        // Reads all that Chromium prints, so that the pipe does not fill.
        thread::spawn(move || {
            for note in notes {
                if let Some(rest) = note.strip_prefix("DevTools listening on ws://") {
                    let _ = sender.send(rest.split('/').next().unwrap().to_owned());
                }
            }
        });
        let address = address.recv_timeout(3 * TIMEOUT).expect("DevTools in time");
        let mut page = None;
        let list = format!("http://{address}/json/list");
        assert!(
            until(TIMEOUT, || {
                let pages = Client::new().get(&list).unwrap();
                let pages: Value = serde_json::from_reader(pages).unwrap();
                let pages = pages.as_array().unwrap();
                page = pages.iter().find(|page| page["type"] == "page").cloned();
                page.is_some()
            }),
            "there is no page"
        );
        let socket = page.as_ref().unwrap()["webSocketDebuggerUrl"].as_str().unwrap();
        let (devtools, _) = tungstenite::client(socket, connect(address.parse().unwrap())).unwrap();
        Some(Self { child, devtools, profile })
    }

    /// Returns the value of an expression in JavaScript, or of its promise; null if it fails.
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let parameters =
            json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let call = json!({"id": 1, "method": "Runtime.evaluate", "params": parameters});
        self.devtools.send(Message::text(call.to_string())).unwrap();
        loop {
            let message = self.devtools.read().unwrap();
            let message: Value = serde_json::from_str(message.to_text().unwrap()).unwrap();
            if message["id"] == 1 {
                return message["result"]["result"]["value"].clone();
            }
        }
    }

    /// Waits until an expression in JavaScript is true.
    pub(crate) fn until(&mut self, expression: &str) {
        if !until(TIMEOUT, || self.value(expression) == true) {
            let page = self.value("document.documentElement.outerHTML");
            panic!("it does not become true that {expression}: {page}");
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.profile);
    }
}

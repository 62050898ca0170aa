//! A read-only site for the user's own browser.
//!
//! It listens on loopback alone and answers who knows the token that it was
//! started with, under the names that loopback has: a page of the web that
//! tries its luck, or that has its own name lead to loopback, gets nothing.

mod gate;
mod routes;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tiny_http::{Header, Method, Request, Response, Server};

use crate::ops::Env;
use crate::view::html::policy;
use gate::{Gate, Verdict};

/// How often a stop is looked for.
const TICK: Duration = Duration::from_millis(200);

/// Why the site can't be served.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// The port can't be listened on.
    #[error("cannot listen on 127.0.0.1:{port}: {reason}")]
    Listen {
        /// The port.
        port: u16,
        /// Why.
        reason: String,
    },
}

/// A site that listens.
pub struct Site {
    server: Server,
    gate: Gate,
}

/// What is answered.
struct Answer {
    status: u16,
    html: String,
    headers: Vec<(&'static str, String)>,
}

impl Answer {
    fn page(html: String) -> Answer {
        Answer { status: 200, html, headers: Vec::new() }
    }

    fn words(status: u16, title: &str, text: &str) -> Answer {
        Answer { status, ..Answer::page(crate::view::html::site::words(title, text)) }
    }
}

impl Site {
    /// Listens on a port of loopback; 0 takes one that is free.
    pub fn listen(port: u16, token: String) -> Result<Site, WebError> {
        let at = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let server = Server::http(at).map_err(|e| WebError::Listen { port, reason: e.to_string() })?;
        let port = server.server_addr().to_ip().map_or(port, |at| at.port());
        Ok(Site { server, gate: Gate { port, token } })
    }

    /// Where to begin. Who knows it may read all.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}/?token={}", self.gate.port, self.gate.token)
    }

    /// Answers until told to stop.
    pub fn run(&self, env: &Env, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            // One that can't be received is its sender's trouble.
            if let Ok(Some(request)) = self.server.recv_timeout(TICK) {
                let answer = self.answer(env, &request);
                send(request, answer);
            }
        }
    }

    fn answer(&self, env: &Env, request: &Request) -> Answer {
        if !matches!(request.method(), Method::Get | Method::Head) {
            return Answer::words(405, "no", "This site is for reading.");
        }
        let header = |name: &'static str| {
            let found = request.headers().iter().find(|header| header.field.equiv(name));
            found.map(|header| header.value.as_str())
        };
        match self.gate.judge(request.url(), &header) {
            Verdict::In => routes::answer(env, request.url()),
            Verdict::Known { to, cookie } => {
                let mut answer = Answer::words(303, "one moment", "");
                answer.headers = vec![("Location", to), ("Set-Cookie", cookie)];
                answer
            }
            Verdict::Out(why) => Answer::words(403, "no", why),
        }
    }
}

fn send(request: Request, answer: Answer) {
    let mut response = Response::from_string(answer.html).with_status_code(answer.status);
    let policy = format!("{}; frame-ancestors 'none'", policy(true));
    let headers = [
        ("Content-Type", "text/html; charset=utf-8".to_owned()),
        ("Content-Security-Policy", policy),
        ("X-Content-Type-Options", "nosniff".to_owned()),
        ("X-Frame-Options", "DENY".to_owned()),
        ("Referrer-Policy", "no-referrer".to_owned()),
        ("Cross-Origin-Resource-Policy", "same-origin".to_owned()),
        ("Cross-Origin-Opener-Policy", "same-origin".to_owned()),
        ("Cache-Control", "no-store".to_owned()),
    ];
    for (name, value) in headers.into_iter().chain(answer.headers) {
        if let Ok(header) = Header::from_bytes(name, value) {
            response.add_header(header);
        }
    }
    // Who has gone away misses nothing.
    let _ = request.respond(response);
}

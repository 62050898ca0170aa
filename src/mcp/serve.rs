//! Lines in, answers out.
//!
//! One thread reads, so that a call can be taken back and the client can ask
//! whether anybody is there while another thread works on it.

use std::collections::HashMap;
use std::io::{self, BufRead, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value};

use super::Host;
use super::answer::answer;
use super::rpc::{self, LINE_MAX, Line, Message, Request};
use crate::view::clean::escape_harmful;

/// How many lines may wait to be worked on; then no more are read.
const WAITING: usize = 64;

/// A line that waits: its messages, and whether they are a batch.
type Job = (Vec<Message>, bool);

/// The requests that have no answer yet, by their ids as JSON, and whether each
/// was taken back.
type Pending = Arc<Mutex<HashMap<String, Arc<AtomicBool>>>>;

/// Answers what comes in until the input ends. An error says that the input
/// can't be read or that nobody takes the answers.
pub fn serve(
    host: &dyn Host,
    input: impl BufRead + Send + 'static,
    output: impl Write + Send + 'static,
) -> io::Result<()> {
    let (sender, jobs) = sync_channel(WAITING);
    let reader = Reader { pending: Pending::default(), output: Arc::new(Mutex::new(output)), sender };
    let (pending, output) = (Arc::clone(&reader.pending), Arc::clone(&reader.output));
    let reading = std::thread::spawn(move || reader.run(input));
    for (messages, is_batch) in jobs {
        let answers = messages.into_iter().filter_map(|message| work(host, &pending, message));
        let answers: Vec<Value> = answers.collect();
        if is_batch && !answers.is_empty() {
            send(&output, &Value::Array(answers))?;
        } else {
            answers.iter().try_for_each(|answer| send(&output, answer))?;
        }
    }
    reading.join().unwrap_or_else(|_| Err(io::Error::other("the reader gave up")))
}

/// The answer to a message, if it gets one.
fn work(host: &dyn Host, pending: &Pending, message: Message) -> Option<Value> {
    match message {
        Message::Wrong(error) => Some(error),
        Message::Notification { .. } | Message::Response => None,
        Message::Request(request) => {
            let key = request.id.to_string();
            let taken_back = lock(pending).get(&key).cloned().unwrap_or_default();
            let is_over = || taken_back.load(Ordering::Relaxed);
            let answer = (!is_over()).then(|| answer(host, request, &is_over));
            lock(pending).remove(&key);
            answer.filter(|_| !is_over())
        }
    }
}

/// What reads the lines.
struct Reader<W> {
    pending: Pending,
    output: Arc<Mutex<W>>,
    sender: SyncSender<Job>,
}

impl<W: Write> Reader<W> {
    fn run(self, mut input: impl BufRead) -> io::Result<()> {
        while let Some(line) = rpc::read_line(&mut input, LINE_MAX)? {
            let job = match line {
                Line::TooLong => {
                    let why = format!("a message has at most {LINE_MAX} bytes");
                    (vec![Message::Wrong(rpc::error(Value::Null, rpc::INVALID, &why, None))], false)
                }
                Line::Whole(line) if line.trim_ascii().is_empty() => continue,
                Line::Whole(line) => rpc::parse(&line),
            };
            if !self.at_once(&job)? && self.sender.send(job).is_err() {
                // The other side could not write: it tells.
                break;
            }
        }
        Ok(())
    }

    /// Notes what is asked for and what is taken back. Whether that was all
    /// there was to do.
    fn at_once(&self, (messages, is_batch): &Job) -> io::Result<bool> {
        for message in messages {
            match message {
                Message::Request(request) => {
                    lock(&self.pending).insert(request.id.to_string(), Arc::default());
                }
                Message::Notification { method, params } if method == "notifications/cancelled" => {
                    self.take_back(params);
                }
                _ => {}
            }
        }
        match messages.as_slice() {
            [Message::Request(Request { id, method, params })]
                if !is_batch && method == "ping" && params.is_empty() =>
            {
                lock(&self.pending).remove(&id.to_string());
                send(&self.output, &rpc::result(id.clone(), Value::Object(Map::new())))?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn take_back(&self, params: &Map<String, Value>) {
        let key = params.get("requestId").map(Value::to_string);
        if let Some(pending) = key.and_then(|key| lock(&self.pending).get(&key).cloned()) {
            pending.store(true, Ordering::Relaxed);
        }
    }
}

/// Writes an answer as one line.
fn send(output: &Mutex<impl Write>, answer: &Value) -> io::Result<()> {
    let line = escape_harmful(&answer.to_string());
    let mut output = lock(output);
    output.write_all(format!("{line}\n").as_bytes())?;
    output.flush()
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // Nobody leaves what it guards half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

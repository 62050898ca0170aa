//! Real servers, installed at the first call ever and started on ports of
//! their own. Where that isn't possible, the reason is printed.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};

/// The versions that the tests were written against.
const MOTO: &str = "moto[server]==5.2.1";
const S3RVER: &str = "s3rver@3.7.1";

/// How long a server may take to listen; it is a failure of the machine if it
/// takes longer, and no test asserts a time.
const PATIENCE: Duration = Duration::from_secs(120);
const GLANCE: Duration = Duration::from_millis(50);

/// A server that speaks S3, with a bucket `b`.
pub(crate) struct Server {
    child: Child,
    _dir: tempfile::TempDir,
    url: String,
    key: &'static str,
}

impl Server {
    pub(crate) fn address(&self, prefix: &str) -> String {
        format!("s3://b/{prefix}?endpoint={}", self.url)
    }

    pub(crate) fn vars(&self) -> [(&'static str, &'static str); 2] {
        [("AWS_ACCESS_KEY_ID", self.key), ("AWS_SECRET_ACCESS_KEY", self.key)]
    }

    fn bucket(&self) -> (Bucket, Credentials) {
        let bucket = Bucket::new(self.url.parse().unwrap(), UrlStyle::Path, "b", "us-east-1").unwrap();
        (bucket, Credentials::new(self.key, self.key))
    }

    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        let (bucket, credentials) = self.bucket();
        let url = bucket.put_object(Some(&credentials), name).sign(PATIENCE);
        ureq::put(url.as_str()).send(bytes).unwrap();
    }

    pub(crate) fn get(&self, name: &str) -> Option<Vec<u8>> {
        let (bucket, credentials) = self.bucket();
        let url = bucket.get_object(Some(&credentials), name).sign(PATIENCE);
        ureq::get(url.as_str()).call().ok()?.body_mut().read_to_vec().ok()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The server that AWS clients in Python are tested with; it knows conditional
/// writes and looks at no signature.
pub(crate) fn moto() -> Option<Server> {
    tell("moto", start_moto())
}

/// A server from npm that knows no conditional writes, and checks who signs.
pub(crate) fn s3rver() -> Option<Server> {
    tell("s3rver", start_s3rver())
}

/// What was started, or the reason why it was not, for those who read along.
pub(crate) fn tell<T>(name: &str, started: Result<T, String>) -> Option<T> {
    started.inspect_err(|reason| eprintln!("SKIPPED: {name}: {reason}")).ok()
}

fn start_moto() -> Result<Server, String> {
    let dir = install("moto", |dir| {
        run(Command::new("python3").args(["-m", "venv"]).arg(dir))?;
        run(Command::new(dir.join("bin/pip")).args(["install", "--quiet", MOTO]))
    })?;
    let (home, port) = (tempfile::tempdir().unwrap(), free_port());
    let mut command = Command::new(dir.join("bin/moto_server"));
    command.args(["-H", "127.0.0.1", "-p", &port.to_string()]).current_dir(home.path());
    let child = listening(command, port)?;
    let server = Server { child, _dir: home, url: format!("http://127.0.0.1:{port}"), key: "testing" };
    let (bucket, credentials) = server.bucket();
    let made = ureq::put(bucket.create_bucket(&credentials).sign(PATIENCE).as_str()).send_empty();
    made.map_err(|e| format!("the bucket can't be made: {e}"))?;
    Ok(server)
}

fn start_s3rver() -> Result<Server, String> {
    let dir = install("s3rver", |dir| {
        let npm = ["install", "--no-audit", "--no-fund", "--no-save", "--prefix"];
        run(Command::new("npm").args(npm).arg(dir).arg(S3RVER))
    })?;
    let (home, port) = (tempfile::tempdir().unwrap(), free_port());
    let mut command = Command::new(dir.join("node_modules/.bin/s3rver"));
    command
        .args(["-a", "127.0.0.1", "-p", &port.to_string(), "--configure-bucket", "b", "-d"])
        .arg(home.path());
    let child = listening(command, port)?;
    Ok(Server { child, _dir: home, url: format!("http://127.0.0.1:{port}"), key: "S3RVER" })
}

/// A folder into which something was installed once, kept between runs.
pub(crate) fn install(
    name: &str,
    install: impl FnOnce(&Path) -> Result<(), String>,
) -> Result<PathBuf, String> {
    let beside = || Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("real-tools");
    let cache = std::env::var_os("SFS_TEST_TOOLS").map_or_else(beside, PathBuf::from);
    let dir = cache.join(name);
    fs::create_dir_all(&dir).map_err(|e| format!("cannot create its folder: {e}"))?;
    let lock = File::create(dir.join("lock")).map_err(|e| format!("cannot create a lock: {e}"))?;
    lock.lock().map_err(|e| format!("cannot lock its folder: {e}"))?;
    if !dir.join("done").exists() {
        install(&dir)?;
        fs::write(dir.join("done"), "").map_err(|e| e.to_string())?;
    }
    Ok(dir)
}

/// Runs a program to its end.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().map_err(|e| format!("cannot run {name}: {e}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("{name} fails: {}", String::from_utf8_lossy(&output.stderr))),
    }
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Starts a server, and waits until it listens.
pub(crate) fn listening(mut command: Command, port: u16) -> Result<Child, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|e| format!("cannot start {name}: {e}"))?;
    for _ in 0..PATIENCE.as_millis() / GLANCE.as_millis() {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Ok(child);
        }
        if let Ok(Some(status)) = child.try_wait() {
            return Err(format!("{name} ends at once: {status}"));
        }
        std::thread::sleep(GLANCE);
    }
    drop(child.kill());
    drop(child.wait());
    Err(format!("{name} doesn't listen"))
}

//! Containers of Azurite, the server that Azure's own clients are tested with,
//! by a shared access signature and by the account's key.

use std::process::{Child, Command};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::contract::{Inside, check, opened};
use super::servers::{free_port, install, listening, run, tell};
use super::world::{Machine, round_trip};

/// The version that the tests were written against.
const AZURITE: &str = "azurite@3.35.0";
const KEY: &str = "c2VjcmV0IGtleQ==";

/// A server with an account `account1`, its key, and a container `c`.
struct Azurite {
    child: Child,
    _dir: tempfile::TempDir,
    url: String,
    sas: String,
}

impl Azurite {
    fn address(&self, prefix: &str) -> String {
        format!("azure://account1/c/{prefix}?endpoint={}", self.url)
    }

    /// The URL of an object for somebody who has the signature.
    fn object(&self, name: &str) -> String {
        let name = name.replace(' ', "%20");
        format!("{}/c/{name}?{}", self.url, self.sas)
    }
}

impl Drop for Azurite {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn azurite() -> Result<Azurite, String> {
    let tool = install("azurite", |dir| {
        let npm = ["install", "--no-audit", "--no-fund", "--no-save", "--prefix"];
        run(Command::new("npm").args(npm).arg(dir).arg(AZURITE))
    })?;
    let (dir, port) = (tempfile::tempdir().unwrap(), free_port());
    let mut command = Command::new(tool.join("node_modules/.bin/azurite-blob"));
    command.env("AZURITE_ACCOUNTS", format!("account1:{KEY}")).current_dir(dir.path());
    command.args([
        "--silent",
        "--disableTelemetry",
        "--inMemoryPersistence",
        "--blobPort",
        &port.to_string(),
    ]);
    let (child, url) = (listening(command, port)?, format!("http://127.0.0.1:{port}/account1"));
    let server = Azurite { child, _dir: dir, url, sas: signature("rwdlac") };
    let made = ureq::put(format!("{}/c?restype=container&{}", server.url, server.sas)).send_empty();
    made.map_err(|e| format!("the container can't be made: {e}"))?;
    Ok(server)
}

/// A signature for all of the account, with these permissions.
fn signature(permissions: &str) -> String {
    let (until, version) = ("2099-01-01T00:00:00Z", "2020-10-02");
    let to_sign = format!("account1\n{permissions}\nb\nsco\n\n{until}\n\nhttps,http\n{version}\n");
    let mut mac = Hmac::<Sha256>::new_from_slice(&STANDARD.decode(KEY).unwrap()).unwrap();
    mac.update(to_sign.as_bytes());
    let sig = STANDARD.encode(mac.finalize().into_bytes());
    let sig = sig.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    format!("sv={version}&ss=b&srt=sco&sp={permissions}&se={until}&spr=https,http&sig={sig}")
}

/// The container, looked into below a prefix.
struct Below<'a>(&'a Azurite, &'a str);

impl Inside for Below<'_> {
    fn put_stranger(&self, name: &str) {
        let put = ureq::put(self.0.object(&format!("{}/{name}", self.1)));
        put.header("x-ms-blob-type", "BlockBlob").send("not ours").unwrap();
    }

    fn look(&self, name: &str) -> Option<Vec<u8>> {
        let get = ureq::get(self.0.object(&format!("{}/{name}", self.1)));
        get.call().ok()?.body_mut().read_to_vec().ok()
    }
}

#[test]
fn containers_of_azurite() {
    let Some(server) = tell("Azurite", azurite()) else { return };
    let dir = tempfile::tempdir().unwrap();
    let by_sas = [("AZURE_STORAGE_SAS_TOKEN", server.sas.as_str())];
    let by_key = [("AZURE_STORAGE_KEY", KEY)];
    for (vars, prefix) in [(&by_sas, "by a sas"), (&by_key, "by-key")] {
        check(&*opened(&server.address(prefix), vars, dir.path()), &Below(&server, prefix));
        round_trip(&dir.path().join(prefix), vars, &server.address(&format!("{prefix}/other")));
    }
    // Who may not, and where nothing is.
    let wrong = [("AZURE_STORAGE_KEY", "d3Jvbmc=")];
    let nobody = Machine::with_session(dir.path().join("nobody"), &wrong, 3);
    let said = nobody.fails(&["clone", &server.address("by-key/other")]);
    assert!(said.contains("refuses") && !said.contains("d3Jvbmc"), "{said}");
    let reader = signature("rl");
    let reader = [("AZURE_STORAGE_SAS_TOKEN", reader.as_str())];
    let reader = Machine::with_session(dir.path().join("reader"), &reader, 3);
    reader.ok(&["remote", "add", "origin", &server.address("reader")]);
    let said = reader.fails(&["push"]);
    assert!(said.contains("refuses") && !said.contains("sig="), "{said}");
    let a = Machine::with_session(dir.path().join("a"), &by_key, 3);
    a.ok(&["remote", "add", "origin", &format!("azure://account1/none?endpoint={}", server.url)]);
    let said = a.fails(&["push"]);
    assert!(
        said.contains("there is no remote at azure://account1/none") && said.contains("container"),
        "{said}"
    );
    let poor = Machine::with_session(dir.path().join("poor"), &[], 3);
    let said = poor.fails(&["remote", "add", "origin", "azure://account1/c"]);
    assert!(said.contains("AZURE_STORAGE_SAS_TOKEN") && said.contains("AZURE_STORAGE_KEY"), "{said}");
    let far = Machine::new(dir.path().join("far"), &by_sas);
    let said = far.fails(&["clone", "azure://account1/c?endpoint=http://sfs.invalid"]);
    assert!(said.contains("anybody on the way can read"), "{said}");
}

//! Real servers that speak WebDAV, each with an empty folder, a user `me` and
//! the password `secret`. One comes from PyPI; the others are used where the
//! system has them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use super::servers::{free_port, install, listening, run, tell};

/// The version that the tests were written against.
const WSGIDAV: [&str; 2] = ["wsgidav==4.3.3", "cheroot==10.0.1"];
/// `me` and `secret`, as all of them read it.
const PASSWORDS: &str = "me:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n";

/// A server for a folder.
pub(crate) struct DavServer {
    child: Child,
    dir: tempfile::TempDir,
    port: u16,
}

impl DavServer {
    pub(crate) fn address(&self, name: &str) -> String {
        format!("webdav://127.0.0.1:{}/{name}", self.port)
    }

    /// The folder that it serves.
    pub(crate) fn root(&self) -> PathBuf {
        self.dir.path().join("root")
    }
}

impl Drop for DavServer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// All that can be started here, by name.
pub(crate) fn all() -> Vec<(&'static str, DavServer)> {
    let found = [
        ("wsgidav", tell("wsgidav", wsgidav())),
        ("Apache", tell("Apache", apache())),
        ("nginx", tell("nginx", nginx())),
        ("lighttpd", tell("lighttpd", lighttpd())),
        ("rclone", tell("rclone", rclone())),
    ];
    found.into_iter().filter_map(|(name, server)| Some((name, server?))).collect()
}

/// Starts a server with a folder and a port of its own.
fn start(command: impl FnOnce(&Path, u16) -> Result<Command, String>) -> Result<DavServer, String> {
    let (dir, port) = (tempfile::tempdir().unwrap(), free_port());
    fs::create_dir(dir.path().join("root")).unwrap();
    fs::write(dir.path().join("passwords"), PASSWORDS).unwrap();
    // Some serve as a user of their own when they are started by root.
    #[cfg(unix)]
    for folder in [dir.path(), &dir.path().join("root")] {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
    }
    let mut command = command(dir.path(), port)?;
    command.current_dir(dir.path());
    Ok(DavServer { child: listening(command, port)?, dir, port })
}

/// A program that the system may have, and not on everybody's `PATH`.
fn program(name: &str) -> Result<PathBuf, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    let found = folders.map(|folder| folder.join(name)).find(|path| path.is_file());
    found.ok_or_else(|| format!("{name} is not installed"))
}

fn written(dir: &Path, name: &str, text: &str) -> Result<PathBuf, String> {
    let path = dir.join(name);
    let text = text.replace("{DIR}", dir.to_str().unwrap());
    fs::write(&path, text).map(|()| path).map_err(|e| e.to_string())
}

fn wsgidav() -> Result<DavServer, String> {
    let tool = install("wsgidav", |dir| {
        run(Command::new("python3").args(["-m", "venv"]).arg(dir))?;
        run(Command::new(dir.join("bin/pip")).args(["install", "--quiet"]).args(WSGIDAV))
    })?;
    start(|dir, port| {
        let text = r#"{"host": "127.0.0.1", "port": PORT, "provider_mapping": {"/": "{DIR}/root"},
            "http_authenticator": {"accept_basic": true, "accept_digest": false, "default_to_digest": false},
            "simple_dc": {"user_mapping": {"*": {"me": {"password": "secret"}}}}}"#;
        let config = written(dir, "wsgidav.json", &text.replace("PORT", &port.to_string()))?;
        let mut command = Command::new(tool.join("bin/wsgidav"));
        command.arg("--config").arg(config);
        Ok(command)
    })
}

fn apache() -> Result<DavServer, String> {
    let (program, modules) = (program("apache2")?, "/usr/lib/apache2/modules");
    start(|dir, port| {
        let mut text = String::new();
        for name in [
            "mpm_event",
            "authn_core",
            "authn_file",
            "authz_core",
            "authz_user",
            "auth_basic",
            "dav",
            "dav_fs",
        ] {
            let path = format!("{modules}/mod_{name}.so");
            if !Path::new(&path).exists() {
                return Err(format!("{path} is not installed"));
            }
            text += &format!("LoadModule {name}_module {path}\n");
        }
        text += &format!(
            "ServerName localhost\nListen 127.0.0.1:{port}\nUser www-data\nGroup www-data\nPidFile {{DIR}}/pid\n\
             DefaultRuntimeDir {{DIR}}\nErrorLog {{DIR}}/errors\nDocumentRoot {{DIR}}/root\n\
             DavLockDB {{DIR}}/root/.locks\nDavDepthInfinity off\n\
             <Location />\nDav On\nAuthType Basic\nAuthName x\nAuthUserFile {{DIR}}/passwords\n\
             Require valid-user\n</Location>\n"
        );
        let mut command = Command::new(program);
        command.args(["-X", "-f"]).arg(written(dir, "apache.conf", &text)?);
        Ok(command)
    })
}

fn nginx() -> Result<DavServer, String> {
    let (program, module) = (program("nginx")?, "/usr/lib/nginx/modules/ngx_http_dav_ext_module.so");
    if !Path::new(module).exists() {
        return Err(format!("{module} is not installed"));
    }
    start(|dir, port| {
        let text = format!(
            "load_module {module};\nworker_processes 1;\ndaemon off;\nmaster_process off;\npid {{DIR}}/pid;\n\
             error_log {{DIR}}/errors;\nevents {{}}\nhttp {{\naccess_log off;\n\
             client_body_temp_path {{DIR}}/body;\nclient_max_body_size 0;\n\
             fastcgi_temp_path {{DIR}}/f;\nproxy_temp_path {{DIR}}/p;\nscgi_temp_path {{DIR}}/s;\n\
             uwsgi_temp_path {{DIR}}/u;\n\
             server {{\nlisten 127.0.0.1:{port};\nroot {{DIR}}/root;\nlocation / {{\n\
             dav_methods PUT DELETE MKCOL COPY MOVE;\ndav_ext_methods PROPFIND OPTIONS;\n\
             auth_basic x;\nauth_basic_user_file {{DIR}}/passwords;\n}}\n}}\n}}\n"
        );
        let mut command = Command::new(program);
        command.arg("-p").arg(dir).arg("-c").arg(written(dir, "nginx.conf", &text)?);
        Ok(command)
    })
}

fn lighttpd() -> Result<DavServer, String> {
    let program = program("lighttpd")?;
    start(|dir, port| {
        written(dir, "plain", "me:secret\n")?;
        let text = format!(
            "server.modules = (\"mod_auth\", \"mod_authn_file\", \"mod_webdav\")\nserver.bind = \"127.0.0.1\"\n\
             server.port = {port}\nserver.document-root = \"{{DIR}}/root\"\n\
             server.upload-dirs = (\"{{DIR}}\")\nserver.errorlog = \"{{DIR}}/errors\"\n\
             webdav.activate = \"enable\"\nauth.backend = \"plain\"\n\
             auth.backend.plain.userfile = \"{{DIR}}/plain\"\n\
             auth.require = (\"/\" => (\"method\" => \"basic\", \"realm\" => \"x\", \"require\" => \"valid-user\"))\n"
        );
        let mut command = Command::new(program);
        command.arg("-D").arg("-f").arg(written(dir, "lighttpd.conf", &text)?);
        Ok(command)
    })
}

fn rclone() -> Result<DavServer, String> {
    let program = program("rclone")?;
    start(|dir, port| {
        let mut command = Command::new(program);
        command.args([
            "serve",
            "webdav",
            "--user",
            "me",
            "--pass",
            "secret",
            "--dir-cache-time",
            "1ns",
            "--addr",
        ]);
        command.arg(format!("127.0.0.1:{port}")).arg(dir.join("root"));
        command.arg("--config").arg(dir.join("rclone.conf"));
        Ok(command)
    })
}

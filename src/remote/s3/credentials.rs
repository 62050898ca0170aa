//! What requests are signed with: the environment's, or those of a profile
//! that the user named. No other file is looked into.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rusty_s3::Credentials;

use crate::remote::{Around, RemoteError, S3Address};

/// Where a bucket is if nothing says so.
const REGION: &str = "us-east-1";

/// What was found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) credentials: Credentials,
    pub(super) region: String,
    /// The server, unless it is Amazon's.
    pub(super) endpoint: Option<String>,
}

/// Looks for credentials; what the address says comes first.
pub(super) fn find(address: &S3Address, around: Around<'_>, place: &str) -> Result<Found, RemoteError> {
    let var = |name: &str| around.vars.get(name).filter(|value| !value.is_empty()).cloned();
    let none = |what: String| RemoteError::NoCredentials { place: place.to_owned(), what };
    let profile = match &address.profile {
        Some(name) => Some(profile(name, around).map_err(none)?),
        None => None,
    };
    let setting = |key: &str, names: &[&str]| match &profile {
        Some(profile) => profile.get(key).cloned(),
        None => names.iter().find_map(|name| var(name)),
    };
    let key = setting("aws_access_key_id", &["AWS_ACCESS_KEY_ID"]);
    let secret = setting("aws_secret_access_key", &["AWS_SECRET_ACCESS_KEY"]);
    let (Some(key), Some(secret)) = (key, secret) else {
        return Err(none(match &address.profile {
            Some(name) => format!("profile {name:?} has no aws_access_key_id and aws_secret_access_key"),
            None => "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set".to_owned(),
        }));
    };
    let credentials = match setting("aws_session_token", &["AWS_SESSION_TOKEN"]) {
        Some(token) => Credentials::new_with_token(key, secret, token),
        None => Credentials::new(key, secret),
    };
    let region = address.region.clone().or_else(|| setting("region", &["AWS_REGION", "AWS_DEFAULT_REGION"]));
    let endpoint = address.endpoint.clone();
    let endpoint = endpoint.or_else(|| setting("endpoint_url", &["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]));
    Ok(Found { credentials, region: region.unwrap_or_else(|| REGION.to_owned()), endpoint })
}

/// The settings of a profile, of both files that they are kept in.
fn profile(name: &str, around: Around<'_>) -> Result<BTreeMap<String, String>, String> {
    let file = |var: &str, usual: &str| match around.vars.get(var).filter(|path| !path.is_empty()) {
        Some(path) => PathBuf::from(path),
        None => around.home.join(".aws").join(usual),
    };
    let (config, secret) =
        (file("AWS_CONFIG_FILE", "config"), file("AWS_SHARED_CREDENTIALS_FILE", "credentials"));
    let section = if name == "default" { name.to_owned() } else { format!("profile {name}") };
    let mut found = None;
    for (path, section) in [(&config, section.as_str()), (&secret, name)] {
        if let Ok(text) = std::fs::read_to_string(path)
            && let Some(settings) = section_of(&text, section)
        {
            found.get_or_insert_with(BTreeMap::new).extend(settings);
        }
    }
    found.ok_or_else(|| {
        format!("there is no profile {name:?} in {} or {}", secret.display(), config.display())
    })
}

/// The settings in a section of an ini file.
fn section_of(text: &str, wanted: &str) -> Option<BTreeMap<String, String>> {
    let (mut found, mut inside) = (None, false);
    for line in text.lines().filter(|line| !line.trim_start().starts_with(['#', ';'])) {
        if let Some(head) = line.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            inside = head.trim() == wanted;
            if inside {
                found.get_or_insert_with(BTreeMap::new);
            }
        } else if let (true, Some(settings), Some((key, value))) = (inside, &mut found, line.split_once('='))
        {
            settings.insert(key.trim().to_owned(), value.trim().to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::remote::Address;

    fn found(address: &str, vars: &[(&str, &str)], home: &Path) -> Result<Found, RemoteError> {
        let Ok(Address::S3(address)) = Address::parse(address) else { panic!("{address}") };
        let vars = vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        find(&address, Around { vars: &vars, home }, "s3://b")
    }

    #[test]
    fn a_profile_counts_only_when_it_is_named() {
        let home = tempfile::tempdir().unwrap();
        let aws = home.path().join(".aws");
        std::fs::create_dir(&aws).unwrap();
        let secret = "# x\n[default]\naws_access_key_id=D\naws_secret_access_key=d\n[work]\n\
             aws_access_key_id = W\naws_secret_access_key = w=w\n";
        std::fs::write(aws.join("credentials"), secret).unwrap();
        std::fs::write(aws.join("config"), "[profile work]\nregion = eu-x\nendpoint_url = http://h\n")
            .unwrap();
        assert!(matches!(found("s3://b", &[], home.path()), Err(RemoteError::NoCredentials { .. })));
        let work =
            found("s3://b?profile=work&region=own", &[("AWS_ACCESS_KEY_ID", "E")], home.path()).unwrap();
        assert_eq!((work.credentials.key(), work.credentials.secret()), ("W", "w=w"));
        assert_eq!((work.region.as_str(), work.endpoint.as_deref()), ("own", Some("http://h")));
        let default = found("s3://b?profile=default", &[], home.path()).unwrap();
        assert_eq!((default.credentials.key(), default.region.as_str()), ("D", REGION));
        let error = found("s3://b?profile=none", &[], home.path()).unwrap_err().to_string();
        assert!(error.contains("none") && error.contains(".aws"), "{error}");
    }

    #[test]
    fn the_environment_has_them_all() {
        let vars = [
            ("AWS_ACCESS_KEY_ID", "k"),
            ("AWS_SECRET_ACCESS_KEY", "s"),
            ("AWS_SESSION_TOKEN", "t"),
            ("AWS_REGION", "r"),
            ("AWS_ENDPOINT_URL", "http://e"),
        ];
        let found = found("s3://b", &vars, Path::new("/")).unwrap();
        assert_eq!((found.credentials.key(), found.credentials.token()), ("k", Some("t")));
        assert_eq!((found.region.as_str(), found.endpoint.as_deref()), ("r", Some("http://e")));
    }
}

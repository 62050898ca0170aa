//! The user's rules: `secrets.toml` in the configuration folder.
//!
//! ```toml
//! off = ["jwt"]                    # built-in rules that are not wanted
//! allow = ['^EXAMPLE']             # patterns of what is no secret
//!
//! [[rule]]
//! name = "acme"                    # small letters, digits, dashes
//! pattern = 'acme_[a-z0-9]{32}'    # the first group, if any, is the secret
//! ```

use std::path::PathBuf;

use serde::Deserialize;

use super::SecretsError;
use crate::redact::{Scanner, UserRule, UserRules};
use crate::tool::Places;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rule: Vec<Rule>,
    #[serde(default)]
    allow: Vec<String>,
    #[serde(default)]
    off: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    name: String,
    pattern: String,
}

/// Where the rules are looked for.
pub fn path(places: &Places) -> PathBuf {
    let config = places.var("XDG_CONFIG_HOME").filter(|dir| dir.is_absolute());
    config.unwrap_or_else(|| places.home.join(".config")).join("sfs").join("secrets.toml")
}

/// The scanner with the user's rules, if there are any.
pub(super) fn scanner(places: &Places) -> Result<Scanner, SecretsError> {
    let path = path(places);
    let user = match std::fs::read_to_string(&path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => UserRules::default(),
        Err(source) => return Err(SecretsError::Unreadable { path, source }),
        Ok(text) => match toml::from_str::<File>(&text) {
            Err(e) => return Err(SecretsError::Malformed { path, what: e.to_string() }),
            Ok(File { rule, allow, off }) => {
                let rules = rule.into_iter().map(|r| UserRule { name: r.name, pattern: r.pattern }).collect();
                UserRules { rules, allow, off }
            }
        },
    };
    Scanner::new(&user).map_err(|source| SecretsError::Rule { path, source })
}

//! The user's settings where the command line says nothing: a setting that an
//! option has stands in as its default.

use std::path::PathBuf;

use clap::Command;

use super::CommandError;
use super::error::USAGE;
use crate::ops::settings::{Settings, SettingsError};
use crate::tool::Places;

/// Settings that are an option's default: the key, the command, the option.
const OPTIONS: &[(&str, &[&str], &str)] = &[
    ("color", &[], "color"),
    ("gc.grace", &["gc"], "grace"),
    ("gc.level", &["gc"], "level"),
    ("gc.retain", &["gc"], "retain"),
    ("push.redact", &["bundle", "create"], "redact"),
    ("push.redact", &["push"], "redact"),
    ("push.redact", &["share"], "redact"),
    ("remote", &["fetch"], "remote"),
    ("remote", &["pull"], "remote"),
    ("remote", &["push"], "remote"),
    ("remote", &["remote", "key"], "remote"),
    ("remote", &["remote", "publish"], "name"),
    ("resume.budget", &["resume"], "budget"),
    ("resume.history", &["resume"], "history"),
    ("resume.in", &["resume"], "tool"),
    ("search.max-count", &["search"], "most"),
    ("search.sort", &["search"], "sort"),
    ("serve.port", &["serve"], "port"),
    ("stats.by", &["stats"], "by"),
    ("ui.mouse", &["ui"], "mouse"),
];

/// The command line with what the file and `-c` say as defaults of options.
pub(crate) fn defaults(command: Command, settings: &Settings) -> Command {
    settings.chosen().fold(command, |command, (key, value)| {
        let options = OPTIONS.iter().filter(|(name, ..)| *name == key);
        options.fold(command, |command, (_, path, option)| default(command, path, option, value))
    })
}

fn default(command: Command, path: &[&str], option: &str, value: &str) -> Command {
    let value = value.to_owned();
    match path.split_first() {
        // Another command is meant.
        Some((first, _)) if command.find_subcommand(first).is_none() => command,
        Some((first, rest)) => command.mut_subcommand(first, |inner| default(inner, rest, option, &value)),
        None => command.mut_arg(option, |arg| arg.default_value(value)),
    }
}

/// The store that is set, if one is.
pub(crate) fn store(places: &Places, settings: &Settings) -> Option<PathBuf> {
    let said = settings.said("store")?;
    Some(match said.strip_prefix("~/") {
        Some(rest) => places.home.join(rest),
        None => PathBuf::from(said),
    })
}

/// The pager with its options.
pub(crate) fn pager(places: &Places, settings: &Settings) -> String {
    let usual = places.vars.get("PAGER").map(String::as_str);
    let line = settings.said("pager").or(usual).filter(|line| !line.trim().is_empty());
    line.unwrap_or("less -FRX").to_owned()
}

/// An error with advice.
pub(crate) fn failed(error: SettingsError) -> CommandError {
    let hint = match &error {
        SettingsError::Unknown { near: Some(near), .. } => {
            format!("is {near} meant? `sfs config list` lists all")
        }
        SettingsError::Unknown { near: None, .. } => "`sfs config list` lists all".to_owned(),
        SettingsError::Value { key, path: Some(path), .. } => {
            format!("that is what {} says; `sfs config unset {}` takes it out", path.display(), key.name)
        }
        SettingsError::Value { path: None, .. } => "`sfs help config` tells what each may be".to_owned(),
        SettingsError::Form(_) => "as in `-c gc.level=19`".to_owned(),
        SettingsError::Syntax { .. } => {
            "mend it by hand, or move it away: without it nothing is set".to_owned()
        }
        SettingsError::Io { .. } => "`SFS_CONFIG_DIR` names another folder for it".to_owned(),
    };
    let is_usage = matches!(
        error,
        SettingsError::Unknown { .. } | SettingsError::Form(_) | SettingsError::Value { path: None, .. }
    );
    let error = CommandError::from(error).hint(hint);
    if is_usage { error.with_code(USAGE) } else { error }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;
    use crate::ops::settings::{KEYS, Kind};

    /// Values that a kind allows, at its edges.
    fn samples(kind: Kind) -> Vec<String> {
        match kind {
            Kind::Switch => vec!["true".into(), "false".into()],
            Kind::Choice(words) => words.iter().map(|word| (*word).to_owned()).collect(),
            Kind::Number(least, most) => vec![least.to_string(), most.to_string()],
            Kind::Path => vec!["/x".into(), "~/x".into()],
            Kind::Words => vec!["some words".into()],
            Kind::Tool => crate::tool::TOOLS.iter().map(|tool| tool.name().to_owned()).collect(),
            Kind::Age => vec!["10m".into(), "12h".into(), "7d".into()],
            Kind::Part => vec!["all".into(), "compacted".into(), "5".into()],
        }
    }

    #[test]
    fn options_take_whatever_their_settings_allow() {
        for key in KEYS {
            for value in samples(key.kind) {
                let given = [format!("{}={value}", key.name)];
                let nowhere = std::path::Path::new("/nowhere/config.toml");
                let settings = Settings::read(nowhere, &Default::default(), &given).unwrap();
                let command = defaults(Cli::command(), &settings);
                command.clone().debug_assert();
                for (_, path, option) in OPTIONS.iter().filter(|(name, ..)| *name == key.name) {
                    let found = path.iter().try_fold(&command, |at, name| at.find_subcommand(name)).unwrap();
                    let arg = found.get_arguments().find(|arg| arg.get_id() == option).unwrap();
                    assert_eq!(arg.get_default_values(), [value.as_str()], "{}", key.name);
                }
            }
        }
    }

    #[test]
    fn defaults_that_are_told_are_those_of_the_options() {
        for (name, path, option) in OPTIONS {
            let command = Cli::command();
            let found = path.iter().try_fold(&command, |at, name| at.find_subcommand(name)).unwrap();
            let arg = found.get_arguments().find(|arg| arg.get_id() == option).unwrap();
            let default = arg.get_default_values().first().map_or("", |value| value.to_str().unwrap());
            let key = KEYS.iter().find(|key| key.name == *name).unwrap();
            let told = if key.default == "false" { "" } else { key.default };
            assert_eq!(told, default, "{name}");
        }
    }
}

//! Settings in force, as a transcript tells of them, under names that are the
//! same for every tool.
//!
//! Only what stands in the records counts: what lies beside them may be
//! another on the next look, and the same records must make the same commits.

use crate::object::json::{Type, Value};
use crate::tool::StepFacts;

/// What the model may do unasked, in the tool's own words.
pub const PERMISSIONS: &str = "permissions";
/// What commands are kept from, in the tool's own words.
pub const SANDBOX: &str = "sandbox";
/// How much the model is to think.
pub const EFFORT: &str = "effort";
/// How it works: planning, building, …
pub const MODE: &str = "mode";
/// Who runs the model.
pub const PROVIDER: &str = "provider";
/// The version of the tool.
pub const VERSION: &str = "version";
/// The working directory.
pub const CWD: &str = "cwd";
/// The git branch.
pub const BRANCH: &str = "branch";

/// Longer values are none.
const VALUE_MAX: usize = 4096;

/// Settings that a record tells, later ones over earlier ones. An empty value
/// says that there is none any more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings(Vec<(&'static str, String)>);

impl Settings {
    /// Tells whether nothing is told.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All that is told, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// Tells a setting.
    pub fn say(&mut self, name: &'static str, value: impl Into<String>) {
        let value = value.into();
        if value.len() <= VALUE_MAX {
            self.0.push((name, value));
        }
    }

    /// Tells a setting that stands in a record: a string, or `null` for none.
    /// Anything else says nothing.
    pub fn read(&mut self, name: &'static str, value: Option<Value<'_>>) {
        match value {
            Some(value) if value.is_null() => self.say(name, ""),
            Some(value) if value.kind() == Type::String && value.raw().len() <= VALUE_MAX => {
                self.say(name, value.str().unwrap_or_default());
            }
            _ => {}
        }
    }

    /// Tells what the facts of a record tell: for a reader whose facts all
    /// stand in the records.
    pub fn facts(&mut self, facts: &StepFacts) {
        let facts = [(CWD, &facts.cwd), (BRANCH, &facts.git_branch), (VERSION, &facts.version)];
        for (name, value) in facts {
            if let Some(value) = value {
                self.say(name, value.as_str());
            }
        }
    }
}

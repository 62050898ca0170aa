//! List: the sessions that are looked for.

use std::path::PathBuf;

use super::Env;
use super::session::{self, SessionInfo};
use crate::store::Store;

/// Which sessions are listed.
#[derive(Clone, Debug, Default)]
pub struct ListOptions {
    /// Those of every directory.
    pub all: bool,
    /// Those of this directory instead of the user's.
    pub project: Option<PathBuf>,
    /// Only those that this tool carried.
    pub tool: Option<String>,
    /// Only those with a record since then, in milliseconds since 1970.
    pub since: Option<i64>,
    /// Only those with this in their title or name.
    pub text: Option<String>,
}

/// The sessions that were found.
#[derive(Clone, Debug, Default)]
pub struct Listed {
    /// They, the one last worked on first.
    pub sessions: Vec<SessionInfo>,
    /// How many the store has in all.
    pub total: usize,
}

/// Finds sessions.
pub fn list(env: &Env, store: &Store, options: &ListOptions) -> Listed {
    let mut all = session::sessions(store);
    let total = all.len();
    if !options.all {
        let dir = options.project.as_ref().map_or_else(|| env.cwd.clone(), |dir| env.resolve(dir));
        all = session::of_directory(env, &all, &dir).into_iter().cloned().collect();
    }
    all.retain(|session| is_wanted(session, options));
    Listed { sessions: all, total }
}

fn is_wanted(session: &SessionInfo, options: &ListOptions) -> bool {
    let holds = |text: &String| {
        let text = text.to_lowercase();
        [session.title.as_str(), session.name.as_deref().unwrap_or_default()]
            .iter()
            .any(|words| words.to_lowercase().contains(&text))
    };
    options.tool.as_ref().is_none_or(|tool| session.tools.contains(tool))
        && options.since.is_none_or(|since| session.updated_at.is_some_and(|at| at >= since))
        && options.text.as_ref().is_none_or(holds)
}

/// The moment that `7d`, `12h`, `2026-01-01` or an RFC 3339 time means, in
/// milliseconds since 1970; days are those of the user's clock.
pub fn moment(now: i64, text: &str) -> Option<i64> {
    let (digits, unit) = text.split_at(text.bytes().take_while(u8::is_ascii_digit).count());
    let seconds = match unit {
        "m" | "min" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        _ => 0,
    };
    if seconds > 0 {
        let back = digits.parse::<i64>().ok()?.checked_mul(seconds * 1000)?;
        return now.checked_sub(back);
    }
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(at.as_millisecond());
    }
    let zone = jiff::tz::TimeZone::system();
    let zoned = match text.parse::<jiff::civil::DateTime>() {
        Ok(time) => time.to_zoned(zone).ok()?,
        Err(_) => text.parse::<jiff::civil::Date>().ok()?.to_zoned(zone).ok()?,
    };
    Some(zoned.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::sample::Sample;

    #[test]
    fn moments_are_understood() {
        assert_eq!(moment(1_000_000_000, "7d"), Some(1_000_000_000 - 7 * 86_400_000));
        assert_eq!(moment(0, "2026-01-01T00:00:00Z"), Some(1_767_225_600_000));
        assert!(moment(0, "2026-01-01").is_some());
        for odd in ["", "d", "7", "yesterday", "99999999999999999999d", "2026-13-01"] {
            assert_eq!(moment(0, odd), None, "{odd}");
        }
    }

    #[test]
    fn sessions_of_the_directory_are_found_unless_all_are_asked_for() {
        let mut sample = Sample::new();
        let (a, b) = (sample.turns(None, &["a"]), sample.turns(None, &["b", "c"]));
        sample.session("first", sample.env.cwd.join("sub"), a);
        sample.session("second", "/elsewhere".into(), b);
        let natives = |options: &ListOptions| {
            let found = list(&sample.env, &sample.store, options);
            assert_eq!(found.total, 2);
            found.sessions.into_iter().map(|s| s.native_id).collect::<Vec<_>>()
        };
        let none = ListOptions::default;
        assert_eq!(natives(&none()), ["first"]);
        assert_eq!(natives(&ListOptions { all: true, ..none() }), ["second", "first"]);
        assert_eq!(natives(&ListOptions { project: Some("/elsewhere/x".into()), ..none() }), ["second"]);
        assert_eq!(natives(&ListOptions { all: true, since: Some(4), ..none() }), ["second"]);
        let text = Some("OF FIRST".into());
        assert_eq!(natives(&ListOptions { all: true, text, ..none() }), ["first"]);
        assert!(natives(&ListOptions { tool: Some("other".into()), ..none() }).is_empty());
    }
}

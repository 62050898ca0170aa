//! The command that is meant. To describe all of them to clap takes a
//! millisecond, so where one is typed first it alone is described.

use std::cell::RefCell;
use std::ffi::OsString;
use std::ops::Deref;

use clap::{ArgMatches, Command, Error, FromArgMatches};

thread_local! {
    /// What is typed first, while the command line is described.
    static TYPED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Describes the command line for what was typed: with one command if that
/// stands first, else with all.
pub(super) fn describe(args: &[OsString], describe: impl FnOnce() -> Command) -> Command {
    let typed = args.get(1).and_then(|word| word.to_str()).map(str::to_owned);
    TYPED.set(typed);
    let command = describe();
    TYPED.set(None);
    command
}

/// Commands, of which one may be meant.
pub(super) struct Meant<C>(C);

impl<C> Deref for Meant<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.0
    }
}

impl<C: FromArgMatches> FromArgMatches for Meant<C> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Meant<C>, Error> {
        C::from_arg_matches(matches).map(Meant)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches(matches)
    }
}

impl<C: clap::Subcommand> clap::Subcommand for Meant<C> {
    fn augment_subcommands(command: Command) -> Command {
        let typed = TYPED.with_borrow(Clone::clone);
        let one = typed.and_then(|typed| {
            let all = C::augment_subcommands(Command::new(""));
            all.find_subcommand(&typed).cloned()
        });
        match one {
            Some(one) => command.subcommand(one),
            None => {
                // A typed word that is none would leave them all without their arguments.
                TYPED.set(None);
                C::augment_subcommands(command)
            }
        }
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        C::has_subcommand(name)
    }
}

/// The arguments of a command, which are left out if another is typed.
pub(super) struct Arguments<A>(A);

impl<A> Deref for Arguments<A> {
    type Target = A;

    fn deref(&self) -> &A {
        &self.0
    }
}

impl<A: FromArgMatches> FromArgMatches for Arguments<A> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Arguments<A>, Error> {
        A::from_arg_matches(matches).map(Arguments)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches(matches)
    }
}

impl<A: clap::Args> clap::Args for Arguments<A> {
    fn augment_args(command: Command) -> Command {
        let is_other =
            TYPED.with_borrow(|typed| typed.as_ref().is_some_and(|typed| typed != command.get_name()));
        if is_other { command } else { A::augment_args(command) }
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn a_command_is_the_same_alone_and_among_the_others() {
        let mut all = Cli::command();
        all.build();
        let names: Vec<String> = all.get_subcommands().map(|one| one.get_name().to_owned()).collect();
        for name in names {
            let typed = ["sfs".into(), OsString::from(&name)];
            let mut alone = describe(&typed, Cli::command);
            alone.build();
            assert_eq!(alone.get_subcommands().count(), 1, "{name}");
            let help = |command: &mut Command| {
                command.find_subcommand_mut(&name).unwrap().render_long_help().to_string()
            };
            assert_eq!(help(&mut alone), help(&mut all), "{name}");
        }
        for typed in [&["sfs"][..], &["sfs", "logg"], &["sfs", "-q", "log"]] {
            let typed: Vec<OsString> = typed.iter().map(OsString::from).collect();
            assert_eq!(
                describe(&typed, Cli::command).get_subcommands().count(),
                all.get_subcommands().count()
            );
        }
    }
}

//! `sfs help`

use clap::CommandFactory;

use crate::cli::{App, Cli, CommandError, topics};

/// Explain a command, or a topic: revisions, remotes, tools, config
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The command and, if it has some, its own command; or the topic
    #[arg(value_name = "COMMAND|TOPIC")]
    words: Vec<String>,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let words: Vec<&str> = args.words.iter().map(String::as_str).collect();
    if let [word] = words.as_slice()
        && let Some(text) = topics::text(word)
    {
        app.ui.page();
        return Ok(app.ui.line(text.trim_end())?);
    }
    let mut command = Cli::command();
    command.build();
    for word in &words {
        let found = command.find_subcommand(word).cloned();
        command = found.ok_or_else(|| {
            CommandError::usage(format!("no command or topic is called {:?}", words.join(" ")))
                .hint("`sfs help` lists the commands")
                .hint(format!("topics are {}", topics::NAMES.join(", ")))
        })?;
    }
    app.ui.page();
    Ok(app.ui.line(command.render_long_help().ansi().to_string().trim_end())?)
}

//! `sfs serve-remote`

use std::io;

use crate::cli::{App, CommandError};
use crate::remote::serve;

/// Serve a remote to the `sfs` at the other end of an ssh connection
///
/// Speaks the protocol of docs/remote.md on standard input and output. It is
/// run by `sfs` of another machine, through ssh, and can be the forced command
/// of a key: `command="sfs serve-remote DIR" …` in `authorized_keys`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The remote's directory
    dir: std::path::PathBuf,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let root = app.env.cwd.join(&args.dir);
    serve(root, &mut io::stdin().lock(), &mut io::BufWriter::new(io::stdout().lock()))
        .map_err(|e| CommandError::message(format!("the other side can't be served: {e}")))
}

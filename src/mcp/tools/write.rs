//! Branches and tags, where the user allowed that they are made.

use super::super::failed::Failed;
use super::Call;
use crate::ops::branch::{self, TagOptions};

pub(super) fn fork(call: &mut Call<'_>) -> Result<String, Failed> {
    let (rev, name) = (call.args.text("rev").unwrap_or_default(), call.args.text("name"));
    let made = branch::fork(&call.env, &mut call.store, rev, name, false)?;
    Ok(format!("The branch {:.12}/{} stands for {}.\n", made.session, made.name, made.commit))
}

pub(super) fn tag(call: &mut Call<'_>) -> Result<String, Failed> {
    let text = |name| call.args.text(name).unwrap_or_default();
    let options = TagOptions { words: text("message").to_owned(), force: false };
    let made = branch::tag(&call.env, &mut call.store, text("name"), text("rev"), &options)?;
    Ok(format!("The tag {} stands for {}.\n", made.name, made.commit))
}

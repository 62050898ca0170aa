//! The commands, one file each.

pub(crate) mod branch;
pub(crate) mod capture;
pub(crate) mod clone;
pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod diff;
pub(crate) mod doctor;
pub(crate) mod fetch;
pub(crate) mod fork;
pub(crate) mod fsck;
pub(crate) mod gc;
pub(crate) mod init;
pub(crate) mod list;
pub(crate) mod log;
pub(crate) mod man;
pub(crate) mod name;
pub(crate) mod pull;
pub(crate) mod push;
pub(crate) mod reflog;
pub(crate) mod remote;
pub(crate) mod restore;
pub(crate) mod resume;
pub(crate) mod show;
pub(crate) mod status;
pub(crate) mod tag;
pub(crate) mod undo;

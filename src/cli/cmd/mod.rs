//! The commands, one file each.

pub(crate) mod capture;
pub(crate) mod clone;
pub(crate) mod fetch;
pub(crate) mod fsck;
pub(crate) mod init;
pub(crate) mod list;
pub(crate) mod log;
pub(crate) mod pull;
pub(crate) mod push;
pub(crate) mod remote;
pub(crate) mod restore;
pub(crate) mod resume;
pub(crate) mod show;

//! The commands, one file each.

pub(crate) mod capture;
pub(crate) mod fsck;
pub(crate) mod init;
pub(crate) mod list;
pub(crate) mod log;
pub(crate) mod restore;
pub(crate) mod resume;

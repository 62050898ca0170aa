//! The commands, one file each.

pub(crate) mod capture;
pub(crate) mod fsck;
pub(crate) mod init;
pub(crate) mod restore;

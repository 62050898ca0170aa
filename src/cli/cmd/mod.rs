//! The commands, one file each.

pub(crate) mod fsck;
pub(crate) mod init;

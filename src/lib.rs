//! `sfs` keeps AI coding sessions the way git keeps code.
//!
//! Every session of every tool goes into one content-addressed store, byte for
//! byte, and can be listed, read, compared, forked, resumed in another tool
//! and pushed to any directory: that is the aim. The layers, bottom to top; arrows point down:
//!
//! * [`object`] — the model: ids, messages, records, commits
//! * [`store`] — the place: packs, journal, refs, on disk
//! * [`workspace`] — the files: a project's, taken and put back
//! * [`remote`] — the elsewhere: directories, machines and buckets that stores are pushed to
//! * [`redact`] — secrets: from bytes to the spans that should not leave
//! * [`search`] — finding: an index that can be made again
//! * [`tool`] — the others: foreign sessions in and out
//! * [`ops`] — the verbs, one file each
//! * [`view`] — seeing: values to text and JSON
//! * [`daemon`] — watching: captures as tools write
//! * [`web`] — a read-only site for the user's browser
//! * [`cli`] — the door

pub mod cli;
pub mod daemon;
pub mod object;
pub mod ops;
pub mod redact;
pub mod remote;
pub mod search;
pub mod store;
pub mod tool;
pub mod view;
pub mod web;
pub mod workspace;

//! `sfs` keeps AI coding sessions the way git keeps code.
//!
//! Every session of every tool goes into one content-addressed store, byte for
//! byte, and can be listed, read, compared, forked, resumed in another tool
//! and pushed to any directory: that is the aim. The layers, bottom to top; arrows point down:
//!
//! * [`object`] — the model: ids, messages, records, commits
//! * [`store`] — the place: packs, journal, refs, on disk
//! * [`remote`] — the elsewhere: directories, machines and buckets that stores are pushed to
//! * [`tool`] — the others: foreign sessions in and out
//! * [`ops`] — the verbs, one file each
//! * [`view`] — seeing: values to text and JSON
//! * [`daemon`] — watching: captures as tools write
//! * [`cli`] — the door

pub mod cli;
pub mod daemon;
pub mod object;
pub mod ops;
pub mod remote;
pub mod store;
pub mod tool;
pub mod view;

//! Tests of the adapter.

mod corpus;
mod finding;
mod reading;
mod world;
mod writing;

//! Seeing: values to text and to JSON. Neither store nor terminal.
//!
//! What comes out of a session is text of strangers: all of it passes
//! [`clean`] on its way to text.

pub mod clean;
pub mod json;
pub mod message;

//! What stands between this program and its remotes.

use std::fmt;
use std::sync::Arc;

use super::Remote;

type Wrap = dyn Fn(Box<dyn Remote>) -> Box<dyn Remote> + Send + Sync;

/// What remotes are reached through: nothing, if nothing is said. Tests put a
/// line there that is cut, or a place that is none of the usual ones.
#[derive(Clone, Default)]
pub struct Through(Option<Arc<Wrap>>);

impl Through {
    /// All remotes are given to `wrap` as they are opened, before what is
    /// encrypted is opened, and what it returns is used.
    pub fn new(wrap: impl Fn(Box<dyn Remote>) -> Box<dyn Remote> + Send + Sync + 'static) -> Through {
        Through(Some(Arc::new(wrap)))
    }

    /// The remote to use for this one.
    pub(crate) fn reach(&self, remote: Box<dyn Remote>) -> Box<dyn Remote> {
        match &self.0 {
            Some(wrap) => wrap(remote),
            None => remote,
        }
    }
}

impl fmt::Debug for Through {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Through(..)" } else { "Through(nothing)" })
    }
}

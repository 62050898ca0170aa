//! Bodies: what a commit brought, which is read only when texts are.

use super::codec::{Decode, Encode};
use super::id::Id;
use super::message::{Message, Text};
use super::record::{Fill, Record};

/// The records of a commit and the message they make.
///
/// Apart from the commit, so that the history can be walked without texts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Body {
    /// The records since the commit before this one in the source.
    pub records: Vec<Record>,
    /// What they say; `None` for records that only keep books.
    pub message: Option<Message>,
}

impl Body {
    /// Calls `f` with every blob or context id, in the order of the encoding.
    pub fn for_each_id(&mut self, f: &mut dyn FnMut(&mut Id)) {
        for record in &mut self.records {
            record.context.iter_mut().for_each(&mut *f);
            for (_, fill) in &mut record.holes {
                if let Fill::Text(id, _) = fill {
                    f(id);
                }
            }
        }
        if let Some(message) = &mut self.message {
            message.for_each_text(&mut |text| match text {
                Text::Inline(_) => {}
                Text::Blob(id, _) | Text::Base64(id, _) | Text::Base64Url(id, _) => f(id),
            });
        }
    }
}

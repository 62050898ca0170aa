//! A conversation on its way out: nothing of it is read that wasn't looked
//! through for secrets first.

use crate::object::escape::Style;
use crate::object::message::Text;
use crate::object::{Body, Id};
use crate::ops::secrets::{Doorkeeper, Place, texts};
use crate::store::{Store, StoreError};
use crate::tool::form::About;
use crate::tool::{Conversation, Said, ToolError};

/// Reads a conversation past a doorkeeper.
pub(super) struct Guard<'g> {
    store: &'g Store,
    /// Who looks.
    pub(super) door: Doorkeeper<'g>,
    line: std::vec::IntoIter<Id>,
    at: Id,
}

impl<'g> Guard<'g> {
    /// Reads the messages of a line; what isn't theirs counts as its tip's.
    pub(super) fn new(store: &'g Store, door: Doorkeeper<'g>, line: Vec<Id>, tip: Id) -> Guard<'g> {
        Guard { store, door, line: line.into_iter(), at: tip }
    }

    /// Looks at what is told of the session.
    pub(super) fn about(&mut self, about: &mut About) {
        about.words().for_each(|words| self.words(words));
        self.settle();
    }

    /// Looks at words; what may leave of them.
    pub(super) fn words(&mut self, words: &mut String) {
        if let Some(new) = self.door.look(words.as_bytes()) {
            *words = String::from_utf8_lossy(&new).into_owned();
        }
    }

    /// Says of what was found where it stands.
    pub(super) fn settle(&mut self) {
        self.door.place(&Place { commit: Some(self.at), name: None });
    }

    fn looked(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        self.door.look(&bytes).unwrap_or(bytes)
    }

    fn encoded(&mut self, blob: &Id, style: Style) -> Result<Vec<u8>, ToolError> {
        let bytes = self.store.blob(blob).map_err(broken)?;
        let (bytes, mut out) = (self.looked(bytes), Vec::new());
        style.write(&bytes, &mut out);
        Ok(out)
    }
}

fn broken(e: StoreError) -> ToolError {
    ToolError::Conversation(Box::new(e))
}

impl Conversation for Guard<'_> {
    fn next(&mut self) -> Result<Option<Said>, ToolError> {
        self.settle();
        while let Some(id) = self.line.next() {
            let commit = self.store.commit(&id).map_err(broken)?;
            let message = self.store.body(&id, &commit).map_err(broken)?.message;
            // What stands in place is looked at now, a long text when it is read.
            let mut body = Body { records: Vec::new(), message };
            texts::of_body(&mut body, &mut |text| self.door.look(text));
            let Some(message) = body.message else { continue };
            let mut model = commit.model.clone();
            model.iter_mut().for_each(|model| self.words(model));
            self.at = id;
            return Ok(Some(Said {
                message,
                time: commit.time,
                model,
                tool: commit.tool.clone(),
                usage: commit.usage,
                begins_turn: commit.begins_turn(),
            }));
        }
        Ok(None)
    }

    fn text(&mut self, text: &Text) -> Result<Vec<u8>, ToolError> {
        match text {
            Text::Inline(bytes) => Ok(bytes.clone()),
            Text::Blob(id, _) => {
                let bytes = self.store.blob(id).map_err(broken)?;
                Ok(self.looked(bytes))
            }
            Text::Base64(id, _) => self.encoded(id, Style::Base64),
            Text::Base64Url(id, _) => self.encoded(id, Style::Base64Url),
        }
    }
}

//! What messages are known again by.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::object::id::{Id, checksum};
use crate::object::message::{Message, Text};
use crate::tool::Step;

/// What the message of a row that others can hang on looks like.
pub(super) fn shape_of(step: &mut Step) -> Option<u64> {
    let (time, draft) = (step.time, step.message.as_mut().filter(|_| step.key.is_some())?);
    Some(shape_of_message(&mut draft.message, time))
}

/// What a message and its time look like: near enough for two of one native id.
pub(super) fn shape_of_message(message: &mut Message, time: Option<i64>) -> u64 {
    let mut hasher = DefaultHasher::new();
    (time, message.role as u8, message.blocks.len(), message.calls()).hash(&mut hasher);
    message.for_each_text(&mut |text| match text {
        Text::Inline(bytes) => bytes.hash(&mut hasher),
        Text::Blob(id, len) | Text::Base64(id, len) | Text::Base64Url(id, len) => {
            (id.bytes(), len).hash(&mut hasher);
        }
    });
    hasher.finish()
}

/// What a message of this name and its time are told by when looking for copies.
pub(in crate::ops::capture) fn fingerprint(name: &Id, time: Option<i64>) -> u64 {
    let time = time.unwrap_or(i64::MIN).to_le_bytes();
    checksum(&[name.bytes().as_slice(), &time].concat()).max(1)
}

//! The wire format of protocol buffers: just enough to read and write the few
//! messages of `agent.v1` that a conversation is made of.

/// A value as it stands in a message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Wire<'b> {
    /// A whole number, a flag or an enum.
    Number(u64),
    /// Text, bytes or a message.
    Bytes(&'b [u8]),
    /// A value of fixed length: nothing that is read here.
    Fixed,
}

/// The fields of a message, by number, in the order in which they stand. What
/// can't be read ends it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'b>(&'b [u8]);

/// Begins at the start of a message.
pub(super) fn fields(message: &[u8]) -> Fields<'_> {
    Fields(message)
}

impl<'b> Iterator for Fields<'b> {
    type Item = (u64, Wire<'b>);

    fn next(&mut self) -> Option<Self::Item> {
        let tag = self.number()?;
        let value = match tag & 7 {
            0 => Wire::Number(self.number()?),
            1 => self.take(8).map(|_| Wire::Fixed)?,
            2 => {
                let len = usize::try_from(self.number()?).ok()?;
                Wire::Bytes(self.take(len)?)
            }
            5 => self.take(4).map(|_| Wire::Fixed)?,
            _ => return None,
        };
        Some((tag >> 3, value))
    }
}

impl<'b> Fields<'b> {
    fn take(&mut self, len: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = *self.take(1)?.first()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }
}

/// All byte fields of a number, in order.
pub(super) fn all(message: &[u8], number: u64) -> impl Iterator<Item = &[u8]> {
    fields(message).filter_map(move |(n, value)| match value {
        Wire::Bytes(bytes) if n == number => Some(bytes),
        _ => None,
    })
}

/// The last byte field of a number.
pub(super) fn bytes(message: &[u8], number: u64) -> Option<&[u8]> {
    all(message, number).last()
}

/// The last whole number of a number.
pub(super) fn number(message: &[u8], number: u64) -> Option<u64> {
    fields(message)
        .filter_map(|(n, value)| match value {
            Wire::Number(it) if n == number => Some(it),
            _ => None,
        })
        .last()
}

/// A message that is written, field after field.
#[derive(Clone, Debug, Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    /// Begins with no field.
    pub(super) fn new() -> Message {
        Message::default()
    }

    /// Adds bytes, a text or a message.
    pub(super) fn bytes(mut self, number: u64, bytes: impl AsRef<[u8]>) -> Message {
        let bytes = bytes.as_ref();
        self.varint(number << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    /// Adds a whole number.
    pub(super) fn number(mut self, number: u64, value: u64) -> Message {
        self.varint(number << 3);
        self.varint(value);
        self
    }

    /// Adds a floating point number of eight bytes.
    pub(super) fn double(mut self, number: u64, value: f64) -> Message {
        self.varint(number << 3 | 1);
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    /// The bytes.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value.to_le_bytes().first().copied().unwrap_or_default() | 0x80);
            value >>= 7;
        }
        self.0.push(value.to_le_bytes().first().copied().unwrap_or_default());
    }
}

impl AsRef<[u8]> for Message {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fields_come_back() {
        let inner = Message::new().bytes(1, "words").number(3, 300);
        let message = Message::new().bytes(2, &inner).double(4, 0.5).number(5, u64::MAX).into_bytes();
        let found: Vec<_> = fields(&message).collect();
        assert_eq!(found, [(2, Wire::Bytes(inner.as_ref())), (4, Wire::Fixed), (5, Wire::Number(u64::MAX))]);
        assert_eq!(bytes(inner.as_ref(), 1), Some(b"words".as_slice()));
        assert_eq!(number(inner.as_ref(), 3), Some(300));
        // As the makers' own library writes it.
        assert_eq!(inner.as_ref(), b"\x0a\x05words\x18\xac\x02");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_to_their_end(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(fields(&bytes).count() <= bytes.len());
        }

        #[test]
        fn what_is_cut_keeps_its_beginning(texts in proptest::collection::vec(".{0,20}", 0..5), cut in 0usize..80) {
            let message = texts.iter().fold(Message::new(), |m, t| m.bytes(1, t)).into_bytes();
            let cut = cut.min(message.len());
            let found: Vec<_> = all(&message[..cut], 1).collect();
            prop_assert!(found.len() <= texts.len());
            prop_assert!(found.iter().zip(&texts).all(|(a, b)| *a == b.as_bytes()));
        }
    }
}

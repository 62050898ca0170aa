//! How numbers are written: in a column each as wide as the others, elsewhere
//! as short as they are.

/// A number of fixed width.
pub(super) trait Number: Copy {
    const LEN: usize;
    fn write(self, out: &mut Vec<u8>);
    fn read(bytes: &[u8]) -> Option<Self>;
}

macro_rules! numbers {
    ($($type:ty),*) => {$(
        impl Number for $type {
            const LEN: usize = size_of::<$type>();
            fn write(self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
            fn read(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(<$type>::from_le_bytes)
            }
        }
    )*};
}
numbers!(u8, u16, u32, u64, i64);

/// The next bytes.
pub(super) fn bytes<'b>(rest: &mut &'b [u8], len: u64) -> Option<&'b [u8]> {
    let (found, after) = rest.split_at_checked(usize::try_from(len).ok()?)?;
    *rest = after;
    Some(found)
}

/// Appends a number, seven bits a byte, the low ones first.
pub(super) fn put(out: &mut Vec<u8>, mut n: u64) {
    while n >= 128 {
        out.push((n & 127) as u8 | 128);
        n >>= 7;
    }
    out.push(n as u8);
}

/// Takes such a number off the beginning.
pub(super) fn take(rest: &mut &[u8]) -> Option<u64> {
    let mut n = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        n |= u64::from(byte & 127) << shift;
        if *byte < 128 {
            return Some(n);
        }
    }
    None
}

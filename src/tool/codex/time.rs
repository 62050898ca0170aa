//! Times as rollouts write them.

use jiff::Timestamp;

/// Milliseconds since 1970 of an ISO time. Rollouts write
/// `2026-11-22T07:05:06.945Z`; other forms are read too, only slower.
pub(super) fn parse(text: &[u8]) -> Option<i64> {
    plain(text).or_else(|| {
        let time: Timestamp = std::str::from_utf8(text).ok()?.parse().ok()?;
        Some(time.as_millisecond())
    })
}

/// Reads `YYYY-MM-DDTHH:MM:SS.mmmZ`, and nothing else.
fn plain(text: &[u8]) -> Option<i64> {
    let text: &[u8; 24] = text.try_into().ok()?;
    let fixed = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (23, b'Z')];
    if fixed.iter().any(|(at, byte)| text.get(*at) != Some(byte)) {
        return None;
    }
    let number = |from: usize, to: usize| {
        text.get(from..to)?
            .iter()
            .try_fold(0i64, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let clock = (hour * 60 + minute) * 60 + second;
    Some((days(year, month, day) * 86_400 + clock) * 1000 + number(20, 23)?)
}

/// Days from 1970-01-01 to a day of the Gregorian calendar, counted in years
/// that begin with March, so that the leap day comes last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Writes milliseconds since 1970 as rollouts do.
pub(super) fn iso(ms: i64) -> String {
    format!("{:.3}", at(ms))
}

/// The moment, or 1970 for one that no calendar has.
pub(super) fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_reading_agree() {
        for text in ["1969-12-31T23:59:59.999Z", "2000-02-29T00:00:00.000Z", "2026-11-22T07:05:06.945Z"] {
            let ms = parse(text.as_bytes()).unwrap();
            assert_eq!(plain(text.as_bytes()), Some(ms));
            assert_eq!(ms, text.parse::<Timestamp>().unwrap().as_millisecond());
            assert_eq!(iso(ms), text);
        }
        assert_eq!(parse(b"2026-11-22T07:05:06Z"), parse(b"2026-11-22T09:05:06+02:00"));
        assert_eq!(parse(b"2026-02-31T07:05:06.x45Z"), None);
        assert_eq!(parse(b"[gone]"), None);
    }
}

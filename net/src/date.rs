//! What time it is, as messages say it.

use bareline_core::FieldValue;
use std::cell::Cell;
use std::fmt;
use std::io::Write;
use std::time::{Duration, SystemTime};

/// The value of a `Date` field [RFC 9110 section 6.6.1]: a moment, to the second.
///
/// [`Responder::send`](crate::Responder::send) and its like write it where a
/// [`Server`](crate::Server) answers; who writes a head of his own, with
/// [`Responder::begin`](crate::Responder::begin), has it here.
///
/// ```
/// use bareline_net::Date;
///
/// assert!(Date::now().value().as_bytes().ends_with(b" GMT"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Date([u8; LENGTH]);

const LENGTH: usize = "Sun, 06 Nov 1994 08:49:37 GMT".len();
/// The last second that the format can tell: the end of the year 9999.
const LAST: u64 = 253_402_300_799;

thread_local! {
    /// The second that was asked for last, and how it is written: writing it takes much longer than
    /// asking for the time.
    static LATEST: Cell<(u64, Date)> = const {
        Cell::new((u64::MAX, Date(*b"Thu, 01 Jan 1970 00:00:00 GMT")))
    };
}

impl Date {
    /// This moment, by the system's clock.
    pub fn now() -> Self {
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Self::latest(since_1970.map_or(0, |since| since.as_secs()).min(LAST))
    }

    /// The same as [`at`](Self::at), where it was asked for last at no cost.
    fn latest(second: u64) -> Self {
        let (latest, date) = LATEST.get();
        if latest == second {
            return date;
        }
        let date = Self::at(second);
        LATEST.set((second, date));
        date
    }

    /// As a field's value.
    pub fn value(&self) -> FieldValue<'_> {
        FieldValue::new(&self.0).unwrap_or(FieldValue::from_static(""))
    }

    /// So many seconds after the beginning of 1970.
    fn at(second: u64) -> Self {
        let moment = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
        let mut octets = [b' '; LENGTH];
        // It is as long as that.
        let _ = write!(&mut octets[..], "{}", httpdate::HttpDate::from(moment));
        Self(octets)
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.value().as_str().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::{Date, LAST};

    #[test]
    fn rfc9110_5_6_7_a_date_is_an_imf_fixdate() {
        for (second, text) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (LAST, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ] {
            assert_eq!(Date::at(second).value().as_bytes(), text.as_bytes());
        }
        assert_eq!(Date::now().value().as_bytes().len(), 29);
        for second in [5, 5, 6, 5] {
            assert_eq!(Date::latest(second), Date::at(second));
        }
    }
}

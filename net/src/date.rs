//! The current time, as the value of a `Date` field.

use bareline_core::FieldValue;
use std::cell::Cell;
use std::fmt;
use std::io::Write;
use std::time::{Duration, SystemTime};

/// The value of a `Date` field, to the second [RFC 9110 section 6.6.1].
///
/// A [`Server`](crate::Server) adds `Date` to the responses of
/// [`Responder::send`](crate::Responder::send), `stream` and `stream_sized`. A handler that writes
/// its own head with [`Responder::begin`](crate::Responder::begin) takes the value from here.
///
/// ```
/// use bareline_net::Date;
///
/// assert!(Date::now().value().as_bytes().ends_with(b" GMT"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Date([u8; LENGTH]);

const LENGTH: usize = "Sun, 06 Nov 1994 08:49:37 GMT".len();
/// The last second that the format can express: the end of the year 9999.
const LAST: u64 = 253_402_300_799;

thread_local! {
    /// The latest second and its text, cached because formatting takes much longer than reading the
    /// clock.
    static LATEST: Cell<(u64, Date)> = const {
        Cell::new((u64::MAX, Date(*b"Thu, 01 Jan 1970 00:00:00 GMT")))
    };
}

impl Date {
    /// Returns the current time of the system's clock.
    pub fn now() -> Self {
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Self::latest(since_1970.map_or(0, |since| since.as_secs()).min(LAST))
    }

    /// Returns the date of this second, from the cache when it is the latest one.
    fn latest(second: u64) -> Self {
        let (latest, date) = LATEST.get();
        if latest == second {
            return date;
        }
        let date = Self::at(second);
        LATEST.set((second, date));
        date
    }

    /// Returns the date as a field value.
    pub fn value(&self) -> FieldValue<'_> {
        FieldValue::new(&self.0).unwrap_or(FieldValue::from_static(""))
    }

    /// Formats the time this many seconds after the beginning of 1970.
    fn at(second: u64) -> Self {
        let moment = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
        let mut octets = [b' '; LENGTH];
        // The text has exactly this length.
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

//! A time, as the value of a `Date` field.

use bareline_core::FieldValue;
use std::cell::Cell;
use std::fmt;
use std::io::Write;
use std::time::{Duration, SystemTime};

/// The value of a `Date` field, to the second [RFC 9110 section 6.6.1].
///
/// `Last-Modified`, `Expires` and `Retry-After` have the same format: convert a [`SystemTime`].
///
/// A [`Server`](crate::Server) adds `Date` to the responses of
/// [`Responder::send`](crate::Responder::send), `stream` and `stream_sized`. A handler that writes
/// its own head with [`Responder::begin`](crate::Responder::begin) takes the value from here.
///
/// ```
/// use bareline_net::Date;
///
/// use std::time::{Duration, SystemTime};
///
/// assert!(Date::now().value().as_bytes().ends_with(b" GMT"));
/// let modified = Date::from(SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777));
/// assert_eq!(modified.to_string(), "Sun, 06 Nov 1994 08:49:37 GMT");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
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
        Self::latest(second_of(SystemTime::now()))
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

/// Returns the second since the beginning of 1970, within the range of the format.
fn second_of(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs()).min(LAST)
}

/// Drops the fraction of the second. A time before 1970 becomes its beginning, and one after 9999
/// its end.
impl From<SystemTime> for Date {
    fn from(time: SystemTime) -> Self {
        Self::at(second_of(time))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(str::from_utf8(&self.0).unwrap_or_default())
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::{Date, LAST};
    use std::time::{Duration, SystemTime};

    #[test]
    fn rfc9110_5_6_7_a_date_is_an_imf_fixdate() {
        for (second, text) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (LAST, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ] {
            assert_eq!(Date::at(second).value().as_bytes(), text.as_bytes());
            let time = SystemTime::UNIX_EPOCH + Duration::from_millis(second * 1000 + 999);
            assert_eq!(Date::from(time).to_string(), text);
        }
        for (time, second) in [
            (SystemTime::UNIX_EPOCH - Duration::from_millis(1), 0),
            (SystemTime::UNIX_EPOCH + Duration::from_secs(LAST + 1), LAST),
        ] {
            assert_eq!(Date::from(time), Date::at(second));
        }
        assert_eq!(Date::now().value().as_bytes().len(), 29);
        for second in [5, 5, 6, 5] {
            assert_eq!(Date::latest(second), Date::at(second));
        }
    }
}

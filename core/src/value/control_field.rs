//! The fields that control the message or the connection.

use crate::scan::{HAS_ROOM_FOR_JUMP_TABLES, is_name};

/// A field that controls the message or the connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ControlField {
    Te,
    Host,
    Expect,
    Upgrade,
    Connection,
    ContentLength,
    TransferEncoding,
}

impl ControlField {
    /// Returns the control field with this name.
    #[inline(always)]
    pub(crate) fn of(name: &[u8]) -> Option<Self> {
        if !HAS_ROOM_FOR_JUMP_TABLES && !is_name_of_its_length(name) {
            return None;
        }
        let is = |lower: &[u8]| !HAS_ROOM_FOR_JUMP_TABLES || is_name(name, lower);
        match name.len() {
            2 if is(b"te") => Some(Self::Te),
            4 if is(b"host") => Some(Self::Host),
            6 if is(b"expect") => Some(Self::Expect),
            7 if is(b"upgrade") => Some(Self::Upgrade),
            10 if is(b"connection") => Some(Self::Connection),
            14 if is(b"content-length") => Some(Self::ContentLength),
            17 if is(b"transfer-encoding") => Some(Self::TransferEncoding),
            _ => None,
        }
    }
}

/// Returns whether a name is the one of its length in [`NAMES`]: one comparison, which is small.
#[inline(always)]
fn is_name_of_its_length(name: &[u8]) -> bool {
    let start = STARTS.get(name.len()).and_then(|&start| NAMES.get(usize::from(start)..));
    start.is_some_and(|lower| name.iter().zip(lower).all(|(octet, lower)| octet | 0x20 == *lower))
}

/// The names, concatenated. Their lengths all differ.
const NAMES: &[u8] = b"tehostexpectupgradeconnectioncontent-lengthtransfer-encoding";
/// The start of the name of each length.
const STARTS: [u8; 18] = [0, 0, 0, 0, 2, 0, 6, 12, 0, 0, 19, 0, 0, 0, 29, 0, 0, 43];

#[cfg(test)]
mod tests {
    use super::{ControlField, is_name_of_its_length};
    use crate::octets::is_alike;

    /// Tries a name, and all names that differ in one octet.
    fn is_found_alone<const N: usize>(name: &[u8; N], field: ControlField) {
        for (at, octet) in (0..N).flat_map(|at| (b'!'..=b'~').map(move |octet| (at, octet))) {
            let mut other = *name;
            other.iter_mut().skip(at).take(1).for_each(|one| *one = octet);
            let is_same = is_alike(&other, name);
            assert_eq!(ControlField::of(&other), is_same.then_some(field));
            assert_eq!(is_name_of_its_length(&other), is_same, "{}", other.escape_ascii());
        }
    }

    #[test]
    fn each_control_field_has_its_name_alone() {
        is_found_alone(b"TE", ControlField::Te);
        is_found_alone(b"Host", ControlField::Host);
        is_found_alone(b"Expect", ControlField::Expect);
        is_found_alone(b"Upgrade", ControlField::Upgrade);
        is_found_alone(b"Connection", ControlField::Connection);
        is_found_alone(b"Content-Length", ControlField::ContentLength);
        is_found_alone(b"Transfer-Encoding", ControlField::TransferEncoding);
        assert_eq!(ControlField::of(b""), None);
        assert_eq!(ControlField::of(b"ted"), None);
    }
}

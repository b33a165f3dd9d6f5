//! What the fields of a head say of the connection.

use super::{Fields, RequestHead, ResponseHead};
use crate::octets::has_member;
use crate::value::{FieldName, Version};

/// Connection options and what goes with them [RFC 9110 sections 7.6.1, 7.8 and 10.1.1].
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Options {
    close: bool,
    keep_alive: bool,
    upgrade_option: bool,
    upgrade: bool,
    expect_continue: bool,
}

impl Options {
    pub(crate) fn of(fields: &Fields<'_>) -> Self {
        let mut options = Self::default();
        for (name, value) in fields.iter() {
            let has = |member: &[u8]| has_member(value.as_bytes(), member);
            if name == FieldName::CONNECTION {
                options.close |= has(b"close");
                options.keep_alive |= has(b"keep-alive");
                options.upgrade_option |= has(b"upgrade");
            } else if name == FieldName::UPGRADE {
                options.upgrade |= !value.as_bytes().is_empty();
            } else if name == FieldName::EXPECT {
                options.expect_continue |= has(b"100-continue");
            }
        }
        options
    }

    /// Whether the connection goes on after this message [RFC 9112 section 9.3].
    pub(crate) fn persists(&self, version: Version) -> bool {
        !self.close && (version == Version::Http11 || self.keep_alive)
    }

    /// Whether another protocol is offered; not in HTTP/1.0 [RFC 9110 section 7.8].
    pub(crate) fn offers_upgrade(&self, version: Version) -> bool {
        self.upgrade && self.upgrade_option && version == Version::Http11
    }

    /// Whether the body waits for a 100; not in HTTP/1.0 [RFC 9110 section 10.1.1].
    pub(crate) fn expects_continue(&self, version: Version) -> bool {
        self.expect_continue && version == Version::Http11
    }
}

impl RequestHead<'_> {
    /// Whether the client keeps the connection after this request, as far as it goes by the request [RFC 9112 section 9.3].
    pub fn persists(&self) -> bool {
        Options::of(&self.fields()).persists(self.version())
    }

    /// Whether the client asks for a 100 before it sends a body [RFC 9110 section 10.1.1].
    pub fn expects_continue(&self) -> bool {
        Options::of(&self.fields()).expects_continue(self.version())
    }

    /// Whether the client offers to go on with one of the protocols in `Upgrade` [RFC 9110 section 7.8].
    pub fn offers_upgrade(&self) -> bool {
        Options::of(&self.fields()).offers_upgrade(self.version())
    }
}

impl ResponseHead<'_> {
    /// Whether the server keeps the connection after this response, as far as it goes by the head; one whose body goes up to the close does
    /// not [RFC 9112 section 9.3].
    pub fn persists(&self) -> bool {
        Options::of(&self.fields()).persists(self.version())
    }
}

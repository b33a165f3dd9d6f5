//! What the fields of a head say of the connection.

use super::{RequestHead, ResponseHead};
use crate::octets::{check_token, has_member, is_name, members};
use crate::value::Version;

/// Connection options and what goes with them [RFC 9110 sections 7.6.1, 7.8 and 10.1.1]. Fed line
/// by line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options(u8);

const CLOSE: u8 = 1;
const KEEP_ALIVE: u8 = 1 << 1;
const UPGRADE_OPTION: u8 = 1 << 2;
const UPGRADE: u8 = 1 << 3;
const EXPECT_CONTINUE: u8 = 1 << 4;

impl Options {
    /// Before the first field line.
    pub(super) const fn new() -> Self {
        Self(0)
    }

    /// Takes the value of a `Connection` into account. A member that is no token is read as
    /// `close`: it may have been meant so, and closing is always allowed [RFC 9112 section 9.6].
    pub(super) fn see_connection(&mut self, value: &[u8]) {
        match option(value) {
            0 => members(value).for_each(|member| self.0 |= member_option(member)),
            only => self.0 |= only,
        }
    }

    /// Takes the value of an `Upgrade` into account.
    pub(super) fn see_upgrade(&mut self, value: &[u8]) {
        if members(value).any(|protocol| !protocol.is_empty()) {
            self.0 |= UPGRADE;
        }
    }

    /// Takes the value of an `Expect` into account.
    pub(super) fn see_expect(&mut self, value: &[u8]) {
        if has_member(value, b"100-continue") {
            self.0 |= EXPECT_CONTINUE;
        }
    }

    const fn has(self, all: u8) -> bool {
        self.0 & all == all
    }

    /// Whether the connection goes on after this message [RFC 9112 section 9.3].
    pub(crate) fn persists(self, version: Version) -> bool {
        !self.has(CLOSE) && (version == Version::Http11 || self.has(KEEP_ALIVE))
    }

    /// Whether another protocol is offered; not in HTTP/1.0 [RFC 9110 section 7.8].
    pub(crate) fn offers_upgrade(self, version: Version) -> bool {
        self.has(UPGRADE | UPGRADE_OPTION) && version == Version::Http11
    }

    /// Whether the body waits for a 100; not in HTTP/1.0 [RFC 9110 section 10.1.1].
    pub(crate) fn expects_continue(self, version: Version) -> bool {
        self.has(EXPECT_CONTINUE) && version == Version::Http11
    }
}

/// What a connection option says.
fn option(option: &[u8]) -> u8 {
    match option {
        option if is_name(option, b"keep-alive") => KEEP_ALIVE,
        option if is_name(option, b"close") => CLOSE,
        option if is_name(option, b"upgrade") => UPGRADE_OPTION,
        _ => 0,
    }
}

/// Returns what a member of `Connection` says.
fn member_option(member: &[u8]) -> u8 {
    match option(member) {
        0 if !member.is_empty() && check_token(member).is_err() => CLOSE,
        known => known,
    }
}

impl RequestHead<'_> {
    /// Whether the client keeps the connection after this request, as far as it goes by the request
    /// [RFC 9112 section 9.3].
    pub fn persists(&self) -> bool {
        self.options().persists(self.version())
    }

    /// Whether the client asks for a 100 before it sends a body [RFC 9110 section 10.1.1].
    pub fn expects_continue(&self) -> bool {
        self.options().expects_continue(self.version())
    }

    /// Whether the client offers to go on with one of the protocols in `Upgrade` [RFC 9110 section
    /// 7.8].
    pub fn offers_upgrade(&self) -> bool {
        self.options().offers_upgrade(self.version())
    }
}

impl ResponseHead<'_> {
    /// Whether the server keeps the connection after this response, as far as it goes by the head;
    /// one whose body goes up to the close does not [RFC 9112 section 9.3].
    pub fn persists(&self) -> bool {
        self.options().persists(self.version())
    }
}

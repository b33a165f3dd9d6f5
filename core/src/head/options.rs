//! Connection options in the fields of a head.

use super::{RequestHead, ResponseHead};
use crate::grammar::{has_member, members};
use crate::octets::check_token;
use crate::scan::is_name;
use crate::value::Version;

/// Flags collected from `Connection`, `Upgrade` and `Expect`, line by line [RFC 9110 sections
/// 7.6.1, 7.8 and 10.1.1].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Options(u8);

const CLOSE: u8 = 1;
const KEEP_ALIVE: u8 = 1 << 1;
const UPGRADE_OPTION: u8 = 1 << 2;
const UPGRADE: u8 = 1 << 3;
const EXPECT_CONTINUE: u8 = 1 << 4;

impl Options {
    /// Creates the options of no field lines.
    pub(crate) const fn new() -> Self {
        Self(0)
    }

    /// Adds the value of a `Connection` field. A member that is not a token counts as `close`,
    /// since closing is always allowed [RFC 9112 section 9.6].
    pub(crate) fn see_connection(&mut self, value: &[u8]) {
        // Fast path: one option that is known.
        match option(value) {
            0 => self.see_connection_slow(value),
            only => self.0 |= only,
        }
    }

    #[inline(always)]
    pub(crate) fn see_connection_slow(&mut self, value: &[u8]) {
        members(value).for_each(|member| self.0 |= member_option(member));
    }

    /// Adds the value of an `Upgrade` field.
    pub(super) fn see_upgrade(&mut self, value: &[u8]) {
        if members(value).any(|protocol| !protocol.is_empty()) {
            self.0 |= UPGRADE;
        }
    }

    /// Adds the value of an `Expect` field.
    pub(super) fn see_expect(&mut self, value: &[u8]) {
        if has_member(value, b"100-continue") {
            self.0 |= EXPECT_CONTINUE;
        }
    }

    const fn has(self, all: u8) -> bool {
        self.0 & all == all
    }

    /// Returns whether the connection persists after this message [RFC 9112 section 9.3].
    pub(crate) fn persists(self, version: Version) -> bool {
        !self.has(CLOSE) && (version == Version::Http11 || self.has(KEEP_ALIVE))
    }

    /// Returns whether an upgrade is offered; never in HTTP/1.0 [RFC 9110 section 7.8].
    pub(crate) fn offers_upgrade(self, version: Version) -> bool {
        self.has(UPGRADE | UPGRADE_OPTION) && version == Version::Http11
    }

    /// Returns whether a 100 is expected; never in HTTP/1.0 [RFC 9110 section 10.1.1].
    pub(crate) fn expects_continue(self, version: Version) -> bool {
        self.has(EXPECT_CONTINUE) && version == Version::Http11
    }
}

/// Returns the flag of a connection option, or 0.
fn option(option: &[u8]) -> u8 {
    match option {
        option if is_name(option, b"keep-alive") => KEEP_ALIVE,
        option if is_name(option, b"close") => CLOSE,
        option if is_name(option, b"upgrade") => UPGRADE_OPTION,
        _ => 0,
    }
}

/// Returns the flag of a member of `Connection`, or 0. A member that is not a token is `close`.
fn member_option(member: &[u8]) -> u8 {
    match option(member) {
        0 if !member.is_empty() && check_token(member).is_err() => CLOSE,
        known => known,
    }
}

impl RequestHead<'_> {
    /// Returns whether this request lets the connection persist [RFC 9112 section 9.3].
    #[doc(alias = "keep-alive")]
    pub fn persists(&self) -> bool {
        self.options().persists(self.version())
    }

    /// Returns whether the client waits for a 100 before it sends the body [RFC 9110 section
    /// 10.1.1].
    #[doc(alias = "100-continue")]
    pub fn expects_continue(&self) -> bool {
        self.options().expects_continue(self.version())
    }

    /// Returns whether the client offers to switch to a protocol in `Upgrade` [RFC 9110 section
    /// 7.8].
    pub fn offers_upgrade(&self) -> bool {
        self.options().offers_upgrade(self.version())
    }
}

impl ResponseHead<'_> {
    /// Returns whether this head lets the connection persist. A body that is delimited by the close
    /// of the connection ends it in any case [RFC 9112 section 9.3].
    #[doc(alias = "keep-alive")]
    pub fn persists(&self) -> bool {
        self.options().persists(self.version())
    }
}

//! Connection options in the fields of a head.

use super::{RequestHead, ResponseHead};
use crate::grammar::members;
use crate::octets::{TCHAR, class_end};
use crate::scan::{HAS_ROOM_FOR_JUMP_TABLES, fast_path, is_name};
use crate::value::{ControlField, Version};

/// Flags collected from the fields that control the connection, line by line [RFC 9110 sections
/// 7.6.1, 7.8, 10.1.1 and 10.1.4].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options(u8);

impl Options {
    pub(crate) const CLOSE: u8 = 1;
    pub(crate) const KEEP_ALIVE: u8 = 1 << 1;
    const UPGRADE_OPTION: u8 = 1 << 2;
    const TE_OPTION: u8 = 1 << 3;
    pub(crate) const UPGRADE: u8 = 1 << 4;
    pub(crate) const EXPECT_CONTINUE: u8 = 1 << 5;
    const TE: u8 = 1 << 6;
    /// `Host`, which only a writer of a request notes.
    pub(crate) const HOST: u8 = 1 << 7;

    /// Creates the options of no field lines.
    pub(crate) const fn new() -> Self {
        Self(0)
    }

    /// Adds the value of a field.
    pub(crate) fn see(&mut self, field: ControlField, value: &[u8]) {
        // Fast path: one member that is known.
        match fast_path(value).map(|value| flag_of(field, value)) {
            Some(flag @ 1..) => self.0 |= flag,
            _ => self.see_slow(field, value),
        }
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(crate) fn see_slow(&mut self, field: ControlField, value: &[u8]) {
        members(value).for_each(|member| self.see_member(field, member));
    }

    /// Adds a member of the value of a field.
    pub(crate) fn see_member(&mut self, field: ControlField, member: &[u8]) {
        self.0 |= match (flag_of(field, member), field) {
            // A member that is not a token counts as `close`, since closing is always allowed [RFC
            // 9112 section 9.6].
            (0, ControlField::Connection) if class_end(member, 0, TCHAR) < member.len() => {
                Self::CLOSE
            }
            (_, ControlField::Upgrade) if !member.is_empty() => Self::UPGRADE,
            (_, ControlField::Te) => Self::TE,
            (flag, _) => flag,
        };
    }

    /// Adds these flags.
    pub(crate) const fn add(&mut self, flags: u8) {
        self.0 |= flags;
    }

    /// Returns whether all these flags are set.
    pub(crate) const fn has(self, all: u8) -> bool {
        self.0 & all == all
    }

    /// Returns whether `Connection` names the fields that are only for the connection [RFC 9110
    /// section 7.6.1].
    pub(crate) const fn names_own_fields(self) -> bool {
        (!self.has(Self::UPGRADE) || self.has(Self::UPGRADE_OPTION))
            && (!self.has(Self::TE) || self.has(Self::TE_OPTION))
    }

    /// Returns whether the connection persists after this message [RFC 9112 section 9.3].
    pub(crate) fn persists(self, version: Version) -> bool {
        !self.has(Self::CLOSE) && (version == Version::Http11 || self.has(Self::KEEP_ALIVE))
    }

    /// Returns whether an upgrade is offered; never in HTTP/1.0 [RFC 9110 section 7.8].
    pub(crate) fn offers_upgrade(self, version: Version) -> bool {
        self.has(Self::UPGRADE | Self::UPGRADE_OPTION) && version == Version::Http11
    }

    /// Returns whether a 100 is expected; never in HTTP/1.0 [RFC 9110 section 10.1.1].
    pub(crate) fn expects_continue(self, version: Version) -> bool {
        self.has(Self::EXPECT_CONTINUE) && version == Version::Http11
    }
}

macro_rules! flags {
    ($($field:ident $member:literal $flag:ident)*) => {
        /// Returns the flag of this member of the field, or 0.
        #[inline(always)]
        fn flag_of(field: ControlField, member: &[u8]) -> u8 {
            if HAS_ROOM_FOR_JUMP_TABLES {
                return match field {
                    $(ControlField::$field if is_name(member, $member) => Options::$flag,)*
                    _ => 0,
                };
            }
            let flag = FLAGS.iter().find(|(of, name, _)| *of == field && is_name(member, name));
            flag.map_or(0, |(_, _, flag)| *flag)
        }

        /// The members of fields that have a flag: a table is smaller than the comparisons.
        const FLAGS: &[(ControlField, &[u8], u8)] =
            &[$((ControlField::$field, $member, Options::$flag),)*];
    };
}

flags! {
    Connection b"keep-alive" KEEP_ALIVE
    Connection b"close" CLOSE
    Connection b"upgrade" UPGRADE_OPTION
    Connection b"te" TE_OPTION
    Expect b"100-continue" EXPECT_CONTINUE
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

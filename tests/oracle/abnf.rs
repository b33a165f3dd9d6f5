//! A compiler from ABNF [RFC 5234] to regular expressions over octets.

use regex::bytes::Regex;
use std::collections::{BTreeMap, BTreeSet};

/// The right side of a rule, or a part of it.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Node {
    /// Alternatives.
    Either(Vec<Node>),
    /// A concatenation.
    Sequence(Vec<Node>),
    /// A repetition, with its minimum and maximum.
    Repeat(u32, Option<u32>, Box<Node>),
    /// `#element`, a comma-separated list [RFC 9110 section 5.6.1].
    List(Box<Node>),
    /// A rule name.
    Rule(String),
    /// A case-insensitive string.
    Text(String),
    /// One octet of a range.
    Octets(u8, u8),
}

/// The reading of a `#` list [RFC 9110 section 5.6.1].
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Lists {
    /// Lists that a sender may write, without empty members.
    Sent,
    /// Lists that a recipient has to read, with empty members.
    Received,
}

/// Rules by their names.
pub(crate) struct Grammar(BTreeMap<String, Node>);

impl Grammar {
    /// Parses rules; a line that begins with a space continues the previous one.
    pub(crate) fn new(text: &str) -> Self {
        let without_comment =
            |line: &str| line.split(';').next().unwrap_or_default().trim_end().to_owned();
        // A `;` within quotes occurs only in literals of one octet.
        let text = text
            .replace("\";\"", "%x3B")
            .lines()
            .map(without_comment)
            .collect::<Vec<_>>()
            .join("\n");
        let text = text.replace("\n ", " ");
        let rules = text.lines().filter_map(|line| line.split_once('='));
        let rules: BTreeMap<_, _> =
            rules.map(|(name, right)| (name.trim().to_owned(), Reader(right).whole())).collect();
        let names: BTreeSet<_> = rules.keys().map(|name| name.to_lowercase()).collect();
        assert_eq!(names.len(), rules.len(), "the case of a name does not count");
        Self(rules)
    }

    /// Returns the names of the rules.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Returns the right side of a rule.
    pub(crate) fn rule(&self, name: &str) -> &Node {
        self.0.get(name).unwrap_or_else(|| panic!("no rule {name}"))
    }

    /// Returns an expression that matches a rule from the first octet to the last.
    pub(crate) fn matcher(&self, name: &str, lists: Lists) -> Regex {
        let mut text = r"(?s-u)\A(?:".to_owned();
        self.write(self.rule(name), lists, &mut text);
        regex::bytes::RegexBuilder::new(&(text + r")\z"))
            .size_limit(1 << 26)
            .dfa_size_limit(1 << 26)
            .build()
            .unwrap()
    }

    fn write(&self, node: &Node, lists: Lists, text: &mut String) {
        let group = |node: &Node, text: &mut String| {
            text.push_str("(?:");
            self.write(node, lists, text);
            text.push(')');
        };
        match node {
            Node::Either(nodes) => nodes.iter().enumerate().for_each(|(at, node)| {
                text.push_str(if at > 0 { "|" } else { "" });
                group(node, text);
            }),
            Node::Sequence(nodes) => nodes.iter().for_each(|node| group(node, text)),
            Node::Repeat(least, most, node) => {
                group(node, text);
                text.push_str(&format!(
                    "{{{least},{}}}",
                    most.map_or(String::new(), |most| most.to_string())
                ));
            }
            Node::List(member) => {
                let mut one = String::new();
                group(member, &mut one);
                text.push_str(&match lists {
                    Lists::Sent => format!("(?:{one}(?:[ \\t]*,[ \\t]*{one})*)?"),
                    Lists::Received => format!("{one}?(?:[ \\t]*,[ \\t]*{one}?)*"),
                });
            }
            Node::Rule(name) => self.write(self.rule(name), lists, text),
            Node::Text(string) => string.bytes().for_each(|octet| {
                let (lower, upper) = (octet.to_ascii_lowercase(), octet.to_ascii_uppercase());
                text.push_str(&format!("[\\x{lower:02x}\\x{upper:02x}]"));
            }),
            Node::Octets(first, last) => text.push_str(&format!("[\\x{first:02x}-\\x{last:02x}]")),
        }
    }
}

/// The unread part of a rule's right side.
struct Reader<'t>(&'t str);

impl Reader<'_> {
    fn whole(mut self) -> Node {
        let node = self.either();
        assert_eq!(self.0.trim(), "", "left over");
        node
    }

    fn either(&mut self) -> Node {
        let mut nodes = vec![self.sequence()];
        while self.skips("/") {
            nodes.push(self.sequence());
        }
        if nodes.len() == 1 { nodes.remove(0) } else { Node::Either(nodes) }
    }

    fn sequence(&mut self) -> Node {
        let mut nodes = Vec::new();
        while !matches!(self.0.trim_start().chars().next(), None | Some('/' | ')' | ']')) {
            nodes.push(self.repetition());
        }
        if nodes.len() == 1 { nodes.remove(0) } else { Node::Sequence(nodes) }
    }

    fn repetition(&mut self) -> Node {
        if self.skips("#") {
            return Node::List(Box::new(self.element()));
        }
        let (least, has_star) = (self.number(), self.skips("*"));
        match (least, has_star) {
            (None, false) => self.element(),
            (Some(count), false) => Node::Repeat(count, Some(count), Box::new(self.element())),
            (least, true) => {
                let most = self.number();
                Node::Repeat(least.unwrap_or(0), most, Box::new(self.element()))
            }
        }
    }

    fn element(&mut self) -> Node {
        if self.skips("(") {
            let node = self.either();
            assert!(self.skips(")"));
            node
        } else if self.skips("[") {
            let node = self.either();
            assert!(self.skips("]"));
            Node::Repeat(0, Some(1), Box::new(node))
        } else if self.skips("\"") {
            let string = self.take_while(|character| character != '"');
            assert!(self.skips("\""));
            Node::Text(string)
        } else if self.skips("%x") {
            let digits = self.take_while(|character| {
                character.is_ascii_hexdigit() || matches!(character, '-' | '.')
            });
            let octet = |digits: &str| u8::from_str_radix(digits, 16).unwrap();
            match digits.split_once('-') {
                Some((first, last)) => Node::Octets(octet(first), octet(last)),
                None => Node::Sequence(
                    digits.split('.').map(octet).map(|octet| Node::Octets(octet, octet)).collect(),
                ),
            }
        } else {
            Node::Rule(
                self.take_while(|character| character.is_ascii_alphanumeric() || character == '-'),
            )
        }
    }

    fn number(&mut self) -> Option<u32> {
        self.take_while(|character| character.is_ascii_digit()).parse().ok()
    }

    fn skips(&mut self, what: &str) -> bool {
        // A space only ends a number or a name.
        let rest = self.0.trim_start().strip_prefix(what);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn take_while(&mut self, is_in: impl Fn(char) -> bool) -> String {
        // Spaces within a string would count; the grammar has none there.
        let text = self.0.trim_start();
        let (taken, rest) =
            text.split_at(text.find(|character| !is_in(character)).unwrap_or(text.len()));
        self.0 = rest;
        taken.to_owned()
    }
}

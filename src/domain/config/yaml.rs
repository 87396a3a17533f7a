//! YAML text to a tree in which every node knows its place.
//!
//! The tree stands between the YAML crate and the schema, because serde's own errors for derived types know neither
//! where a semantic mistake is nor how to say it to the person who wrote the file.

use super::{ConfigError, LARGEST_FILE};
use crate::domain::printable::printable;
use crate::domain::yaml::{Bounds, within};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Error, Location, Spanned, UserMessageFormatter};
use std::fmt;

/// How deep lists and mappings may be nested. The deepest documented form needs four levels.
const DEEPEST: usize = 24;

/// How many nodes a file may have, and how many more its anchors may unfold to.
const MOST_NODES: usize = 20_000;

/// How many bytes the texts of a file may have once its anchors are unfolded.
const MOST_TEXT: usize = 4 * LARGEST_FILE;

/// A node with its place.
pub(super) type Node = Spanned<Value>;

/// What a node is. A plain scalar that YAML takes for a boolean or number keeps no text of its own here: it is read
/// back from the file, so that the login `007` stays `007`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Number,
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Spanned<String>, Node)>),
}

impl Value {
    /// For "found …" in messages.
    fn kind(&self) -> &'static str {
        match self {
            Value::Null => "nothing",
            Value::Bool(_) => "a boolean",
            Value::Number => "a number",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }
}

/// A file being read: makes errors that point into it.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) path: &'a str,
    pub(super) text: &'a str,
}

impl Source<'_> {
    /// The root node, or `None` for a file without content. Bounded as the constants of this module say.
    pub(super) fn read(&self) -> Result<Option<Node>, ConfigError> {
        if self.text.len() > LARGEST_FILE {
            let message = format!(
                "the file has {} bytes, more than the {LARGEST_FILE} that are read",
                self.text.len()
            );
            return Err(self.error(Location::UNKNOWN, message, Some("Make it smaller")));
        }
        let mut options = within(&Bounds {
            depth: DEEPEST,
            nodes: MOST_NODES,
            text: MOST_TEXT,
        });
        // `- !docs/**` without quotes is a tag without a text: refused instead of being read as nothing.
        options.reject_unsupported_tags = true;
        match serde_saphyr::from_str_with_options::<Node>(self.text, options) {
            Ok(Node {
                value: Value::Null, ..
            }) => Ok(None),
            Ok(root) => Ok(Some(root)),
            Err(Error::Eof { .. }) => Ok(None),
            Err(error) => Err(self.yaml_error(&error)),
        }
    }

    /// An error at a place of this file.
    pub(super) fn error(
        &self,
        at: Location,
        message: impl Into<String>,
        hint: Option<&str>,
    ) -> ConfigError {
        let number = |n: u64| u32::try_from(n).ok().filter(|n| *n > 0);
        ConfigError {
            path: printable(self.path, 200),
            line: number(at.line()),
            column: number(at.column()),
            message: message.into(),
            hint: hint.map(str::to_owned),
        }
    }

    /// "… should be …, but is …", at the node.
    pub(super) fn wrong_kind(
        &self,
        node: &Node,
        what: &str,
        expected: &str,
        hint: Option<&str>,
    ) -> ConfigError {
        let found = match self.scalar(node) {
            Some(text) => format!("{} `{}`", node.value.kind(), printable(&text, 60)),
            None => node.value.kind().to_owned(),
        };
        self.error(
            node.referenced,
            format!("{what} should be {expected}, but is {found}"),
            hint,
        )
    }

    /// The text of a scalar as it was written, also where YAML takes it for a boolean or number.
    pub(super) fn scalar(&self, node: &Node) -> Option<String> {
        match &node.value {
            Value::Text(text) => Some(text.clone()),
            Value::Bool(_) | Value::Number => {
                let span = node.defined.span();
                let start = usize::try_from(span.byte_offset()?).ok()?;
                let end = start.checked_add(usize::try_from(span.byte_len()?).ok()?)?;
                self.text.get(start..end).map(|text| text.trim().to_owned())
            }
            Value::Null | Value::List(_) | Value::Map(_) => None,
        }
    }

    fn yaml_error(&self, error: &Error) -> ConfigError {
        let at = error.location().unwrap_or(Location::UNKNOWN);
        let too_large = || {
            let message = format!(
                "the file is too large or too deeply nested once its anchors are unfolded: \
                 at most {DEEPEST} levels, {MOST_NODES} nodes and {MOST_TEXT} bytes are read"
            );
            (message, Some("Use fewer levels and aliases"))
        };
        let (message, hint) = match innermost(error) {
            Error::DuplicateMappingKey { key: Some(key), .. } => (
                format!(
                    "the key `{}` is written twice in one mapping",
                    printable(key, 60)
                ),
                Some("Keep one of them"),
            ),
            Error::DuplicateMappingKey { .. } => {
                ("a key is written twice in one mapping".to_owned(), None)
            }
            Error::UnknownAnchor { .. } => (
                "`*` starts a YAML alias, and no anchor of that name stands before it".to_owned(),
                Some("A pattern that starts with `*` needs quotes: '**/*.md'"),
            ),
            Error::UnsupportedTag { tag, .. } => (
                format!(
                    "`{}` is a YAML tag, which has no meaning here",
                    printable(tag, 60)
                ),
                Some("A pattern that starts with `!` needs quotes: '!docs/**'"),
            ),
            Error::MultipleDocuments { .. } => (
                "the file has more than one YAML document".to_owned(),
                Some("Remove everything from the second `---` on"),
            ),
            Error::Budget { .. }
            | Error::AliasReplayLimitExceeded { .. }
            | Error::AliasReplayStackDepthExceeded { .. }
            | Error::AliasExpansionLimitExceeded { .. } => too_large(),
            // The scanner's own bound on brackets in brackets, met before the budget's because it looks ahead.
            Error::ExternalMessage { msg, .. } if msg.contains("recursion limit") => too_large(),
            Error::RecursiveReferencesRequireWeakTypes { .. } => (
                "an anchor contains itself".to_owned(),
                Some("Remove the alias inside its own anchor"),
            ),
            other => {
                let text =
                    serde_saphyr::MessageFormatter::format_message(&UserMessageFormatter, other);
                (format!("not valid YAML: {}", printable(&text, 300)), None)
            }
        };
        self.error(at, message, hint)
    }
}

/// The error behind those that only say how an alias led to it.
fn innermost(error: &Error) -> &Error {
    match error {
        Error::AliasError { error, .. } | Error::WithSnippet { error, .. } => innermost(error),
        error => error,
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Number)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Value, E> {
        Ok(Value::Number)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Value, E> {
        Ok(Value::Number)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Value, E> {
        Ok(Value::Number)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Number)
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element::<Node>()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry::<Spanned<String>, Node>()? {
            map.push(entry);
        }
        Ok(Value::Map(map))
    }
}

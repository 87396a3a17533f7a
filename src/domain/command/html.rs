//! The HTML that Markdown lets through: where it starts, and what of the text around it GitHub does not show as plain.
//!
//! Follows the [GFM specification](https://github.github.com/gfm/), sections 4.6 (HTML blocks) and 6.10 (raw HTML).

use std::collections::BTreeMap;

/// Elements whose content is code, quoted, struck out or not shown at all. Raw HTML runs across Markdown's blocks, so
/// they hide what follows until their closing tag, or to the end.
const HIDING: &str = "\
    blockquote code del iframe kbd listing math noembed noframes noscript plaintext pre s \
    samp script strike style svg template textarea title tt xmp";

/// Elements whose HTML block runs to their closing tag (start condition 1).
const VERBATIM: &[&str] = &["pre", "script", "style", "textarea"];

/// Elements that start an HTML block wherever they stand (start condition 6).
const BLOCK: &str = "\
    address article aside base basefont blockquote body caption center col colgroup dd \
    details dialog dir div dl dt fieldset figcaption figure footer form frame frameset h1 h2 \
    h3 h4 h5 h6 head header hr html iframe legend li link main menu menuitem nav noframes ol \
    optgroup option p param section source summary table tbody td tfoot th thead title tr \
    track ul";

fn is_one_of(names: &str, name: &str) -> bool {
    names.split(' ').any(|one| one == name)
}

/// What ends an HTML block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HtmlEnd {
    /// The next blank line, which is no longer part of it.
    BlankLine,
    /// The line that has this text.
    Text(&'static str),
    /// The line that has the closing tag of one of [`VERBATIM`].
    VerbatimTag,
}

impl HtmlEnd {
    /// Whether the block ends with this line of it.
    pub(super) fn is_reached(self, line: &str) -> bool {
        match self {
            HtmlEnd::BlankLine => false,
            HtmlEnd::Text(text) => line.contains(text),
            HtmlEnd::VerbatimTag => {
                let line = line.to_ascii_lowercase();
                VERBATIM
                    .iter()
                    .any(|name| line.contains(&format!("</{name}>")))
            }
        }
    }
}

/// An HTML block that starts with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct HtmlStart {
    pub(super) end: HtmlEnd,
    /// Whether its text is shown as plain text: only `<details>` and `<summary>`, which people put around what they
    /// write themselves.
    pub(super) shown: bool,
}

/// The HTML block that the line starts, if it does. Only some kinds may interrupt a paragraph.
pub(super) fn block_start(line: &str, in_paragraph: bool) -> Option<HtmlStart> {
    let start = |end, shown| Some(HtmlStart { end, shown });
    let rest = line.strip_prefix('<')?;
    if rest.starts_with("!--") {
        return start(HtmlEnd::Text("-->"), false);
    }
    if let Some(end) = declaration(line) {
        return start(HtmlEnd::Text(end), false);
    }
    let (closing, rest) = match rest.strip_prefix('/') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let length = rest
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(rest.len());
    let name = rest[..length].to_ascii_lowercase();
    let after = &rest[length..];
    let ends = after.is_empty() || after.starts_with([' ', '\t', '>']);
    if !closing && ends && VERBATIM.contains(&name.as_str()) {
        return start(HtmlEnd::VerbatimTag, false);
    }
    if (ends || after.starts_with("/>")) && is_one_of(BLOCK, &name) {
        return start(
            HtmlEnd::BlankLine,
            matches!(name.as_str(), "details" | "summary"),
        );
    }
    // cmark-gfm, which GitHub uses, takes `</pre>` and its like here too; its specification does not.
    let alone = tag(line).is_some_and(|tag| line[tag.length..].trim().is_empty());
    if alone && !in_paragraph {
        start(HtmlEnd::BlankLine, false)
    } else {
        None
    }
}

/// What ends the processing instruction, CDATA section or declaration at the start of the text, if there is one.
fn declaration(text: &str) -> Option<&'static str> {
    if text.starts_with("<?") {
        return Some("?>");
    }
    if text.starts_with("<![CDATA[") {
        return Some("]]>");
    }
    let name = text.strip_prefix("<!")?;
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        .then_some(">")
}

/// A complete tag.
struct Tag {
    name: String,
    closing: bool,
    /// Its end can't be told.
    endless: bool,
    /// In bytes, from `<` to `>`.
    length: usize,
}

/// The complete tag at the start of the text, if there is one.
fn tag(text: &str) -> Option<Tag> {
    let (closing, mut rest) = match text.strip_prefix("</") {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('<')?),
    };
    if !rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let length = rest
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .unwrap_or(rest.len());
    let name = rest[..length].to_ascii_lowercase();
    rest = &rest[length..];
    if !closing {
        while let Some(after) = attribute(rest) {
            rest = after;
        }
    }
    rest = rest.trim_ascii_start();
    if !closing {
        rest = rest.strip_prefix('/').unwrap_or(rest);
    }
    let rest = rest.strip_prefix('>')?;
    Some(Tag {
        name,
        closing,
        endless: false,
        length: text.len() - rest.len(),
    })
}

/// What a browser makes of a tag that Markdown does not take for one. It runs to the next `>`, or, where a quote makes
/// that doubtful, through the whole text. It never counts as closing anything.
fn loose_tag(text: &str) -> Option<Tag> {
    let rest = text.strip_prefix('<')?;
    let name = rest.strip_prefix('/').unwrap_or(rest);
    let length = name
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(name.len());
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let end = text
        .find('>')
        .map(|end| end + 1)
        .filter(|end| !text[..*end].contains(['"', '\'']));
    Some(Tag {
        name: name[..length].to_ascii_lowercase(),
        closing: false,
        endless: end.is_none(),
        length: end.unwrap_or(text.len()),
    })
}

/// What follows the attribute at the start of the text, with the white space before it; `None` if there is none.
fn attribute(text: &str) -> Option<&str> {
    let rest = text.trim_ascii_start();
    let named = rest.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | ':'));
    if rest.len() == text.len() || !named {
        return None;
    }
    let length =
        rest.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | ':' | '.' | '-'));
    let rest = &rest[length.unwrap_or(rest.len())..];
    let Some(value) = rest.trim_ascii_start().strip_prefix('=') else {
        return Some(rest);
    };
    let value = value.trim_ascii_start();
    for quote in ['"', '\''] {
        if let Some(inside) = value.strip_prefix(quote) {
            return inside.split_once(quote).map(|(_, rest)| rest);
        }
    }
    let unquoted =
        |c: char| c.is_ascii_whitespace() || matches!(c, '"' | '\'' | '=' | '<' | '>' | '`');
    let length = value.find(unquoted).unwrap_or(value.len());
    (length > 0).then(|| &value[length..])
}

/// What the blocks before a text leave open.
#[derive(Debug, Default)]
pub(super) struct Hidden {
    /// After an inline `<!--` that is not closed in its paragraph, and before the next `-->`. Markdown takes it for text,
    /// but its author meant a comment.
    meant: bool,
    /// After a comment or tag in an HTML block that does not end there: to a browser it goes on through the rest of the
    /// page, whose text is escaped and ends no comment.
    lost: bool,
    /// How many of each of [`HIDING`] are open.
    elements: BTreeMap<String, usize>,
}

/// How a text is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inline {
    /// With backslash escapes and code spans.
    Markdown,
    /// As the inside of an HTML block.
    Html,
}

/// A text and where what may end something in it occurs last, so that looking for ends takes linear time in all.
struct Ends<'a> {
    text: &'a str,
    last: [(&'static str, Option<usize>); 4],
}

impl<'a> Ends<'a> {
    fn of(text: &'a str) -> Self {
        let last = ["-->", "?>", "]]>", ">"].map(|end| (end, text.rfind(end)));
        Self { text, last }
    }

    /// How far it is from `at` to behind the next `end`.
    fn after(&self, at: usize, end: &str) -> Option<usize> {
        let is_ahead = |(of, last): &(&str, Option<usize>)| *of == end && *last >= Some(at);
        self.last
            .iter()
            .any(is_ahead)
            .then(|| self.text[at..].find(end))?
            .map(|found| found + end.len())
    }
}

impl Hidden {
    /// For each line of a block's text: whether its first character is inside a code span, a tag, a comment or an
    /// element that hides it.
    pub(super) fn lines(&mut self, text: &str, inline: Inline) -> Vec<bool> {
        let starts: Vec<usize> = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(newline, _)| newline + 1))
            .collect();
        let mut hidden = vec![false; starts.len()];
        let mut hide = |from: usize, to: usize| {
            let first = starts.partition_point(|start| *start < from);
            let last = starts.partition_point(|start| *start < to);
            hidden
                .iter_mut()
                .take(last)
                .skip(first)
                .for_each(|line| *line = true);
        };
        // A tag in a paragraph closes nothing that was opened outside of it: `<p>` stands between.
        let outer = match inline {
            Inline::Markdown => std::mem::take(&mut self.elements),
            Inline::Html => BTreeMap::new(),
        };
        let covered = self.lost || outer.values().any(|count| *count > 0);
        let ends = Ends::of(text);
        let mut at = 0;
        while at < text.len() {
            let open = covered
                || self.meant
                || self.lost
                || self.elements.values().any(|count| *count > 0);
            let (length, opaque) = self.step(&ends, at, inline);
            if open || opaque {
                hide(at, at + length);
            }
            at += length;
        }
        for (name, count) in outer {
            *self.elements.entry(name).or_default() += count;
        }
        hidden
    }

    /// Reads the next piece of a text that is not empty: its length in bytes, at least one character, and whether it is
    /// something other than plain text in itself.
    fn step(&mut self, ends: &Ends<'_>, at: usize, inline: Inline) -> (usize, bool) {
        let rest = &ends.text[at..];
        let markdown = inline == Inline::Markdown;
        if self.meant && rest.starts_with("-->") {
            self.meant = false;
            return (3, true);
        }
        if markdown && rest.starts_with('`') {
            return code_span(rest);
        }
        if let Some(after) = rest.strip_prefix("<!--") {
            // `<!-->` and `<!--->` are whole comments.
            let whole = [">", "->"].iter().find(|end| after.starts_with(**end));
            let end = match whole {
                Some(end) => Some(4 + end.len()),
                None => ends.after(at + 4, "-->").map(|end| 4 + end),
            };
            self.meant |= markdown && end.is_none();
            self.lost |= !markdown && end.is_none();
            return (end.unwrap_or(4), true);
        }
        if let Some(end) = declaration(rest) {
            // A browser ends all of these at the first `>`.
            let end = if markdown { end } else { ">" };
            let length = ends.after(at, end);
            self.lost |= !markdown && length.is_none();
            return (length.unwrap_or(1), length.is_some());
        }
        if let Some(tag) = tag(rest).or_else(|| loose_tag(rest).filter(|_| !markdown)) {
            if is_one_of(HIDING, &tag.name) {
                let count = self.elements.entry(tag.name).or_default();
                *count = if tag.closing {
                    count.saturating_sub(1)
                } else {
                    *count + 1
                };
            }
            self.lost |= tag.endless;
            return (tag.length, true);
        }
        let mut chars = rest.chars();
        let first = chars.next().map_or(1, char::len_utf8);
        let escaped = chars
            .next()
            .filter(|c| rest.starts_with('\\') && c.is_ascii_punctuation());
        match escaped {
            Some(c) if markdown => (first + c.len_utf8(), false),
            _ => (first, false),
        }
    }
}

/// The code span at the start of a text that starts with backticks, or just these if no run of the same length follows.
fn code_span(text: &str) -> (usize, bool) {
    let run = |text: &str| text.len() - text.trim_start_matches('`').len();
    let ticks = run(text);
    let mut at = ticks;
    while let Some(next) = text[at..].find('`') {
        at += next;
        let length = run(&text[at..]);
        at += length;
        if length == ticks {
            return (at, true);
        }
    }
    (ticks, false)
}

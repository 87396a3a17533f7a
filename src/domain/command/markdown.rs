//! Which lines of a comment GitHub shows as plain text.
//!
//! A command is what a reader sees somebody say, so this follows the block structure of the
//! [GFM specification](https://github.github.com/gfm/) (its appendix "A parsing strategy") as far as it decides whether
//! a line is text: containers (block quotes, list items), fenced and indented code, HTML blocks, paragraphs. Where it
//! is not exact, it hides.

use super::html::{self, Hidden, HtmlEnd, Inline};

/// Deeper nesting of quotes and lists is nobody's writing: from there on nothing counts. Bounds the time per line.
const DEEPEST: usize = 64;

/// A block that contains others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Container {
    Quote,
    /// A list item, whose content is indented by `width` columns relative to its surroundings.
    Item {
        width: usize,
        /// No content yet: a blank line after the bare marker ends it.
        empty: bool,
    },
}

/// The block at the tip, which lines are added to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leaf {
    None,
    Paragraph,
    Fence { mark: char, length: usize },
    Html { end: HtmlEnd, shown: bool },
}

/// The lines that stand outside quotes, code, comments and raw HTML and are indented by at most three columns, in
/// their order, without their line ends.
pub(super) fn plain_lines(body: &str) -> Vec<&str> {
    let mut reader = Reader {
        containers: Vec::new(),
        leaf: Leaf::None,
        pending: Vec::new(),
        hidden: Hidden::default(),
        plain: Vec::new(),
    };
    for line in lines(body) {
        if reader.containers.len() > DEEPEST {
            return reader.plain;
        }
        reader.line(line);
    }
    reader.close(0);
    reader.plain
}

/// Lines end with `\n`, `\r\n` or `\r`.
fn lines(body: &str) -> impl Iterator<Item = &str> {
    body.split('\n')
        .flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}

struct Reader<'a> {
    containers: Vec<Container>,
    leaf: Leaf,
    /// The lines of the paragraph or HTML block at the tip: as written, and without containers.
    pending: Vec<(&'a str, String)>,
    hidden: Hidden,
    plain: Vec<&'a str>,
}

impl<'a> Reader<'a> {
    fn line(&mut self, line: &'a str) {
        let expanded = expand_tabs(line);
        let (mut matched, mut rest) = self.continued(&expanded);
        let continues = matched == self.containers.len();
        match self.leaf {
            Leaf::Fence { mark, length } if continues => {
                if closes_fence(rest, mark, length) {
                    self.leaf = Leaf::None;
                }
                return;
            }
            Leaf::Html { end, .. }
                if continues && !(end == HtmlEnd::BlankLine && is_blank(rest)) =>
            {
                self.html_line(line, rest, end);
                return;
            }
            Leaf::Fence { .. } | Leaf::Html { .. } => self.close(matched),
            Leaf::None | Leaf::Paragraph => {}
        }
        while !is_blank(rest) {
            let indent = indent(rest);
            if indent >= 4 {
                if self.leaf == Leaf::Paragraph {
                    break;
                }
                self.close(matched);
                self.fill();
                return; // indented code
            }
            let text = &rest[indent..];
            if let Some(after) = text.strip_prefix('>') {
                self.close(matched);
                self.fill();
                self.containers.push(Container::Quote);
                rest = after.strip_prefix(' ').unwrap_or(after);
            } else if let Some((mark, length)) = opens_fence(text) {
                self.close(matched);
                self.fill();
                self.leaf = Leaf::Fence { mark, length };
                return;
            } else if let Some(start) = html::block_start(text, self.leaf == Leaf::Paragraph) {
                self.close(matched);
                self.fill();
                self.leaf = Leaf::Html {
                    end: start.end,
                    shown: start.shown,
                };
                self.html_line(line, rest, start.end);
                return;
            } else if is_heading(text) {
                // One line of text that no other continues; it may still open a comment.
                self.close(matched);
                self.text(line, text);
                self.close(self.containers.len());
                return;
            } else if continues && self.leaf == Leaf::Paragraph && is_underline(text) {
                self.close(matched);
                return;
            } else if is_thematic_break(text) {
                self.close(matched);
                self.fill();
                return;
            } else if let Some((width, after)) =
                list_marker(text, continues && self.leaf == Leaf::Paragraph)
            {
                self.close(matched);
                self.fill();
                self.containers.push(Container::Item {
                    width: indent + width,
                    empty: true,
                });
                rest = after;
            } else {
                break;
            }
            matched = self.containers.len();
            if matched > DEEPEST {
                return;
            }
        }
        if is_blank(rest) {
            self.close(matched);
            return;
        }
        if self.leaf != Leaf::Paragraph {
            self.close(matched);
        }
        self.text(line, rest.trim_start_matches(' '));
    }

    /// How many containers the line continues, and what it has after their markers.
    fn continued<'l>(&self, line: &'l str) -> (usize, &'l str) {
        let mut rest = line;
        for (count, container) in self.containers.iter().enumerate() {
            let indent = indent(rest);
            match container {
                Container::Quote if indent < 4 && rest[indent..].starts_with('>') => {
                    let after = &rest[indent + 1..];
                    rest = after.strip_prefix(' ').unwrap_or(after);
                }
                Container::Item { empty: false, .. } if is_blank(rest) => rest = "",
                Container::Item { width, .. } if indent >= *width && !is_blank(rest) => {
                    rest = &rest[*width..]
                }
                _ => return (count, rest),
            }
        }
        (self.containers.len(), rest)
    }

    /// Ends the leaf, and the containers beyond the first `keep`.
    fn close(&mut self, keep: usize) {
        let (inline, shown) = match self.leaf {
            Leaf::Html { shown, .. } => (Inline::Html, shown),
            _ => (Inline::Markdown, true),
        };
        let shown = shown && !self.containers.contains(&Container::Quote);
        self.leaf = Leaf::None;
        let text: Vec<&str> = self.pending.iter().map(|(_, text)| text.as_str()).collect();
        let hidden = self.hidden.lines(&text.join("\n"), inline);
        let mut is_target = false;
        for ((line, text), hidden) in self.pending.drain(..).zip(hidden) {
            if shown && !hidden && !is_target && indent(&expand_tabs(line)) < 4 {
                self.plain.push(line);
            }
            // The line after `[label]:` is the target of a link reference definition.
            is_target = text.trim_end().ends_with("]:");
        }
        self.containers.truncate(keep);
    }

    /// Adds a line of text to the paragraph at the tip, or starts one.
    fn text(&mut self, line: &'a str, text: &str) {
        self.leaf = Leaf::Paragraph;
        self.fill();
        self.pending.push((line, text.to_owned()));
    }

    /// Adds a line to the HTML block at the tip, and ends it if it does.
    fn html_line(&mut self, line: &'a str, text: &str, end: HtmlEnd) {
        self.pending.push((line, text.to_owned()));
        if end.is_reached(text) {
            self.close(self.containers.len());
        }
    }

    /// Notes that the list items at the tip have content.
    fn fill(&mut self) {
        for container in &mut self.containers {
            if let Container::Item { empty, .. } = container {
                *empty = false;
            }
        }
    }
}

/// The line with each tab as the spaces it stands for, with tab stops of four columns.
fn expand_tabs(line: &str) -> String {
    let mut expanded = String::with_capacity(line.len());
    let mut column = 0;
    for c in line.chars() {
        let width = if c == '\t' { 4 - column % 4 } else { 1 };
        if c == '\t' {
            expanded.extend(std::iter::repeat_n(' ', width))
        } else {
            expanded.push(c)
        }
        column += width;
    }
    expanded
}

fn indent(text: &str) -> usize {
    text.len() - text.trim_start_matches(' ').len()
}

fn is_blank(text: &str) -> bool {
    text.trim_start_matches(' ').is_empty()
}

/// Three or more backticks or tildes; an info string after backticks has no backtick.
fn opens_fence(text: &str) -> Option<(char, usize)> {
    let mark = text.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let info = text.trim_start_matches(mark);
    let length = text.len() - info.len();
    (length >= 3 && !(mark == '`' && info.contains('`'))).then_some((mark, length))
}

fn closes_fence(rest: &str, mark: char, length: usize) -> bool {
    let text = rest.trim_start_matches(' ');
    let after = text.trim_start_matches(mark);
    indent(rest) < 4 && text.len() - after.len() >= length && is_blank(after)
}

fn is_heading(text: &str) -> bool {
    let after = text.trim_start_matches('#');
    (1..=6).contains(&(text.len() - after.len())) && (after.is_empty() || after.starts_with(' '))
}

/// The line under the text of a heading.
fn is_underline(text: &str) -> bool {
    ['=', '-']
        .iter()
        .any(|mark| text.starts_with(*mark) && is_blank(text.trim_start_matches(*mark)))
}

fn is_thematic_break(text: &str) -> bool {
    ['*', '-', '_'].iter().any(|mark| {
        text.chars().all(|c| c == *mark || c == ' ')
            && text.chars().filter(|c| c == mark).count() >= 3
    })
}

/// The width of a list marker with the space after it, and what follows. To interrupt a paragraph an item must have
/// content, and a number must be 1.
fn list_marker(text: &str, interrupts: bool) -> Option<(usize, &str)> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let marker = match digits {
        0 if text.starts_with(['-', '+', '*']) => 1,
        1..=9 if text[digits..].starts_with(['.', ')']) => digits + 1,
        _ => return None,
    };
    let after = &text[marker..];
    let spaces = indent(after);
    if is_blank(after) {
        return (!interrupts).then_some((marker + 1, ""));
    }
    if spaces == 0 || interrupts && digits > 0 && &text[..digits] != "1" {
        return None;
    }
    // More than four spaces are one and indented code.
    let spaces = if spaces > 4 { 1 } else { spaces };
    Some((marker + spaces, &after[spaces..]))
}

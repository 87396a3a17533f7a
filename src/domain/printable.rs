//! Text from strangers, made safe to show and to compare.
//!
//! Characters that cannot be seen, or that change the order in which others are seen, let a line read
//! differently from what it says (Unicode TR 36, "Trojan Source"). They are never honoured in a command
//! and are escaped wherever text is shown.

/// Whether `c` is invisible or reorders text: control characters, bidirectional controls, zero-width and
/// other default-ignorable characters (Unicode Standard, section 5.21), line and paragraph separators.
///
/// Tab counts as ordinary white space.
pub(crate) fn is_deceptive(c: char) -> bool {
    (c.is_control() && c != '\t')
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// `text` without the characters that [`is_deceptive`] names: what a reader believes it says.
pub(crate) fn visible(text: &str) -> String {
    text.chars().filter(|c| !is_deceptive(*c)).collect()
}

/// `text` for showing between backticks in a sentence, which may be rendered as Markdown: deceptive characters and
/// tabs as `\u{…}`, backticks as apostrophes so that it can't leave its code span, at most `max` characters of the
/// original, and an ellipsis where it was cut.
pub(crate) fn printable(text: &str, max: usize) -> String {
    let mut shown = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == max {
            shown.push('…');
            break;
        }
        if is_deceptive(c) || c == '\t' {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(if c == '`' { '\'' } else { c });
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_is_shown_as_it_is() {
        assert_eq!(
            printable("docs/**, naïve 東京 🦀", 60),
            "docs/**, naïve 東京 🦀"
        );
    }

    #[test]
    fn deceptive_characters_are_escaped_and_long_text_is_cut() {
        assert_eq!(
            printable("a\u{202e}b\u{200b}\n", 60),
            "a\\u{202e}b\\u{200b}\\u{a}"
        );
        assert_eq!(printable("abcdef", 3), "abc…");
        assert_eq!(printable("a`@b", 9), "a'@b");
        assert_eq!(visible("/o\u{200d}k\u{202e} to"), "/ok to");
    }
}

//! Text from outside, made harmless and visible.

use crate::domain::printable::printable;

/// How much of one foreign text is shown.
const LONGEST: usize = 200;

/// Shows a foreign text on one line: what can't be seen as `\u{…}`, cut when long.
pub fn plain(text: &str) -> String {
    printable(text, LONGEST)
}

/// A foreign text on one line of Markdown, where it names nobody, links to nothing and is no HTML.
pub fn inert(text: &str) -> String {
    let mut inert = String::new();
    for c in plain(text).chars() {
        match c {
            '\\' | '[' => inert.extend(['\\', c]),
            // What can't be seen behind them takes them their meaning.
            '@' | '#' | '<' => inert.extend([c, '\u{200b}']),
            c => inert.push(c),
        }
    }
    inert
}

/// The same as inline code of Markdown, inside which nothing acts; safe in a table cell too. [`plain`] leaves no
/// backtick, so nothing can end the code.
pub fn code(text: &str) -> String {
    format!("`{}`", plain(text).replace('|', "\\u{7c}"))
}

/// A foreign name as a link, if the address is one of the web; the name alone if not.
pub fn link(name: &str, url: Option<&str>) -> String {
    let harmless = |url: &&str| {
        (url.starts_with("https://") || url.starts_with("http://"))
            && url.chars().all(|c| {
                c.is_ascii_graphic() && !matches!(c, '(' | ')' | '<' | '>' | '|' | '"' | '\\' | '`')
            })
    };
    match url.filter(harmless) {
        Some(url) => format!("[{}](<{url}>)", code(name)),
        None => code(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_cannot_be_seen_is_shown() {
        for (text, shown) in [
            ("plain", "`plain`"),
            ("a\nb", "`a\\u{a}b`"),
            ("safe\u{202e}exe", "`safe\\u{202e}exe`"),
            ("@maya", "`@maya`"),
            ("a`b", "`a'b`"),
            ("a|b", "`a\\u{7c}b`"),
        ] {
            assert_eq!(code(text), shown, "{text:?}");
        }
    }

    #[test]
    fn a_foreign_line_names_nobody_and_links_to_nothing() {
        for (text, shown) in [
            ("3 loaves, 100 %", "3 loaves, 100 %"),
            ("@acme/core", "@\u{200b}acme/core"),
            ("see #7", "see #\u{200b}7"),
            ("[a](b) ![c](d)", "\\[a](b) !\\[c](d)"),
            ("<img src=x>", "<\u{200b}img src=x>"),
            ("\\[x](y)", "\\\\\\[x](y)"),
        ] {
            assert_eq!(inert(text), shown, "{text}");
        }
    }

    #[test]
    fn only_addresses_of_the_web_become_links() {
        assert_eq!(
            link("b", Some("https://ci.example/1")),
            "[`b`](<https://ci.example/1>)"
        );
        for bad in [
            "javascript:alert(1)",
            "https://x/)[",
            "https://x/ y",
            "data:text/html,x",
        ] {
            assert_eq!(link("b", Some(bad)), "`b`");
        }
    }

    proptest! {
        #[test]
        fn no_text_leaves_its_code_span(text in ".{0,300}") {
            let shown = code(&text);
            let inner = &shown[1..shown.len() - 1];
            prop_assert!(shown.starts_with('`') && shown.ends_with('`'));
            let acts = inner.contains(['`', '\n', '\r', '|', '\u{202e}', '\u{200b}']);
            prop_assert!(!acts, "{}", inner);
        }
    }
}

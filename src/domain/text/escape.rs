//! Text from outside, made harmless and visible.

use crate::domain::printable::printable;

/// How much of one foreign text is shown.
const LONGEST: usize = 200;

/// Can't be seen, and takes what is before it the meaning it would have for GitHub together with what comes behind it.
const DULL: &str = "\u{200b}";

/// What GitHub makes a link of without any brackets, as far as its first letters.
const AUTOLINKS: [&str; 4] = ["://", "www.", "mailto:", "gh-"];

/// Shows a foreign text on one line: what can't be seen as `\u{…}`, cut when long.
pub fn plain(text: &str) -> String {
    printable(text, LONGEST)
}

/// A foreign text on one line of Markdown, where it names nobody, links to nothing and is no HTML.
pub fn inert(text: &str) -> String {
    let mut inert = String::new();
    let shown = plain(text);
    let mut rest = shown.as_str();
    while let Some(c) = rest.chars().next() {
        let autolink = AUTOLINKS.iter().find(|link| begins(rest, link));
        let length = autolink.map_or(c.len_utf8(), |link| link.len());
        if matches!(c, '\\' | '[') {
            inert.push('\\');
        }
        let (piece, after) = rest.split_at(length);
        inert.push_str(piece);
        if autolink.is_some() || matches!(c, '@' | '#' | '<') || is_entity(rest) {
            inert.push_str(DULL);
        }
        rest = after;
    }
    inert
}

/// A foreign text of several lines, as a quotation: it can't pretend to be a part of what we say, nor notify anybody. It may be
/// Markdown, but `DULL` keeps an `@` from naming anybody, a `#7` from linking, a `<` from beginning HTML, which could end the
/// quotation (`</blockquote>`), a `&commat;` from being one of these, and a `[^1]` from being a footnote, which stands below all of
/// what we say; code shows them as they were.
pub fn quoted(text: &str) -> String {
    // A lone carriage return ends a line, too (CommonMark, 2.1).
    let text = text.replace("\r\n", "\n");
    let lines = text.split(['\n', '\r']).map(|line| {
        let mut quoted = "> ".to_owned();
        for (at, c) in line.char_indices() {
            quoted.push(c);
            let rest = &line[at..];
            let number = || rest[1..].starts_with(|next: char| next.is_ascii_digit());
            if matches!(c, '@' | '<')
                || (c == '#' && number())
                || rest.starts_with("[^")
                || is_entity(rest)
            {
                quoted.push_str(DULL);
            }
        }
        quoted
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Whether a text begins with a character by its name or number (CommonMark, 2.5).
fn is_entity(text: &str) -> bool {
    text.strip_prefix('&').is_some_and(|name| {
        let name = name.strip_prefix('#').unwrap_or(name);
        let end = name.find(|c: char| !c.is_ascii_alphanumeric());
        end.is_some_and(|end| end > 0 && name[end..].starts_with(';'))
    })
}

/// Whether a text begins with this, in letters of whatever size.
fn begins(text: &str, with: &str) -> bool {
    let beginning = text.get(..with.len());
    beginning.is_some_and(|beginning| beginning.eq_ignore_ascii_case(with))
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
            (
                "&commat;acme &#64;b",
                "&\u{200b}commat;acme &\u{200b}#\u{200b}64;b",
            ),
            (
                "https://evil.example, WWW.evil.example, GH-7",
                "https://\u{200b}evil.example, WWW.\u{200b}evil.example, GH-\u{200b}7",
            ),
        ] {
            assert_eq!(inert(text), shown, "{text}");
        }
    }

    #[test]
    fn a_quotation_names_nobody_and_cannot_be_left() {
        for (text, shown) in [
            ("**3** of 4 & more", "> **3** of 4 & more"),
            ("a\r\nb\rc\n", "> a\n> b\n> c\n> "),
            ("[log](https://x/?a=1&b=2)", "> [log](https://x/?a=1&b=2)"),
            (
                "@acme/core &commat;acme",
                "> @\u{200b}acme/core &\u{200b}commat;acme",
            ),
            ("see #7, # title", "> see #\u{200b}7, # title"),
            ("</blockquote><!--", "> <\u{200b}/blockquote><\u{200b}!--"),
            (
                "a[^1]\n[^1]: # All is well",
                "> a[\u{200b}^1]\n> [\u{200b}^1]: # All is well",
            ),
        ] {
            assert_eq!(quoted(text), shown, "{text:?}");
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

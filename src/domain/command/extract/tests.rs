use super::super::BadSha;
use super::*;
use proptest::prelude::*;

fn texts(body: &str) -> Vec<String> {
    extract(body).into_iter().map(|line| line.text).collect()
}

#[test]
fn plain_lines_command() {
    for body in [
        "/sync",
        "  /sync  ",
        "   /sync",
        "hello\n/sync",
        "hello\r\n/sync\r\n",
        "hello\r/sync",
        "# Title\n/sync",
        "> quote\n\n/sync",
        "> quote\n>\n/sync",
        "- item\n/sync",
        "- item\n\n/sync",
        "1. a\n   /sync",
        "***\n/sync",
        "```\ncode\n```\n/sync",
        "~~~~ rust\n```\n~~~~\n/sync",
        "````\n```\n````\n/sync",
        "```a`b\n/sync",
        "    code\n/sync",
        "`code`\n/sync",
        "a ` b\n/sync",
        "a \\` b\n/sync\n`",
        "<!-- note -->\n/sync",
        "<!-- a\nb -->\n/sync",
        "text <!-- a --> b\n/sync",
        "<details>\n\n/sync\n\n</details>",
        "<details><summary>s</summary>\n/sync\n</details>",
        "<pre>x</pre>\n/sync",
        "a <b>bold</b>\n/sync",
        "<code>x</code>\n/sync",
        "a < b\n/sync",
        "> ```\n> code\n\n/sync",
        "> ```\n/sync",
        "- ```\n/sync",
        "a\n===\n/sync",
        "> a\n---\n/sync",
        "1) ```\n   x\n   ```\n/sync",
        "10. a\n\n    ```\n    x\n    ```\n\n/sync",
        "`<code>`\n/sync",
        "```\na\n   ```  \n/sync",
        "<!-->\n/sync",
        "| a |\n|---|\n\n/sync",
        "\t\n/sync",
        "-\n\n/sync",
    ] {
        assert_eq!(texts(body), ["/sync"], "{body:?}");
    }
    assert_eq!(
        texts("/sync\n\ntext\n/status\n> /help\n\n/help"),
        ["/sync", "/status", "/help"]
    );
}

#[test]
fn quotes_code_and_comments_do_not_command() {
    for body in [
        "please /sync",
        "> /sync",
        ">/sync",
        "  > /sync",
        "> > /sync",
        "> a\n> /sync",
        "> a\n/sync",
        "> - a\n/sync",
        "- > a\n/sync",
        "- /sync",
        "* /sync",
        "1. /sync",
        "`/sync`",
        "`a\n/sync\nb`",
        "``a\n/sync ` \n``",
        "    /sync",
        "\t/sync",
        " \t/sync",
        "a\n\n    /sync",
        "a\n    /sync",
        "```\n/sync\n```",
        "```\n/sync",
        "~~~\n/sync\n~~~",
        "```rust\n/sync\n```",
        "````\n```\n/sync\n````",
        "```\n~~~\n/sync\n```",
        "```\n``` x\n/sync\n```",
        "```\n    ```\n/sync",
        "  ```\n/sync\n  ```",
        "> ```\n> /sync\n> ```",
        "- ```\n  /sync\n  ```",
        "- a\n\n     ```\n  /sync\n     ```",
        "1. ```\n   /sync\n   ```",
        "a\n```\n/sync\n```",
        "<!--\n/sync\n-->",
        "<!-- a\n\n/sync",
        "<!--\n/sync",
        "text <!-- a\n/sync\n-->",
        "text <!-- a\n\n/sync",
        "text <!-- a\n\nb --> c /sync",
        "<pre>\n/sync\n</pre>",
        "<pre>\n\n/sync\n\n</pre>",
        "<code>\n/sync\n</code>",
        "<code>\n\n/sync\n\n</code>",
        "a <code>\n/sync\n</code>",
        "<blockquote>\n\n/sync\n\n</blockquote>",
        "<div>\n/sync\n</div>",
        "<p>\n/sync\n",
        "<script>\n/sync\n</script>",
        "<?php\n/sync\n?>",
        "<![CDATA[\n/sync\n]]>",
        "<!DOCTYPE\n/sync\n>",
        "<details>\n<pre>\n/sync\n</pre></details>",
        "a <b title=\"\n/sync\n\">",
        "<del>\n\n/sync\n\n</del>",
        "<pre>\n</script>\n\n/sync",
        "    ```\n\n```\n/sync\n```",
        "<x =>\n```\n\n/sync",
        "-\n\n  ```\n/sync",
        "> [!NOTE]\n> /sync",
        "-\t```\n    /sync",
        "<details>\n\n```\n/sync\n```\n</details>",
        "a\\\\`\n/sync\n`",
        "[a]:\n/sync",
        "> <?\n\n/sync",
        "</script>\n```\n\n```\n/sync",
        "a <!-- b <code>\n\nc --> d\n/sync",
        "> <!-- a\n\nb -->\n/sync",
        "</div><a b=\"\n\n/sync",
        "- 1.\n\n  2) <script>\n/sync",
        "<del>\n\na</del>\n/sync",
    ] {
        assert_eq!(texts(body), Vec::<String>::new(), "{body:?}");
    }
}

#[test]
fn a_line_that_is_not_what_it_looks_like_does_not_command_but_is_found() {
    for text in [
        "/sy\u{200b}nc",
        "\u{200b}/sync",
        "/sync\u{202e}",
        "/\u{ad}sync",
        "/sync \u{7}",
        "/ok to te\u{2060}st abcdef0",
    ] {
        let lines = extract(text);
        assert!(
            lines.len() == 1 && lines[0].suspicious,
            "{text:?}: {lines:?}"
        );
    }
    assert_eq!(extract("/sy\u{200b}nc")[0].invocation(), Invocation::Sync);
    assert_ne!(parse("/sy\u{200b}nc"), Invocation::Sync);
    assert!(!extract("/sync")[0].suspicious);
    assert!(extract("\u{200b}hello").is_empty());
    assert!(extract("／sync").is_empty());
}

#[test]
fn only_a_bounded_part_of_a_comment_is_kept() {
    assert_eq!(extract(&"/sync\n".repeat(100)).len(), MOST_LINES);
    let sha = "0123456789".repeat(4);
    let long = format!("/ok to test {sha}{}never mind", " ".repeat(400));
    let lines = extract(&long);
    assert_eq!(lines[0].text.chars().count(), LONGEST_LINE);
    assert!(matches!(
        lines[0].invocation(),
        Invocation::OkToTest {
            sha: Err(BadSha::ExtraWords { .. })
        }
    ));
    assert!(extract(&format!("{}x\n/sync", "> ".repeat(70))).is_empty());
    for heavy in [
        ">".repeat(60_000),
        "- ".repeat(30_000),
        "`a``b```".repeat(8_000),
        "<a b='".repeat(10_000),
        "<!--".repeat(15_000),
        "<?".repeat(30_000),
    ] {
        extract(&heavy);
        extract(&format!("{heavy}\n{}", "\n".repeat(5_000)));
    }
}

/// Pieces of which comments with interesting structure are made.
fn comment() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "/sync",
        "/ok to test abcdef0",
        "\n",
        "\n",
        "\n\n",
        "> ",
        "- ",
        "1. ",
        "```",
        "~~~",
        "`",
        "``",
        "    ",
        "\t",
        " ",
        "<!--",
        "-->",
        "<pre>",
        "</pre>",
        "<code>",
        "</code>",
        "<details>",
        "</details>",
        "<div>",
        "text",
        "#",
        "---",
        "\\",
        "<a b=\"",
        "\">",
        "\r\n",
        "\u{200b}",
        "é",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_is_handled(text in "(?s).{0,200}") {
        for line in extract(&text) {
            line.invocation();
        }
        parse(&text);
    }

    #[test]
    fn what_is_extracted_is_a_line_of_the_comment(body in comment()) {
        let found = extract(&body);
        prop_assert!(found.len() <= MOST_LINES);
        let mut lines = body.split(['\n', '\r']);
        for line in found {
            prop_assert!(lines.any(|whole| whole.trim() == line.text), "{:?} in {:?}", line, body);
        }
    }

    #[test]
    fn a_quoted_text_never_commands(body in comment()) {
        let quoted: String = body.split(['\n', '\r']).map(|line| format!("> {line}\n")).collect();
        prop_assert!(extract(&quoted).is_empty(), "{quoted:?}");
    }

    #[test]
    fn a_fenced_text_never_commands(body in comment(), before in "[a-z ]{0,9}", closed: bool) {
        let fence = "`".repeat(body.len().max(3) + 1);
        let end = if closed { fence.as_str() } else { "" };
        let fenced = format!("{before}\n{fence}\n{body}\n{end}");
        prop_assert!(extract(&fenced).is_empty(), "{fenced:?}");
    }

    #[test]
    fn an_indented_text_never_commands(body in comment()) {
        let indented: String = body.split(['\n', '\r']).map(|line| format!("    {line}\n")).collect();
        prop_assert!(extract(&indented).is_empty(), "{indented:?}");
    }

    #[test]
    fn a_commented_out_text_never_commands(body in comment()) {
        prop_assume!(!body.contains("-->"));
        let commented = format!("<!-- x\n{body}\n-->");
        prop_assert!(extract(&commented).is_empty(), "{commented:?}");
    }
}

//! Markdown as GitHub shows it to people, near enough to be read.

use super::web;
use maud::{Markup, PreEscaped};
use pulldown_cmark::{CodeBlockKind, CowStr, Event, Options, Parser, Tag, TagEnd, html::push_html};

/// The little HTML that is let through, as it is written; GitHub lets more of it, and nothing that acts.
const KNOWN: [&str; 9] = [
    "<details>",
    "<details open>",
    "</details>",
    "<summary>",
    "</summary>",
    "<sub>",
    "</sub>",
    "<br>",
    "<br/>",
];

/// Where GitHub draws what a text describes.
const DRAWING: &str = "<p class=\"dim\">(GitHub draws a picture of the jobs here.)</p>";

/// A text of somebody's as HTML. HTML in it is shown as it was written, but for [`KNOWN`]; comments are left out.
pub(super) fn markdown(text: &str) -> Markup {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let (mut in_drawing, mut in_text) = (false, false);
    let events = Parser::new_ext(text, options).flat_map(|event| match event {
        Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language)))
            if &*language == "mermaid" =>
        {
            in_drawing = true;
            vec![Event::Html(CowStr::Borrowed(DRAWING))]
        }
        Event::End(TagEnd::CodeBlock) if in_drawing => {
            in_drawing = false;
            Vec::new()
        }
        _ if in_drawing => Vec::new(),
        Event::Html(html) | Event::InlineHtml(html) => tame(&html),
        // It would be fetched from wherever somebody likes.
        Event::Start(Tag::Image { .. }) => vec![Event::Text(CowStr::Borrowed("picture: "))],
        Event::End(TagEnd::Image) => Vec::new(),
        Event::Start(Tag::Link { ref dest_url, .. }) if web(Some(dest_url)).is_none() => {
            in_text = true;
            Vec::new()
        }
        Event::End(TagEnd::Link) if in_text => {
            in_text = false;
            Vec::new()
        }
        // A line's end is one, in comments and checks.
        Event::SoftBreak => vec![Event::HardBreak],
        other => vec![other],
    });
    let mut html = String::new();
    push_html(&mut html, events);
    PreEscaped(html)
}

/// HTML cut into what is let through and what is only shown.
fn tame(html: &str) -> Vec<Event<'static>> {
    let mut events = Vec::new();
    let mut rest = html;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("<!--") {
            rest = after.split_once("-->").map_or("", |(_, rest)| rest);
            continue;
        }
        if let Some(known) = KNOWN.into_iter().find(|known| rest.starts_with(known)) {
            events.push(Event::Html(CowStr::Borrowed(known)));
            rest = &rest[known.len()..];
            continue;
        }
        let next = rest.char_indices().skip(1).find(|(_, one)| *one == '<');
        let (text, after) = rest.split_at(next.map_or(rest.len(), |(at, _)| at));
        events.push(Event::Text(CowStr::from(text.to_owned())));
        rest = after;
    }
    events
}

#[cfg(test)]
mod tests {
    use super::markdown;

    #[test]
    fn what_somebody_wrote_is_shown_and_does_nothing() {
        for (written, shown) in [
            ("**yes**", "<p><strong>yes</strong></p>\n"),
            (
                "<script>alert(1)</script>",
                "&lt;script&gt;alert(1)&lt;/script&gt;",
            ),
            (
                "a <img src=x onerror=alert(1)> b",
                "<p>a &lt;img src=x onerror=alert(1)&gt; b</p>\n",
            ),
            (
                "<details><summary>Why</summary>\n\nso\n</details>\n",
                "<details><summary>Why</summary>\n<p>so</p>\n</details>\n",
            ),
            (
                "<details onclick=alert(1)>",
                "&lt;details onclick=alert(1)&gt;",
            ),
            ("<!-- a mark -->\nseen", "\n<p>seen</p>\n"),
            (
                "[a](javascript:alert(1)) [b](https://b.example/)",
                "<p>a <a href=\"https://b.example/\">b</a></p>\n",
            ),
            (
                "![a](http://elsewhere.example/x.png)",
                "<p>picture: a</p>\n",
            ),
        ] {
            assert_eq!(markdown(written).0, shown, "{written}");
        }
    }
}

//! `/badge/{owner}/{repo}/{pipeline}.svg`

use maud::html;

/// Seven units a character is what the usual fonts take at this size.
const CHARACTER: usize = 7;
const MOST: usize = 40;

/// A badge that says how a pipeline stands. Colours stand in it: nobody's style reaches into a picture.
pub(in crate::web::dashboard) fn picture(pipeline: &str, stage: Option<&str>) -> String {
    let pipeline: String = pipeline.chars().take(MOST).collect();
    let (says, colour) = match stage {
        Some("passed") => ("passed", "#1a7f37"),
        Some("failed") => ("failed", "#cf222e"),
        Some("running" | "waiting") => ("running", "#9a6700"),
        _ => ("no run yet", "#57606a"),
    };
    let left = pipeline.chars().count() * CHARACTER + 12;
    let right = says.len() * CHARACTER + 12;
    let width = left + right;
    html! {
        svg xmlns="http://www.w3.org/2000/svg" width=(width) height="20" role="img" aria-label={ (pipeline) ": " (says) } {
            title { (pipeline) ": " (says) }
            rect width=(left) height="20" fill="#24292f" {}
            rect x=(left) width=(right) height="20" fill=(colour) {}
            g fill="#fff" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11" {
                text x="6" y="14" { (pipeline) }
                text x=(left + 6) y="14" { (says) }
            }
        }
    }
    .into_string()
}

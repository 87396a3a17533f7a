//! `/commands`

use super::super::access::Seer;
use super::super::views::CommandsView;
use super::Frame;
use super::parts::marked;
use maud::html;

pub(in crate::web::dashboard) fn page(seer: &Seer, view: &CommandsView) -> String {
    let main = html! {
        h1 { "Commands" }
        p { "A command is the first thing on its line, in a new comment on an open pull request, outside quotes and code. A pipeline with "
            code { "on: {command: name}" } " adds one of its own." }
        div.scroll tabindex="0" role="region" aria-label="Table of commands" { table {
            thead { tr { th scope="col" { "Command" } th scope="col" { "Who" } th scope="col" { "What it does" } } }
            tbody { @for command in &view.commands { tr {
                td { code { (command.usage) } @for other in &command.also { div.dim { "or " code { (other) } } } }
                td { (command.who) }
                td { (marked(command.effect)) }
            } } }
        } }
    };
    Frame::new("Commands", seer).write(&main)
}

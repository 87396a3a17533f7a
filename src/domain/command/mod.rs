//! What people type to the app in comments on a pull request.
//!
//! Two stages: [`extract()`] finds the lines of a comment that speak to a bot at all, outside quotes, code and comments;
//! [`parse()`] says what such a line asks for. Both are total: any text gives an answer. There is one [`TABLE`], from which
//! recognition, help and documentation come.
//!
//! Who may do what is decided elsewhere, as is whether an [`Invocation::Unknown`] is answered: a line may well speak to
//! another bot.

mod extract;
mod html;
mod markdown;
mod parse;
mod table;
#[cfg(test)]
mod tests;

pub use extract::{LONGEST_LINE, Line, MOST_LINES, extract};
pub use parse::{BadSha, CommandName, Invocation, ShaPrefix, parse};
pub use table::{Command, CommandSpec, TABLE, Who, help_table};

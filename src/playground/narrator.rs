//! Tells the story on a terminal: what somebody does, what comes of it, and whether that is right.

use std::io::{IsTerminal, stdout};

/// Counts what came out right and wrong.
pub(super) struct Narrator {
    coloured: bool,
    wrong: u32,
    right: u32,
}

impl Narrator {
    pub(super) fn new() -> Self {
        let coloured = stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self {
            coloured,
            wrong: 0,
            right: 0,
        }
    }

    /// A step begins: somebody does something.
    pub(super) fn step(&self, what: &str) {
        println!("\n{} {what}", self.paint("1", "▸"));
    }

    /// A fact for the listener.
    pub(super) fn say(&self, what: &str) {
        println!("  {what}");
    }

    /// What should be so now, and whether it is. `seen` is shown when it is not.
    pub(super) fn check(&mut self, what: &str, holds: bool, seen: &str) {
        if holds {
            self.right += 1;
            println!("  {} {what}", self.paint("32", "✓"));
        } else {
            self.wrong += 1;
            println!("  {} {what}\n    but: {seen}", self.paint("31", "✗"));
        }
    }

    /// What the app wrote, as people see it.
    pub(super) fn quote(&self, text: &str) {
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            println!("    {} {line}", self.paint("2", "│"));
        }
    }

    /// The last line; whether all was right.
    pub(super) fn end(&self) -> bool {
        if self.wrong == 0 {
            println!(
                "\n{} All {} expectations came true.",
                self.paint("32", "✓"),
                self.right
            );
        } else {
            let of = self.right + self.wrong;
            println!(
                "\n{} {} of {of} expectations did not come true.",
                self.paint("31", "✗"),
                self.wrong
            );
        }
        self.wrong == 0
    }

    fn paint(&self, colour: &str, text: &str) -> String {
        if self.coloured {
            format!("\u{1b}[{colour}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

//! Tells the story: what somebody does, what comes of it, and whether that is right. On a terminal a table of jobs is
//! drawn over the one before it; elsewhere the lines that changed are appended.

use super::story::board::{Board, JobRow};
use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _, stdout};

/// Counts what came out right and wrong.
pub(super) struct Narrator {
    coloured: bool,
    redraws: bool,
    /// The table as it was last shown, and the commit it is about.
    drawn: Vec<Line>,
    of: String,
    /// Whether the cursor is right below it.
    below: bool,
    wrong: u32,
    right: u32,
}

/// A line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    sign: String,
    text: String,
}

impl Narrator {
    pub(super) fn new() -> Self {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let terminal = stdout().is_terminal() && set("TERM").is_some_and(|term| term != "dumb");
        Self {
            // https://no-color.org
            coloured: terminal && set("NO_COLOR").is_none(),
            redraws: terminal,
            drawn: Vec::new(),
            of: String::new(),
            below: false,
            wrong: 0,
            right: 0,
        }
    }

    /// Whether a table is drawn over the one before it, so that people can watch.
    pub(super) fn redraws(&self) -> bool {
        self.redraws
    }

    /// A step begins: somebody does something.
    pub(super) fn step(&mut self, what: &str) {
        self.line(&format!("\n{} {what}", self.paint("1", "▸")));
    }

    /// A fact for the listener.
    pub(super) fn say(&mut self, what: &str) {
        self.line(&format!("  {what}"));
    }

    /// What should be so now, and whether it is. `seen` is shown when it is not.
    pub(super) fn check(&mut self, what: &str, holds: bool, seen: &str) {
        if holds {
            self.right += 1;
            self.line(&format!("  {} {what}", self.paint("32", "✓")));
        } else {
            self.wrong += 1;
            self.line(&format!(
                "  {} {what}\n    but: {seen}",
                self.paint("31", "✗")
            ));
        }
    }

    /// What the app wrote, as people see it.
    pub(super) fn quote(&mut self, text: &str) {
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            self.line(&format!("    {} {line}", self.paint("2", "│")));
        }
    }

    /// A gate and its jobs as they stand now; whether that is news.
    pub(super) fn board(&mut self, board: &Board) -> bool {
        let lines = lines(board);
        if self.of != board.sha {
            self.of.clone_from(&board.sha);
            self.drawn.clear();
        }
        if lines == self.drawn && (self.below || !self.redraws) {
            return false;
        }
        if self.redraws {
            let painted = lines.iter().map(|line| self.painted(line));
            let over = if self.below { self.drawn.len() } else { 0 };
            print(&redraw(over, painted));
        } else {
            for line in lines.iter().filter(|line| !self.drawn.contains(line)) {
                print(&format!("    {} {}\n", line.sign, line.text));
            }
        }
        self.drawn = lines;
        self.below = true;
        true
    }

    /// The last line; whether all was right.
    pub(super) fn end(&mut self) -> bool {
        let (right, of) = (self.right, self.right + self.wrong);
        let end = match self.wrong {
            0 => format!(
                "\n{} All {right} expectations came true.",
                self.paint("32", "✓")
            ),
            n => format!(
                "\n{} {n} of {of} expectations did not come true.",
                self.paint("31", "✗")
            ),
        };
        self.line(&end);
        self.wrong == 0
    }

    /// Below a line a new table begins.
    fn line(&mut self, text: &str) {
        self.below = false;
        print(&format!("{text}\n"));
    }

    /// Terminals do not agree on how wide a sign is, so the text gets its column by number.
    fn painted(&self, line: &Line) -> String {
        let colour = match line.sign.as_str() {
            "✅" => "32",
            "❌" | "⛔" => "31",
            "🏃" => "33",
            "└" => "1",
            _ => "2",
        };
        format!(
            "    {}\u{1b}[8G{}",
            line.sign,
            self.paint(colour, &line.text)
        )
    }

    fn paint(&self, colour: &str, text: &str) -> String {
        if self.coloured {
            format!("\u{1b}[{colour}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

/// Nobody may be listening any more: then the story is played for its exit code.
fn print(text: &str) {
    let mut out = stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// How wide most states are: the columns should not move with each change.
const STATE: usize = "waiting to start".len();

fn lines(board: &Board) -> Vec<Line> {
    let names = board.jobs.iter().map(|row| row.job.chars().count());
    let width = names.max().unwrap_or(0);
    let row = |row: &JobRow| {
        let text = format!("{:width$}  {:STATE$}  {}", row.job, row.state, row.why);
        Line {
            sign: row.sign.clone(),
            text: text.trim_end().to_owned(),
        }
    };
    let gate = Line {
        sign: "└".to_owned(),
        text: format!("{}: {}", board.gate, board.headline()),
    };
    board.jobs.iter().map(row).chain([gate]).collect()
}

/// Draws lines over the `before` lines above the cursor. What is wider than the terminal is cut off meanwhile: a wrapped
/// line would count as one and take up two.
fn redraw(before: usize, lines: impl Iterator<Item = String>) -> String {
    let mut text = "\u{1b}[?7l".to_owned();
    if before > 0 {
        let _ = write!(text, "\u{1b}[{before}A");
    }
    for line in lines {
        let _ = write!(text, "\r\u{1b}[2K{line}\r\n");
    }
    text + "\u{1b}[J\u{1b}[?7h"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_drawn_over_the_one_before_it() {
        let lines = || ["one", "two"].into_iter().map(str::to_owned);
        let table = "\r\u{1b}[2Kone\r\n\r\u{1b}[2Ktwo\r\n\u{1b}[J\u{1b}[?7h";
        assert_eq!(redraw(0, lines()), format!("\u{1b}[?7l{table}"));
        assert_eq!(redraw(3, lines()), format!("\u{1b}[?7l\u{1b}[3A{table}"));
    }
}

//! A gate as it stands on GitHub: its headline, and the table of jobs that its summary holds.

use crate::sandbox::CheckRunView;

/// A gate with its jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::playground) struct Board {
    /// The commit it is on.
    pub(in crate::playground) sha: String,
    /// The check's name.
    pub(in crate::playground) gate: String,
    /// Its conclusion, or its status before it has one.
    pub(in crate::playground) status: String,
    /// Its title.
    pub(in crate::playground) title: String,
    /// A row for each job.
    pub(in crate::playground) jobs: Vec<JobRow>,
}

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::playground) struct JobRow {
    /// The job's name.
    pub(in crate::playground) job: String,
    /// The workflow run that the row links to.
    pub(in crate::playground) run: Option<u64>,
    /// The sign of its state.
    pub(in crate::playground) sign: String,
    /// Its state in words.
    pub(in crate::playground) state: String,
    /// Why it is so.
    pub(in crate::playground) why: String,
}

impl Board {
    pub(in crate::playground) fn of(check: &CheckRunView) -> Self {
        Self {
            sha: check.head_sha.clone(),
            gate: check.name.clone(),
            status: check.conclusion.as_ref().unwrap_or(&check.status).clone(),
            title: check.title.clone().unwrap_or_default(),
            jobs: jobs(check.summary.as_deref().unwrap_or_default()),
        }
    }

    /// What people see beside the check's name.
    pub(in crate::playground) fn headline(&self) -> String {
        format!("{} – {}", self.status, self.title)
    }

    pub(in crate::playground) fn job(&self, name: &str) -> Option<&JobRow> {
        self.jobs.iter().find(|row| row.job == name)
    }

    /// Whether the gate reads so: its status, and a part of its title.
    pub(in crate::playground) fn says(&self, status: &str, title: &str) -> bool {
        self.status == status && self.title.contains(title)
    }

    /// Whether a job reads so: its state, and a part of why.
    pub(in crate::playground) fn job_is(&self, name: &str, state: &str, why: &str) -> bool {
        let row = self.job(name);
        row.is_some_and(|row| row.state == state && row.why.contains(why))
    }
}

/// The table below *Jobs* in a gate's summary.
pub(in crate::playground) fn jobs(summary: &str) -> Vec<JobRow> {
    summary
        .lines()
        .skip_while(|line| *line != "### Jobs")
        .skip_while(|line| !line.starts_with("|---"))
        .skip(1)
        .map_while(row)
        .collect()
}

/// `` | [`build (amd64)`](<…/actions/runs/7>) _(optional)_ | 🏃 running | since 10:00 UTC | attempt 2 | ``
fn row(line: &str) -> Option<JobRow> {
    let mut cells = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ");
    let (name, state, _time) = (cells.next()?, cells.next()?, cells.next()?);
    let (sign, state) = state.split_once(' ')?;
    let run = name
        .split_once("/actions/runs/")
        .and_then(|(_, rest)| rest.split(|c: char| !c.is_ascii_digit()).next())
        .and_then(|id| id.parse().ok());
    Some(JobRow {
        job: name.split('`').nth(1)?.to_owned(),
        run,
        sign: sign.to_owned(),
        state: state.to_owned(),
        why: cells.next().unwrap_or_default().trim().replace('`', ""),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_jobs_is_read_off_the_summary() {
        let summary = "Words.\n\n### Jobs\nRun 1 of `ci`.\n\n| job | state | time | why |\n|---|---|---|---|\n\
            | [`build (arm64)`](<http://127.0.0.1:1/acme/engine/actions/runs/41>) | ❌ failed | 3 s | attempt 2 |\n\
            | `docs` _(optional)_ | ⏭️ not needed |  | no changed file matches `api` |\n\n```mermaid\n| no | row | at | all |\n";
        let rows = jobs(summary);
        let seen: Vec<_> = rows
            .iter()
            .map(|row| {
                (
                    row.job.as_str(),
                    row.run,
                    row.sign.as_str(),
                    row.state.as_str(),
                    row.why.as_str(),
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                ("build (arm64)", Some(41), "❌", "failed", "attempt 2"),
                (
                    "docs",
                    None,
                    "⏭️",
                    "not needed",
                    "no changed file matches api"
                ),
            ]
        );
        assert_eq!(jobs("no jobs here"), []);
    }
}

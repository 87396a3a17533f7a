//! How the jobs of a pipeline find each other: by key, by full name, and by what a template calls them.

use super::expand::Laid;
use super::matrix::Variant;
use super::read::{At, unknown_name};
use crate::domain::config::ConfigError;
use crate::domain::config::yaml::Source;
use crate::domain::printable::printable;
use std::collections::{BTreeSet, HashMap};

/// A job among others: its place, and that of the variant.
pub(super) type Spot = (usize, usize);

/// All jobs of a pipeline, and how they find each other.
pub(super) struct Graph<'a> {
    pub(super) source: Source<'a>,
    pub(super) laid: &'a [Laid<'a>],
    /// The variants of each job, with their names.
    pub(super) variants: Vec<Vec<(String, Variant)>>,
    /// What each job needs, the same for all of its variants.
    pub(super) needs: Vec<Vec<Spot>>,
}

impl Graph<'_> {
    pub(super) fn name(&self, (job, variant): Spot) -> &str {
        &self.variants[job][variant].0
    }

    pub(super) fn find_needs(
        &self,
        pipeline: &str,
        left_out: &BTreeSet<&str>,
    ) -> Result<Vec<Vec<Spot>>, ConfigError> {
        let mut by_key: HashMap<&str, usize> = HashMap::new();
        let mut by_name: HashMap<&str, Spot> = HashMap::new();
        for (at, job) in self.laid.iter().enumerate() {
            by_key.insert(job.name, at);
            for (variant, (name, _)) in self.variants[at].iter().enumerate() {
                by_name.insert(name, (at, variant));
            }
        }
        let mut all = Vec::with_capacity(self.laid.len());
        for job in self.laid {
            let mut needs = BTreeSet::new();
            for need in &job.draft.needs {
                if let Some(at) = by_key.get(need.0.as_str()) {
                    needs.extend((0..self.variants[*at].len()).map(|variant| (*at, variant)));
                } else if let Some(spot) = by_name.get(need.0.as_str()) {
                    needs.insert(*spot);
                } else if left_out.contains(need.0.as_str()) {
                    let message = format!(
                        "{} needs `{}`, which pipeline `{pipeline}` leaves out",
                        job.what(),
                        need.0
                    );
                    let hint = format!("Give `{}` its own `needs` in `{pipeline}`", job.name);
                    return Err(self.source.error(need.1, message, Some(&hint)));
                } else {
                    let shown = printable(&need.0, 80);
                    let message = format!("{} needs an unknown job `{shown}`", job.what());
                    // The jobs of a matrix that is named first, then everything.
                    let of_matrix = |at: &usize| {
                        need.0
                            .split_once(" (")
                            .is_some_and(|(key, _)| key == self.laid[*at].name)
                    };
                    let matrix = (0..self.laid.len()).find(of_matrix);
                    let known = "Jobs of this pipeline";
                    return Err(match matrix {
                        Some(at) => {
                            let names = self.variants[at].iter().map(|(name, _)| name.as_str());
                            unknown_name(self.source, message, need, known, names)
                        }
                        None => {
                            let names = self.laid.iter().map(|job| job.name);
                            unknown_name(self.source, message, need, known, names)
                        }
                    });
                }
            }
            all.push(needs.into_iter().collect());
        }
        Ok(all)
    }

    /// All variants of a job need the same, so a cycle among jobs is one among their variants, too.
    pub(super) fn refuse_cycles(&self) -> Result<(), ConfigError> {
        let of_jobs: Vec<BTreeSet<usize>> = self
            .needs
            .iter()
            .map(|needs| needs.iter().map(|(job, _)| *job).collect())
            .collect();
        // Jobs whose needs are all settled are settled, until nothing changes.
        let mut settled = vec![false; of_jobs.len()];
        loop {
            let mut more = false;
            for (at, needs) in of_jobs.iter().enumerate() {
                if !settled[at] && needs.iter().all(|need| settled[*need]) {
                    settled[at] = true;
                    more = true;
                }
            }
            if !more {
                break;
            }
        }
        // Each job that is left needs another one that is left: following them ends in a circle.
        let left = |at: usize| of_jobs[at].iter().copied().find(|need| !settled[*need]);
        let Some(mut at) = settled.iter().position(|settled| !settled) else {
            return Ok(());
        };
        let mut path = Vec::new();
        while !path.contains(&at) {
            path.push(at);
            match left(at) {
                Some(next) => at = next,
                None => return Ok(()),
            }
        }
        path.drain(..path.iter().position(|job| *job == at).unwrap_or(0));
        let first = path.iter().copied().min().unwrap_or(at);
        let start = path.iter().position(|job| *job == first).unwrap_or(0);
        path.rotate_left(start);
        let mut names: Vec<&str> = path.iter().map(|job| self.laid[*job].name).collect();
        if names.len() > 12 {
            names.truncate(12);
            names.push("…");
        }
        names.push(self.laid[first].name);
        let message = format!("jobs need each other in a circle: {}", names.join(" → "));
        let next = self.laid[path.get(1).copied().unwrap_or(first)].name;
        let names_next = |need: &&At<String>| need.0.split(" (").next() == Some(next);
        let need = self.laid[first].draft.needs.iter().find(names_next);
        let at = need.map_or(self.laid[first].at, |need| need.1);
        Err(self
            .source
            .error(at, message, Some("Remove one of these `needs`")))
    }

    /// Whether one of a job's needs, by its full name, is only observed.
    pub(super) fn is_check(&self, at: usize, need: &str) -> bool {
        let mut needs = self.needs[at].iter();
        needs.any(|spot| self.name(*spot) == need && self.laid[spot.0].draft.parts.check.is_some())
    }

    /// The one job that `needs.JOB` stands for.
    pub(super) fn needed(
        &self,
        at: usize,
        variant: &Variant,
        what: &dyn Fn() -> String,
        job: &At<String>,
    ) -> Result<String, ConfigError> {
        let shown = printable(&job.0, 80);
        let refuse = |message: String, hint: String| {
            let message = format!("{}: {message}", what());
            Err(self.source.error(job.1, message, Some(&hint)))
        };
        let named = |spot: &&Spot| self.name(**spot) == job.0;
        if let Some(spot) = self.needs[at].iter().find(named) {
            return Ok(self.name(*spot).to_owned());
        }
        let of_key = |spot: &&Spot| self.laid[spot.0].name == job.0;
        let candidates: Vec<Spot> = self.needs[at].iter().filter(of_key).copied().collect();
        let agrees = |(job, of): &&Spot| {
            let theirs = &self.variants[*job][*of].1;
            theirs
                .iter()
                .all(|(key, value)| variant.get(key).is_none_or(|own| own == value))
        };
        let alike: Vec<Spot> = candidates.iter().filter(agrees).copied().collect();
        match (&candidates[..], &alike[..]) {
            ([only], _) | (_, [only]) => Ok(self.name(*only).to_owned()),
            ([], _) => {
                let exists = self.laid.iter().any(|laid| laid.name == job.0);
                let message = format!("`{shown}` is none of its `needs`");
                if exists {
                    return refuse(message, format!("Add `{shown}` to its `needs`"));
                }
                let mut keys: Vec<&str> = self.needs[at]
                    .iter()
                    .map(|spot| self.laid[spot.0].name)
                    .collect();
                keys.dedup();
                let message = format!("{}: {message}", what());
                let known = "Jobs that it needs";
                Err(unknown_name(
                    self.source,
                    message,
                    job,
                    known,
                    keys.into_iter(),
                ))
            }
            (_, alike) => refuse(
                format!(
                    "`needs.{shown}` stands for {} jobs of a matrix, not for one",
                    alike.len()
                ),
                format!(
                    "Name one of them in `needs`, or give this job a `matrix` with the keys of `{shown}`"
                ),
            ),
        }
    }
}

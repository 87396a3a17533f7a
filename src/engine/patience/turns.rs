//! Who comes again first when a limit allows more: of each repository one, then of each the next, so that one with many pull requests does not hold
//! up the few of another. No I/O, and the time is passed in.

use crate::domain::ids::{RepoId, Subject};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashMap;
use std::mem::{Discriminant, discriminant};
use std::time::Duration;

/// How far apart those of one repository come again. It is far more often than any limit allows for long.
const APART: Duration = Duration::from_millis(20);
/// The longest that one comes later than it may.
const LATEST: Duration = Duration::from_secs(20);
/// Waits that end within this time of one another end together.
const TOGETHER: TimeDelta = TimeDelta::seconds(10);
/// When more than these are known, those whose time has come are forgotten.
const MANY: usize = 1000;

/// How many were sent away, by repository and kind of subject, and until when.
#[derive(Debug, Default)]
pub(in crate::engine) struct Turns(HashMap<(RepoId, Discriminant<Subject>), Line>);

#[derive(Debug)]
struct Line {
    until: DateTime<Utc>,
    length: u32,
}

impl Turns {
    /// How much later than `until` this one is to come again.
    pub(super) fn after(
        &mut self,
        subject: &Subject,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Duration {
        let Some(repo) = subject.repository() else {
            return Duration::ZERO;
        };
        if self.0.len() > MANY {
            self.0.retain(|_, line| line.until > now);
        }
        let new = Line { until, length: 0 };
        let line = self.0.entry((repo, discriminant(subject))).or_insert(new);
        if (until - line.until).abs() > TOGETHER {
            *line = Line { until, length: 0 };
        }
        let later = APART.saturating_mul(line.length).min(LATEST);
        line.length = line.length.saturating_add(1);
        later
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{PrNumber, PullKey};

    fn pull(repo: u64, number: u64) -> Subject {
        Subject::Pull(PullKey {
            repo: RepoId(repo),
            number: PrNumber(number),
        })
    }

    /// Those that come again, in their order: 400 of one repository were sent away, then 20 of each of two others.
    fn order(turns: &mut Turns, until: DateTime<Utc>) -> Vec<u64> {
        let many = (0..400).map(|number| pull(1, number));
        let few = (2..=3).flat_map(|repo| (0..20).map(move |number| pull(repo, number)));
        let mut again: Vec<(Duration, Subject)> = many
            .chain(few)
            .map(|subject| (turns.after(&subject, until, until), subject))
            .collect();
        again.sort_by_key(|(later, _)| *later);
        let repos = again.iter().filter_map(|(_, subject)| subject.repository());
        repos.map(|repo| repo.0).collect()
    }

    #[test]
    fn a_repository_with_many_takes_turns_with_those_that_have_few() {
        let mut turns = Turns::default();
        let now = DateTime::UNIX_EPOCH;
        // In the next minute, too, although as many wait from the minute before.
        for minute in 1..=2 {
            let order = order(&mut turns, now + TimeDelta::minutes(minute));
            let last_of_few = order.iter().rposition(|repo| *repo != 1);
            assert_eq!(last_of_few, Some(3 * 20 - 1), "{:?}", &order[..80]);
        }
    }

    #[test]
    fn waits_that_end_together_make_one_line_of_each_kind() {
        let mut turns = Turns::default();
        let until = DateTime::UNIX_EPOCH + TimeDelta::minutes(1);
        let mut after = |subject: &Subject, seconds| {
            turns.after(subject, until + TimeDelta::seconds(seconds), until)
        };
        assert_eq!(after(&pull(1, 1), 0), Duration::ZERO);
        assert_eq!(after(&pull(1, 2), 3), APART);
        assert_eq!(after(&Subject::Repository(RepoId(1)), 0), Duration::ZERO);
        assert_eq!(after(&pull(1, 3), 60), Duration::ZERO);
        assert_eq!(after(&Subject::Deliveries, 60), Duration::ZERO);
    }

    #[test]
    fn nobody_is_put_off_for_long_and_nothing_grows_for_ever() {
        let mut turns = Turns::default();
        let now = DateTime::UNIX_EPOCH;
        let last = (0..100_000).map(|number| turns.after(&pull(1, number), now, now));
        assert_eq!(last.max(), Some(LATEST));
        for repo in 0..10_000 {
            let later = now + TimeDelta::minutes(i64::try_from(repo).unwrap());
            turns.after(&pull(repo, 1), later, later);
        }
        assert!(turns.0.len() <= MANY + 1);
    }
}

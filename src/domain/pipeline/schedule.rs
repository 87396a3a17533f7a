//! The times of a cron expression: five fields, in UTC.
//!
//! The dialect is the one of `on.schedule` of GitHub Actions, which is POSIX's with steps and names: minute, hour, day of
//! the month, month, day of the week; each `*`, a number, a range `a-b`, a step `*/n`, `a-b/n` or `a/n`, or several of
//! them between commas. Where both days are restricted, either is enough. Our own few lines rather than a crate: those
//! that are kept bring seconds, years, time zones and `L`, `W`, `#`, and a dozen crates, of which nothing is needed.

use crate::domain::printable::printable;
use crate::domain::similar;
use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Timelike, Utc};

/// A cron expression, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    /// A bit for each minute, hour, … on which it ticks.
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    /// 0 is Sunday.
    weekdays: u64,
    /// Whether one matching day is enough; otherwise both have to match, and one of them always does.
    either_day: bool,
}

/// Why an expression is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadCron {
    /// What is wrong, without a full stop.
    pub message: String,
    /// What to write instead.
    pub hint: String,
}

struct Field {
    name: &'static str,
    least: u64,
    most: u64,
    /// Names for the numbers from `least` on.
    words: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    field("minute", 0, 59, &[]),
    field("hour", 0, 23, &[]),
    field("day of the month", 1, 31, &[]),
    field(
        "month",
        1,
        12,
        &[
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ],
    ),
    // 7 is Sunday, too.
    field(
        "day of the week",
        0,
        7,
        &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    ),
];

const fn field(name: &'static str, least: u64, most: u64, words: &'static [&'static str]) -> Field {
    Field {
        name,
        least,
        most,
        words,
    }
}

/// How far ahead a tick is looked for: 29 February comes after at most eight years (1896 to 1904, 2096 to 2104).
const HORIZON_DAYS: u64 = 9 * 366;

/// The first time after `after` at which the expression ticks; `None` if it can't be understood.
pub fn next_tick(expr: &str, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    Cron::parse(expr).ok()?.next_tick(after)
}

impl Cron {
    /// Reads an expression that ticks now and then.
    pub fn parse(expr: &str) -> Result<Self, BadCron> {
        let words: Vec<&str> = expr.split_whitespace().collect();
        let Ok(words) = <[&str; 5]>::try_from(words) else {
            let count = expr.split_whitespace().count();
            return Err(BadCron {
                message: format!(
                    "`{}` has {count} of the five fields of a schedule",
                    printable(expr, 60)
                ),
                hint: "Write minute, hour, day of the month, month and day of the week, in UTC: `0 2 * * *`"
                    .to_owned(),
            });
        };
        let mut bits = [0; 5];
        for ((bits, field), word) in bits.iter_mut().zip(&FIELDS).zip(words) {
            *bits = field.bits(word)?;
        }
        let [minutes, hours, days, months, weekdays] = bits;
        let cron = Self {
            minutes,
            hours,
            days,
            months,
            weekdays: (weekdays | weekdays >> 7) & 0x7f,
            either_day: !words[2].starts_with('*') && !words[4].starts_with('*'),
        };
        // Any day will do: no expression ticks only in the past. A leap year comes within the horizon.
        match cron.next_tick(DateTime::UNIX_EPOCH) {
            Some(_) => Ok(cron),
            None => Err(BadCron {
                message: format!("`{}` names a day that never comes", printable(expr, 60)),
                hint: "Name a day that the month has".to_owned(),
            }),
        }
    }

    /// The first tick after `after`.
    pub fn next_tick(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let earliest = after.checked_add_signed(TimeDelta::minutes(1))?;
        let today = earliest.date_naive();
        for ahead in 0..HORIZON_DAYS {
            let day = today.checked_add_days(Days::new(ahead))?;
            if !self.ticks_on(day) {
                continue;
            }
            let from = match ahead {
                0 => (earliest.hour(), earliest.minute()),
                _ => (0, 0),
            };
            let hours = (from.0..24).filter(|hour| has(self.hours, *hour));
            for hour in hours {
                let first = if hour == from.0 { from.1 } else { 0 };
                if let Some(minute) = (first..60).find(|minute| has(self.minutes, *minute)) {
                    return Some(day.and_hms_opt(hour, minute, 0)?.and_utc());
                }
            }
        }
        None
    }

    fn ticks_on(&self, day: NaiveDate) -> bool {
        let in_month = has(self.days, day.day());
        let in_week = has(self.weekdays, day.weekday().num_days_from_sunday());
        let day_matches = if self.either_day {
            in_month || in_week
        } else {
            in_month && in_week
        };
        day_matches && has(self.months, day.month())
    }
}

fn has(bits: u64, number: u32) -> bool {
    bits & (1 << number) != 0
}

impl Field {
    fn bits(&self, text: &str) -> Result<u64, BadCron> {
        let mut bits = 0;
        for part in text.split(',') {
            let (range, step) = match part.split_once('/') {
                Some((range, step)) => (range, Some(step)),
                None => (part, None),
            };
            let (first, last) = match range.split_once('-') {
                _ if range == "*" => (self.least, self.most),
                Some((first, last)) => (self.number(first)?, self.number(last)?),
                None => {
                    let first = self.number(range)?;
                    (first, if step.is_some() { self.most } else { first })
                }
            };
            if first > last {
                return self.refuse(format!(
                    "range `{}` ends before it begins",
                    printable(range, 40)
                ));
            }
            let step = match step {
                None => 1,
                Some(step) => match digits(step) {
                    Some(step @ 1..=60) => step,
                    _ => {
                        return self.refuse(format!(
                            "step `/{}` is no number from 1 on",
                            printable(step, 40)
                        ));
                    }
                },
            };
            let mut at = first;
            while at <= last {
                bits |= 1 << at;
                at += step;
            }
        }
        Ok(bits)
    }

    fn number(&self, text: &str) -> Result<u64, BadCron> {
        let lower = text.to_ascii_lowercase();
        let word = self.words.iter().position(|word| *word == lower);
        let number = match word {
            Some(at) => u64::try_from(at).ok().map(|at| at + self.least),
            None => digits(text),
        };
        match number.filter(|number| (self.least..=self.most).contains(number)) {
            Some(number) => Ok(number),
            None if text.is_empty() => self.refuse("a number is missing".to_owned()),
            None => {
                let near = similar::nearest(&lower, self.words.iter().copied(), 1);
                match near {
                    Some(near) => Err(BadCron {
                        message: format!("{}: `{}` is unknown", self.name, printable(text, 40)),
                        hint: format!("Did you mean `{near}`?"),
                    }),
                    None => self.refuse(format!("`{}` is out of range", printable(text, 40))),
                }
            }
        }
    }

    fn refuse<T>(&self, reason: String) -> Result<T, BadCron> {
        let mut hint = format!(
            "Write numbers from {} to {}, `*`, `a-b`, `*/n`, or several between commas",
            self.least, self.most
        );
        if let [first, .., last] = self.words {
            hint.push_str(&format!("; `{first}` to `{last}` are names"));
        }
        Err(BadCron {
            message: format!("{}: {reason}", self.name),
            hint,
        })
    }
}

/// Plain digits only: `+5` is a number for Rust, but not here.
fn digits(text: &str) -> Option<u64> {
    let plain = text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;
    use proptest::prelude::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse()
            .unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn the_next_tick_is_strictly_later() {
        // 2026-11-21 is a Saturday.
        for (expr, after, next) in [
            ("0 2 * * *", "2026-11-21T01:59:59Z", "2026-11-21T02:00:00Z"),
            ("0 2 * * *", "2026-11-21T02:00:00Z", "2026-11-22T02:00:00Z"),
            ("* * * * *", "2026-12-31T23:59:30Z", "2027-01-01T00:00:00Z"),
            (
                "*/15 8-10 * * *",
                "2026-11-21T08:46:00Z",
                "2026-11-21T09:00:00Z",
            ),
            (
                "5/20 * * * *",
                "2026-11-21T08:25:00Z",
                "2026-11-21T08:45:00Z",
            ),
            (
                "30 6,18 * * *",
                "2026-11-21T06:30:00Z",
                "2026-11-21T18:30:00Z",
            ),
            (
                "0 0 * * 1-5",
                "2026-11-21T00:00:00Z",
                "2026-11-23T00:00:00Z",
            ),
            (
                "0 0 * * Mon",
                "2026-11-23T00:00:00Z",
                "2026-11-30T00:00:00Z",
            ),
            ("0 0 * * 7", "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z"),
            ("0 0 * * 0", "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z"),
            ("0 0 31 * *", "2026-11-21T00:00:00Z", "2026-12-31T00:00:00Z"),
            ("0 0 29 2 *", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z"),
            (
                "0 0 1 jan,jul *",
                "2026-11-21T00:00:00Z",
                "2027-01-01T00:00:00Z",
            ),
            // Both days restricted: either is enough.
            (
                "0 0 13 * fri",
                "2026-11-21T00:00:00Z",
                "2026-11-27T00:00:00Z",
            ),
            (
                "0 0 22 * fri",
                "2026-11-21T00:00:00Z",
                "2026-11-22T00:00:00Z",
            ),
            // A star with a step restricts nothing by itself, as in cron: both have to match.
            (
                "0 0 */2 * sun",
                "2026-11-21T00:00:00Z",
                "2026-11-29T00:00:00Z",
            ),
        ] {
            assert_eq!(
                next_tick(expr, at(after)),
                Some(at(next)),
                "{expr} after {after}"
            );
        }
    }

    #[test]
    fn what_is_no_schedule_is_refused_with_a_remedy() {
        let rows = [
            "",
            "0 2 * *",
            "@daily",
            "0 0 2 * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 8",
            "5-1 * * * *",
            "*/0 * * * *",
            "*/x * * * *",
            "1,,2 * * * *",
            "* * L * *",
            "* * * * mno",
            "+5 * * * *",
            "0 0 30 2 *",
            "0 0 31 4,6 *",
        ];
        let all: Vec<String> = rows
            .iter()
            .map(|row| {
                let bad = Cron::parse(row).expect_err(row);
                format!("{bad}. {}", bad.hint)
            })
            .collect();
        assert_snapshot!(all.join("\n"), @r"
        `` has 0 of the five fields of a schedule. Write minute, hour, day of the month, month and day of the week, in UTC: `0 2 * * *`
        `0 2 * *` has 4 of the five fields of a schedule. Write minute, hour, day of the month, month and day of the week, in UTC: `0 2 * * *`
        `@daily` has 1 of the five fields of a schedule. Write minute, hour, day of the month, month and day of the week, in UTC: `0 2 * * *`
        `0 0 2 * * *` has 6 of the five fields of a schedule. Write minute, hour, day of the month, month and day of the week, in UTC: `0 2 * * *`
        minute: `60` is out of range. Write numbers from 0 to 59, `*`, `a-b`, `*/n`, or several between commas
        hour: `24` is out of range. Write numbers from 0 to 23, `*`, `a-b`, `*/n`, or several between commas
        day of the month: `0` is out of range. Write numbers from 1 to 31, `*`, `a-b`, `*/n`, or several between commas
        month: `13` is out of range. Write numbers from 1 to 12, `*`, `a-b`, `*/n`, or several between commas; `jan` to `dec` are names
        day of the week: `8` is out of range. Write numbers from 0 to 7, `*`, `a-b`, `*/n`, or several between commas; `sun` to `sat` are names
        minute: range `5-1` ends before it begins. Write numbers from 0 to 59, `*`, `a-b`, `*/n`, or several between commas
        minute: step `/0` is no number from 1 on. Write numbers from 0 to 59, `*`, `a-b`, `*/n`, or several between commas
        minute: step `/x` is no number from 1 on. Write numbers from 0 to 59, `*`, `a-b`, `*/n`, or several between commas
        minute: a number is missing. Write numbers from 0 to 59, `*`, `a-b`, `*/n`, or several between commas
        day of the month: `L` is out of range. Write numbers from 1 to 31, `*`, `a-b`, `*/n`, or several between commas
        day of the week: `mno` is unknown. Did you mean `mon`?
        minute: `+5` is out of range. Write numbers from 0 to 59, `*`, `a-b`, `*/n`, or several between commas
        `0 0 30 2 *` names a day that never comes. Name a day that the month has
        `0 0 31 4,6 *` names a day that never comes. Name a day that the month has
        ");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[0-9a-z*/, -]{0,24}") {
            if let Ok(cron) = Cron::parse(&text) {
                let now = at("2026-11-21T12:00:00Z");
                let next = cron.next_tick(now).expect("a tick");
                prop_assert!(next > now && next.second() == 0);
                // Nothing is left out in between.
                prop_assert_eq!(cron.next_tick(next - TimeDelta::seconds(1)), Some(next));
            }
        }
    }
}

//! GitHub's search syntax for dates, as the `created` filter takes it: `2024-01-01`, `>=…`, `<…`, `a..b`, `*..b`.

use chrono::{DateTime, Duration, NaiveDate, Timelike, Utc};

/// From and to, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

impl Span {
    /// Reads a filter; one that can't be read lets nothing through, as on GitHub.
    pub(super) fn read(text: &str) -> Option<Self> {
        let second = Duration::seconds(1);
        let all = Self {
            from: DateTime::<Utc>::MIN_UTC,
            to: DateTime::<Utc>::MAX_UTC,
        };
        if let Some((from, to)) = text.split_once("..") {
            let from = if from == "*" { all } else { moment(from)? };
            let to = if to == "*" { all } else { moment(to)? };
            return Some(Self {
                from: from.from,
                to: to.to,
            });
        }
        if let Some(at) = text.strip_prefix(">=") {
            return moment(at).map(|at| Self { to: all.to, ..at });
        }
        if let Some(at) = text.strip_prefix("<=") {
            return moment(at).map(|at| Self {
                from: all.from,
                ..at
            });
        }
        if let Some(at) = text.strip_prefix('>') {
            return moment(at).map(|at| Self {
                from: at.to + second,
                to: all.to,
            });
        }
        if let Some(at) = text.strip_prefix('<') {
            return moment(at).map(|at| Self {
                from: all.from,
                to: at.from - second,
            });
        }
        moment(text)
    }

    pub(super) fn holds(&self, at: DateTime<Utc>) -> bool {
        let whole = at.with_nanosecond(0).unwrap_or(at);
        self.from <= whole && whole <= self.to
    }
}

/// A second, or a whole day.
fn moment(text: &str) -> Option<Span> {
    if let Ok(day) = text.parse::<NaiveDate>() {
        let from = day.and_hms_opt(0, 0, 0)?.and_utc();
        let to = day.and_hms_opt(23, 59, 59)?.and_utc();
        return Some(Span { from, to });
    }
    // A `+` that was not percent-encoded arrives as a space.
    let at = DateTime::parse_from_rfc3339(&text.replace(' ', "+")).ok()?;
    let at = at.with_timezone(&Utc).with_nanosecond(0)?;
    Some(Span { from: at, to: at })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_to_say_it_means_a_span() {
        for (text, expected) in [
            ("2024-05-02", true),
            ("2024-05-01", false),
            (">=2024-05-02", true),
            (">2024-05-02", false),
            (">2024-05-01", true),
            ("<=2024-05-02", true),
            ("<2024-05-02", false),
            ("2024-05-01..2024-05-03", true),
            ("*..2024-05-01", false),
            ("2024-05-02..*", true),
            (">=2024-05-02T10:00:00Z", true),
            (">2024-05-02T10:00:00Z", false),
            (">=2024-05-02T12:00:01+02:00", false),
            ("2024-05-02T12:00:00 02:00", true),
        ] {
            let at: DateTime<Utc> = "2024-05-02T10:00:00Z".parse().expect("a stamp");
            let span = Span::read(text).unwrap_or_else(|| panic!("{text} can't be read"));
            assert_eq!(span.holds(at), expected, "{text}");
        }
        assert_eq!(Span::read("yesterday"), None);
    }
}

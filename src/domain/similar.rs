//! How alike two words are, for "did you mean" in errors and answers.

/// Longer words are never compared: nobody mistypes them, and the comparison is quadratic.
const LONGEST: usize = 64;

/// The number of single edits (insert, delete, replace, swap of neighbours) that turn `a` into `b`, or `None`
/// when there are more than `most`.
///
/// This is the optimal string alignment distance: a pair of swapped letters, the commonest slip, counts once.
pub(crate) fn edits(a: &str, b: &str, most: usize) -> Option<usize> {
    let a: Vec<char> = a.chars().take(LONGEST + 1).collect();
    let b: Vec<char> = b.chars().take(LONGEST + 1).collect();
    if a.len() > LONGEST || b.len() > LONGEST || a.len().abs_diff(b.len()) > most {
        return None;
    }
    let mut before_last: Vec<usize> = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, to) in b.iter().enumerate() {
            let mut cost = (last[j] + usize::from(from != to))
                .min(last[j + 1] + 1)
                .min(row[j] + 1);
            if i > 0 && j > 0 && *from == b[j - 1] && a[i - 1] == *to {
                cost = cost.min(before_last[j - 1] + 1);
            }
            row.push(cost);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last.last().copied().filter(|cost| *cost <= most)
}

/// The candidate that is the fewest edits, and at most `most`, away from `word`; the first of several.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    most: usize,
) -> Option<&'a str> {
    candidates
        .into_iter()
        .filter_map(|candidate| Some((edits(word, candidate, most)?, candidate)))
        .min_by_key(|(cost, _)| *cost)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_slip_counts_once() {
        for (a, b, cost) in [
            ("status", "status", Some(0)),
            ("statsu", "status", Some(1)),
            ("staus", "status", Some(1)),
            ("statuss", "status", Some(1)),
            ("stadus", "status", Some(1)),
            ("start", "status", None),
            ("", "a", Some(1)),
            ("ca", "abc", None),
        ] {
            assert_eq!(edits(a, b, 1), cost, "{a} and {b}");
        }
        assert_eq!(edits(&"a".repeat(65), &"a".repeat(65), 1), None);
    }

    #[test]
    fn the_nearest_candidate_wins() {
        assert_eq!(
            nearest("enabld", ["disabled", "enabled"], 2),
            Some("enabled")
        );
        assert_eq!(nearest("xyz", ["disabled", "enabled"], 2), None);
    }
}

//! Names of checks, with places.

/// Whether `name` is what `pattern` says: `*` stands for any characters, `/` among them, `?` for one; case counts. Takes
/// at most as many steps as the one length times the other, whatever the pattern.
pub fn matches_name(pattern: &str, name: &str) -> bool {
    let (mut left, mut rest) = (pattern.chars(), name.chars());
    // Where to go on when a character does not fit: behind the last `*`, which then stands for one character more.
    let mut retry: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let (before, expected) = (rest.clone(), left.next());
        if expected == Some('*') {
            retry = Some((left.clone(), before));
            continue;
        }
        let found = rest.next();
        match (expected, found) {
            (None, None) => return true,
            (Some('?'), Some(_)) => continue,
            (Some(expected), Some(found)) if expected == found => continue,
            _ => {}
        }
        let Some((behind, from)) = retry.as_mut() else {
            return false;
        };
        if from.next().is_none() {
            return false;
        }
        (left, rest) = (behind.clone(), from.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_match_as_documented() {
        for (pattern, name, matches) in [
            ("Operator / *", "Operator / lint & test", true),
            ("Operator / *", "Operator / a / b", true),
            ("Operator / *", "Operator", false),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("build-?", "build-1", true),
            ("build-?", "build-", false),
            ("build-?", "build-12", false),
            ("é*?", "éa", true),
            ("*.test", "a.test.test", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("DCO", "dco", false),
        ] {
            assert_eq!(matches_name(pattern, name), matches, "{pattern} on {name}");
        }
    }

    /// The meaning, told as simply as possible.
    fn plainly(pattern: &[char], name: &[char]) -> bool {
        match (pattern, name) {
            ([], _) => name.is_empty(),
            (['*', rest @ ..], _) => (0..=name.len()).any(|n| plainly(rest, &name[n..])),
            (['?', rest @ ..], [_, behind @ ..]) => plainly(rest, behind),
            ([c, rest @ ..], [d, behind @ ..]) => c == d && plainly(rest, behind),
            (_, []) => false,
        }
    }

    proptest! {
        #[test]
        fn it_means_what_the_plain_definition_says(pattern in "[ab*?]{0,8}", name in "[ab/]{0,10}") {
            let (p, n): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
            prop_assert_eq!(matches_name(&pattern, &name), plainly(&p, &n));
        }
    }

    #[test]
    fn a_pattern_of_many_stars_is_no_burden() {
        let pattern = "a*".repeat(200) + "b";
        assert!(!matches_name(&pattern, &"a".repeat(5_000)));
    }
}

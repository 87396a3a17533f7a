//! Which changed files a set of patterns means: the `filters` and `trust.always_vet` of a repository's
//! configuration, applied to the files of a pull request.
//!
//! **The rule.** A path is in a set when at least one positive pattern matches it and no `!` pattern does; the order
//! of patterns does not count. A set of only `!` patterns holds everything they don't match; a set without patterns
//! holds nothing. This is what paths-filter does with a list of patterns. The dialect of a single pattern is
//! described in [`super::glob`].

use super::glob::{self, BadPattern, Sign};
use super::run::Changed;
use globset::{GlobSet, GlobSetBuilder};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A file of a pull request as GitHub lists it (`GET …/pulls/{n}/files`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedFile {
    /// Where the file is (or was, if it was removed), relative to the repository's root, with `/` between segments.
    pub path: String,
    /// Where a renamed file was before: `previous_filename`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
}

impl ChangedFile {
    /// Both sides of a rename, otherwise the one path: moving a file out of a directory changes that directory too.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.path.as_str()).chain(self.previous.as_deref())
    }
}

/// A set of paths given by patterns; see the module for the rule.
#[derive(Debug, Clone)]
pub struct PathSet {
    included: GlobSet,
    excluded: GlobSet,
    /// Only `!` patterns were given: everything else is in the set.
    only_exclusions: bool,
}

impl PathSet {
    /// Compiles the patterns; the error names the first that can't be used.
    pub fn new<P: AsRef<str>>(patterns: impl IntoIterator<Item = P>) -> Result<Self, BadPattern> {
        let (mut included, mut excluded) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        let (mut positive, mut negative) = (0_usize, 0_usize);
        let mut last = String::new();
        for pattern in patterns {
            let (sign, globs) = glob::compile(pattern.as_ref())?;
            let (set, count) = match sign {
                Sign::Positive => (&mut included, &mut positive),
                Sign::Negative => (&mut excluded, &mut negative),
            };
            *count += 1;
            for glob in globs {
                set.add(glob);
            }
            last = pattern.as_ref().to_owned();
        }
        let build = |set: &GlobSetBuilder| {
            set.build().map_err(|error| BadPattern {
                pattern: super::printable::printable(&last, 80),
                reason: format!(
                    "and those before it are too large together: {}",
                    error.kind()
                ),
                hint: Some("Use fewer or simpler patterns".to_owned()),
            })
        };
        Ok(Self {
            included: build(&included)?,
            excluded: build(&excluded)?,
            only_exclusions: positive == 0 && negative > 0,
        })
    }

    /// Whether the path, relative to the repository's root, is in the set.
    pub fn matches(&self, path: &str) -> bool {
        (self.only_exclusions || self.included.is_match(path)) && !self.excluded.is_match(path)
    }

    /// The first path in the set among the files, either side of a rename counting.
    pub fn first_touched<'a>(&self, files: &'a [ChangedFile]) -> Option<&'a str> {
        files
            .iter()
            .flat_map(ChangedFile::paths)
            .find(|path| self.matches(path))
    }
}

/// A named set of paths, as `filters` defines it.
#[derive(Debug, Clone)]
pub struct Filter {
    name: String,
    paths: PathSet,
}

impl Filter {
    /// Compiles one filter.
    pub fn new(name: &str, patterns: &[String]) -> Result<Self, BadPattern> {
        Ok(Self {
            name: name.to_owned(),
            paths: PathSet::new(patterns)?,
        })
    }

    /// Compiles all filters of a configuration, in the order of their names.
    pub fn all(filters: &BTreeMap<String, Vec<String>>) -> Result<Vec<Self>, BadPattern> {
        filters
            .iter()
            .map(|(name, patterns)| Self::new(name, patterns))
            .collect()
    }

    /// The name that jobs refer to in `changes`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the filter holds this path.
    pub fn matches(&self, path: &str) -> bool {
        self.paths.matches(path)
    }

    /// The first path among the files that the filter holds, or `None` if the pull request does not touch it. Either
    /// side of a rename counts.
    pub fn touched_by<'a>(&self, files: &'a [ChangedFile]) -> Option<&'a str> {
        self.paths.first_touched(files)
    }
}

/// Which filters one of the files touches.
pub fn touched(filters: &BTreeMap<String, Vec<String>>, files: &[ChangedFile]) -> Changed {
    match Filter::all(filters) {
        Ok(filters) => Changed::Filters(
            filters
                .iter()
                .filter(|filter| filter.touched_by(files).is_some())
                .map(|filter| filter.name().to_owned())
                .collect(),
        ),
        // The patterns were checked when the configuration was read.
        Err(_) => Changed::Everything,
    }
}

/// The changed paths that no filter holds, each once, in the order of the files: what `require_filter_coverage`
/// reports. A rename is a removal and an addition, so both its sides must be held.
pub fn uncovered(filters: &[Filter], files: &[ChangedFile]) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for path in files.iter().flat_map(ChangedFile::paths) {
        if !filters.iter().any(|filter| filter.matches(path)) && seen.insert(path) {
            paths.push(path.to_owned());
        }
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn set(patterns: &[&str]) -> PathSet {
        PathSet::new(patterns).unwrap_or_else(|error| panic!("{patterns:?}: {error}"))
    }

    fn file(path: &str, previous: Option<&str>) -> ChangedFile {
        ChangedFile {
            path: path.into(),
            previous: previous.map(Into::into),
        }
    }

    #[test]
    fn a_single_pattern_matches_as_in_paths_filter() {
        let rows: &[(&str, &[&str], &[&str])] = &[
            ("**", &["a", "a/b", ".a/.b"], &[]),
            ("*", &["a", ".env"], &["a/b"]),
            (
                "*.rs",
                &["lib.rs", ".rs"],
                &["src/lib.rs", "lib.RS", "lib.rs/x"],
            ),
            (
                "**/*.md",
                &["README.md", "a/b/c.md", ".github/x.md"],
                &["a.mdx", "README.MD"],
            ),
            (
                "docs/**",
                &["docs/a", "docs/.a", "docs/a/b/c", "docs"],
                &["adocs/a", "x/docs/a", "docsx"],
            ),
            (
                "**/docs/**",
                &["docs/a", "x/docs/a", "x/docs"],
                &["docsx/a"],
            ),
            ("a/**/b", &["a/b", "a/x/b", "a/x/y/b"], &["a/xb", "ab"]),
            ("a**b", &["ab", "axb"], &["a/b"]),
            ("./src/*", &["src/a"], &["src/a/b"]),
            ("?.c", &["a.c"], &[".c", "ab.c", "/.c"]),
            (
                "{a,b}/*.{rs,toml}",
                &["a/x.rs", "b/x.toml"],
                &["c/x.rs", "a/x.md"],
            ),
            ("{,x/}a", &["a", "x/a"], &["y/a"]),
            ("{a/**,b{1,2}}", &["a/x", "b1", "b2"], &["b3"]),
            ("[a-c]x", &["ax", "cx"], &["dx", "Ax"]),
            ("a[!x]b", &["ayb"], &["axb", "a/b", "ab"]),
            ("a[^x]b", &["ayb"], &["axb", "a/b"]),
            ("a[!]x]b", &["ayb"], &["a]b", "axb", "a/b"]),
            ("a[!-x]b", &["ayb"], &["a-b", "axb", "a/b"]),
            ("a[]]b", &["a]b"], &["ab"]),
            ("app/(group)/x", &["app/(group)/x"], &["app/group/x"]),
            (r"\!important", &["!important"], &["important"]),
            (r"\*", &["*"], &["a"]),
            ("東京/*.é", &["東京/x.é"], &["東京/x.e"]),
            ("a b/#c", &["a b/#c"], &[]),
            (
                ".github/workflows/**",
                &[".github/workflows/ci.yml", ".github/workflows"],
                &[".github/x"],
            ),
        ];
        for (pattern, yes, no) in rows {
            let set = set(&[pattern]);
            yes.iter()
                .for_each(|path| assert!(set.matches(path), "{pattern} should match {path}"));
            no.iter()
                .for_each(|path| assert!(!set.matches(path), "{pattern} should not match {path}"));
        }
    }

    #[test]
    fn exclusions_win_over_inclusions_in_any_order() {
        for patterns in [["lib/**", "!**/*.md"], ["!**/*.md", "lib/**"]] {
            let set = set(&patterns);
            assert!(set.matches("lib/a.rs"));
            assert!(!set.matches("lib/a.md"));
            assert!(!set.matches("src/a.rs"));
        }
    }

    #[test]
    fn only_exclusions_hold_everything_else_and_no_patterns_hold_nothing() {
        assert!(set(&["!docs/**"]).matches("src/a"));
        assert!(!set(&["!docs/**"]).matches("docs/a"));
        assert!(!set(&[]).matches("a"));
    }

    #[test]
    fn patterns_that_would_mislead_are_refused_with_a_remedy() {
        for (pattern, part) in [
            ("", "is empty"),
            ("!", "is empty"),
            ("!!a", "more than one `!`"),
            ("/docs/**", "write `docs/**`"),
            ("docs/", "write `docs/**`"),
            ("docs/[a", "without its `]`"),
            ("docs/{a", "not a valid glob"),
            ("docs/a}", "not a valid glob"),
            ("docs/\\", "not a valid glob"),
            ("[z-a]", "not a valid glob"),
            ("[+-9]", "has `/`"),
            ("[é]", "outside ASCII"),
            ("!(a|b)", "extended glob `!(`"),
            ("src/@(a|b)/*", "extended glob `@(`"),
            ("src/(a|b)/*", "has a `|`"),
            ("v{1..3}/*", "range in braces"),
            (&"a".repeat(501), "longer than 500"),
        ] {
            let error = PathSet::new([pattern]).expect_err(pattern);
            let text = format!("{error}. {}", error.hint.clone().unwrap_or_default());
            assert!(text.contains(part), "{pattern}: {text}");
        }
    }

    #[test]
    fn a_rename_touches_where_the_file_was_and_where_it_is() {
        let filter = Filter::new("docs", &["docs/**".into()]).expect("a filter");
        assert_eq!(
            filter.touched_by(&[file("src/a", Some("docs/a"))]),
            Some("docs/a")
        );
        assert_eq!(
            filter.touched_by(&[file("docs/a", Some("src/a"))]),
            Some("docs/a")
        );
        assert_eq!(filter.touched_by(&[file("src/a", None)]), None);
        assert_eq!(filter.name(), "docs");
    }

    #[test]
    fn coverage_names_each_path_that_no_filter_holds() {
        let filters = BTreeMap::from([
            ("docs".to_owned(), vec!["docs/**".to_owned()]),
            ("rust".to_owned(), vec!["**/*.rs".to_owned()]),
        ]);
        let filters = Filter::all(&filters).expect("filters");
        let files = [
            file("docs/a", None),
            file("Makefile", None),
            file("x.rs", Some("old/x.c")),
            file("Makefile", None),
        ];
        assert_eq!(uncovered(&filters, &files), ["Makefile", "old/x.c"]);
        assert!(uncovered(&filters, &[]).is_empty());
    }

    /// Pieces that make syntactically interesting patterns far more often than random text does.
    fn pattern() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "a", "b", "/", "*", "**", "?", "{", "}", ",", "[", "]", "!", "^", "-", "\\", ".", "(",
            "|", "..", "é",
        ]);
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    fn path() -> impl Strategy<Value = String> {
        "[ab.é!-]{1,3}(/[ab.é!-]{1,3}){0,3}"
    }

    proptest! {
        #[test]
        fn any_pattern_and_any_path_are_handled(pattern in ".{0,40}", path in "(?s).{0,40}") {
            if let Ok(set) = PathSet::new([pattern]) {
                set.matches(&path);
            }
        }

        #[test]
        fn any_mixture_of_glob_syntax_is_handled(patterns in prop::collection::vec(pattern(), 0..4), path in path()) {
            if let Ok(set) = PathSet::new(&patterns) {
                set.matches(&path);
            }
        }

        #[test]
        fn another_positive_pattern_never_removes_a_path(old in pattern(), new in pattern(), path in path()) {
            prop_assume!(!old.starts_with('!') && !new.starts_with('!'));
            if let (Ok(one), Ok(both)) = (PathSet::new([&old]), PathSet::new([&old, &new])) {
                prop_assert!(!one.matches(&path) || both.matches(&path));
            }
        }

        #[test]
        fn an_exclusion_never_adds_a_path(old in pattern(), excluded in pattern(), path in path()) {
            prop_assume!(!old.starts_with('!'));
            if let (Ok(one), Ok(both)) = (PathSet::new([&old]), PathSet::new([old.clone(), format!("!{excluded}")])) {
                prop_assert!(one.matches(&path) || !both.matches(&path));
            }
        }

        #[test]
        fn order_does_not_count(mut patterns in prop::collection::vec(pattern(), 1..4), path in path()) {
            if let Ok(set) = PathSet::new(&patterns) {
                patterns.reverse();
                prop_assert_eq!(set.matches(&path), PathSet::new(&patterns).expect("same patterns").matches(&path));
            }
        }

        #[test]
        fn without_a_double_star_a_pattern_never_crosses_a_slash(pattern in pattern(), path in path()) {
            prop_assume!(!pattern.contains("**") && !pattern.contains('/') && !pattern.starts_with('!'));
            if let Ok(set) = PathSet::new([pattern]) {
                prop_assert!(!path.contains('/') || !set.matches(&path));
            }
        }
    }
}

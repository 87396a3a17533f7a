//! `matrix`: one job in several variants.

use super::Budget;
use super::read::{Entries, check_name, check_visible, mapping, text, unknown_name};
use crate::domain::config::ConfigError;
use crate::domain::config::values::list;
use crate::domain::config::yaml::{Node, Source, Value};
use crate::domain::printable::printable;
use serde_saphyr::Location;
use std::collections::BTreeMap;

/// How many jobs a matrix may give, as with GitHub Actions.
const MOST_JOBS: usize = 256;

/// How many combinations it may have before `exclude`, how many keys and how many exclusions: bounds on the work.
const MOST_COMBINATIONS: usize = 1_000;
const MOST_KEYS: usize = 10;
const MOST_EXCLUSIONS: usize = 256;

const EXCLUDE: &str = "exclude";

/// A variant of a job: the values of the matrix by their keys.
pub(super) type Variant = BTreeMap<String, String>;

/// The value of `matrix`, as written.
#[derive(Debug, Clone)]
pub(super) struct Matrix {
    at: Location,
    /// In their order, which is that of the values in names.
    axes: Vec<(String, Vec<String>)>,
    excluded: Vec<Variant>,
}

/// Reads the value of `matrix`. `what` is whose it is.
pub(super) fn matrix(source: Source<'_>, what: &str, node: &Node) -> Result<Matrix, ConfigError> {
    let entries = mapping(source, "`matrix`", "a mapping of names to lists", node)?;
    let mut axes: Vec<(String, Vec<String>)> = Vec::new();
    for (name, value) in entries {
        if name.value == EXCLUDE {
            continue;
        }
        if name.value == "include" {
            let hint = "List every value, and take out what is too much with `exclude`";
            let message = format!("{what}: `matrix.include` is not supported");
            return Err(source.error(name.referenced, message, Some(hint)));
        }
        check_name(source, "a key of a matrix", &name.value, name.referenced)?;
        let key = format!("matrix.{}", name.value);
        let mut values = Vec::new();
        let given = list(source, &key, value)?.unwrap_or_default();
        if given.len() > MOST_JOBS {
            let message = format!("`{key}` has {} values, more than {MOST_JOBS}", given.len());
            return Err(source.error(name.referenced, message, Some("Use fewer values")));
        }
        for value in given {
            check_value(source, &key, &value)?;
            if values.contains(&value.0) {
                let message = format!("`{key}` has `{}` twice", printable(&value.0, 60));
                return Err(source.error(value.1, message, Some("Keep one of them")));
            }
            values.push(value.0);
        }
        if values.is_empty() {
            let message = format!("`{key}` has no values");
            let hint = "Give it a list, or remove it";
            return Err(source.error(name.referenced, message, Some(hint)));
        }
        axes.push((name.value.clone(), values));
    }
    if axes.is_empty() {
        let message = format!("{what}: `matrix` has no values");
        let hint = "Give it a list such as `arch: [amd64, arm64]`, or remove it";
        return Err(source.error(node.referenced, message, Some(hint)));
    }
    if axes.len() > MOST_KEYS {
        let message = format!("{what}: `matrix` has more than {MOST_KEYS} keys");
        return Err(source.error(node.referenced, message, Some("Use fewer keys")));
    }
    let mut excluded = Vec::new();
    for (_, value) in entries.iter().filter(|(name, _)| name.value == EXCLUDE) {
        excluded = exclusions(source, what, value, &axes)?;
    }
    Ok(Matrix {
        at: node.referenced,
        axes,
        excluded,
    })
}

impl Matrix {
    /// Whether it has this key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.axes.iter().any(|(axis, _)| axis == key)
    }

    /// Its keys.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> + Clone {
        self.axes.iter().map(|(axis, _)| axis.as_str())
    }

    /// The variants of the job `name`, each with its name. `what` is whose it is.
    pub(super) fn expand(
        &self,
        source: Source<'_>,
        what: &str,
        name: &str,
        budget: &mut Budget,
    ) -> Result<Vec<(String, Variant)>, ConfigError> {
        let too_many = |count: usize| {
            let message = format!("{what}: `matrix` gives {count} jobs, more than {MOST_JOBS}");
            Err(source.error(self.at, message, Some("Use fewer values")))
        };
        let sizes = self.axes.iter().map(|(_, values)| values.len());
        let combinations = sizes.fold(1, usize::saturating_mul);
        if combinations > MOST_COMBINATIONS {
            return too_many(combinations);
        }
        budget.spend(source, self.at, combinations * 64)?;
        let mut variants = vec![(Vec::new(), Variant::new())];
        for (axis, values) in &self.axes {
            let shorter = std::mem::take(&mut variants);
            for (words, variant) in shorter {
                for value in values {
                    let (mut words, mut variant) = (words.clone(), variant.clone());
                    words.push(value.as_str());
                    variant.insert(axis.clone(), value.clone());
                    variants.push((words, variant));
                }
            }
        }
        let is_in = |variant: &Variant, out: &Variant| {
            out.iter()
                .all(|(key, value)| variant.get(key) == Some(value))
        };
        variants.retain(|(_, variant)| !self.excluded.iter().any(|out| is_in(variant, out)));
        match variants.len() {
            0 => {
                let message = format!("{what}: `matrix.{EXCLUDE}` leaves no job");
                let hint = "Exclude less, or remove the job";
                Err(source.error(self.at, message, Some(hint)))
            }
            count if count > MOST_JOBS => too_many(count),
            _ => Ok(variants
                .into_iter()
                .map(|(words, variant)| (format!("{name} ({})", words.join(", ")), variant))
                .collect()),
        }
    }
}

fn exclusions(
    source: Source<'_>,
    what: &str,
    node: &Node,
    axes: &[(String, Vec<String>)],
) -> Result<Vec<Variant>, ConfigError> {
    let expected = "a list of mappings, such as `[{arch: arm64}]`";
    let items = match &node.value {
        Value::Null => return Ok(Vec::new()),
        Value::List(items) => items,
        _ => return Err(source.wrong_kind(node, "`matrix.exclude`", expected, None)),
    };
    if items.len() > MOST_EXCLUSIONS {
        let message = format!("{what}: `matrix.{EXCLUDE}` has more than {MOST_EXCLUSIONS} entries");
        return Err(source.error(node.referenced, message, Some("List fewer values")));
    }
    let read = |item: &Node| {
        let entries = mapping(source, "each of `matrix.exclude`", "a mapping", item)?;
        exclusion(source, entries, item.referenced, axes)
    };
    items.iter().map(read).collect()
}

fn exclusion(
    source: Source<'_>,
    entries: &Entries,
    at: Location,
    axes: &[(String, Vec<String>)],
) -> Result<Variant, ConfigError> {
    if entries.is_empty() {
        let message = "an empty exclusion would leave no job";
        return Err(source.error(at, message, Some("Name the values to leave out")));
    }
    let mut out = Variant::new();
    for (name, value) in entries {
        let key = (name.value.clone(), name.referenced);
        let Some((_, values)) = axes.iter().find(|(axis, _)| *axis == name.value) else {
            let message = format!(
                "`matrix.exclude` names an unknown key `{}`",
                printable(&key.0, 60)
            );
            let names = axes.iter().map(|(axis, _)| axis.as_str());
            return Err(unknown_name(
                source,
                message,
                &key,
                "Keys of this matrix",
                names,
            ));
        };
        let value = text(source, &format!("matrix.exclude.{}", name.value), value)?;
        if !values.contains(&value.0) {
            let message = format!(
                "`matrix.exclude` names `{}`, which `matrix.{}` does not have",
                printable(&value.0, 60),
                name.value
            );
            let names = values.iter().map(String::as_str);
            return Err(unknown_name(source, message, &value, "Its values", names));
        }
        out.insert(name.value.clone(), value.0);
    }
    Ok(out)
}

/// A value stands in the names of jobs, between parentheses and commas, and such a name stands in `${{ needs.… }}`.
fn check_value(
    source: Source<'_>,
    key: &str,
    value: &(String, Location),
) -> Result<(), ConfigError> {
    check_visible(source, &format!("a value of `{key}`"), value, 80)?;
    if value.0.contains(['(', ')', ',', '{', '}', '`']) {
        let message = format!("a value of `{key}` can't be `{}`", printable(&value.0, 60));
        let hint = "A value stands in the job's name: write it without parentheses, braces, commas and backticks";
        return Err(source.error(value.1, message, Some(hint)));
    }
    Ok(())
}

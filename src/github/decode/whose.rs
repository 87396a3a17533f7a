//! Which repository a delivery is about, whether it can be decoded or not.

use crate::domain::ids::RepoId;
use serde::Deserialize;

#[derive(Deserialize)]
struct About {
    repository: Named,
}

#[derive(Deserialize)]
struct Named {
    id: u64,
}

/// The number of the repository that a payload names as its own ("`repository`: The repository on GitHub where the event occurred").
pub fn repository_in(payload: &[u8]) -> Option<RepoId> {
    let about: About = serde_json::from_slice(payload).ok()?;
    Some(RepoId(about.repository.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_names_its_repository_or_none() {
        for (payload, named) in [
            (
                r#"{"a": 1, "repository": {"id": 7, "x": []}}"#,
                Some(RepoId(7)),
            ),
            (r#"{"repositories": [{"id": 7}]}"#, None),
            (r#"{"repository": null}"#, None),
            ("nonsense", None),
        ] {
            assert_eq!(repository_in(payload.as_bytes()), named, "{payload}");
        }
    }
}

//! Which comments were heard. The id of a delivery is a header that nobody signs, so one that was caught can be sent
//! again under any id; a comment's own id is in the signed body.

use crate::domain::ids::CommentId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// So many comments of one pull request are known one by one.
const KEPT: usize = 500;

/// The comments whose commands were taken in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    ids: BTreeSet<CommentId>,
    /// Ids up to this one are not kept any more: GitHub counts upwards, so whatever has one is older than hundreds of
    /// comments with commands, and counts as heard.
    up_to: Option<CommentId>,
}

impl Heard {
    /// Takes note of a comment; whether it is the first time.
    pub(in crate::domain) fn is_new(&mut self, comment: CommentId) -> bool {
        if self.up_to >= Some(comment) || !self.ids.insert(comment) {
            return false;
        }
        if self.ids.len() > KEPT {
            self.up_to = self.ids.pop_first();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_comment_is_heard_twice_in_whatever_order_they_come(
            ids in prop::collection::vec(0_u64..1500, 0..4000),
        ) {
            let mut heard = Heard::default();
            let mut before = BTreeSet::new();
            for id in ids {
                let new = heard.is_new(CommentId(id));
                prop_assert!(!new || !before.contains(&id), "{id} again");
                prop_assert!(heard.ids.len() <= KEPT);
                before.insert(id);
            }
        }

        #[test]
        fn each_of_the_newest_comments_is_heard_in_whatever_order_they_come(
            ids in Just((0_u64..KEPT as u64).collect::<Vec<_>>()).prop_shuffle(),
        ) {
            let mut heard = Heard::default();
            for id in ids {
                prop_assert!(heard.is_new(CommentId(id)), "{id}");
            }
        }
    }
}

//! How much of a YAML file is read, whoever wrote it, and by which YAML.

use serde_saphyr::Options;

/// Up to what a file is read.
pub(crate) struct Bounds {
    /// How deep lists and mappings may be nested.
    pub(crate) depth: usize,
    /// How many nodes it may have, and how many more its anchors may unfold to.
    pub(crate) nodes: usize,
    /// How many bytes its texts may have once its anchors are unfolded.
    pub(crate) text: usize,
}

/// Reads within these bounds, by YAML 1.2, as GitHub and js-yaml do: `yes`, `no` and `on` are texts.
pub(crate) fn within(bounds: &Bounds) -> Options {
    let Bounds { depth, nodes, text } = *bounds;
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 4 * nodes,
            max_nodes: nodes,
            max_aliases: nodes,
            max_anchors: nodes,
            max_recorded_anchor_events: 4 * nodes,
            max_recorded_anchor_bytes: text,
            max_depth: depth,
            max_documents: 2,
            max_total_scalar_bytes: text,
            max_merge_keys: 1_000,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: nodes,
            max_replay_stack_depth: depth,
        },
        strict_booleans: true,
        non_finite_float_policy: serde_saphyr::NonFiniteFloatPolicy::PassThrough,
        with_snippet: false,
    }
}

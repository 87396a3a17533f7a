//! The keys of a configuration file, once for reading, locking and "did you mean".

use serde::{Deserialize, Serialize};

/// A key whose value can be written in a file and locked by the organisation, named by its dotted path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Key {
    /// `enabled`
    #[serde(rename = "enabled")]
    Enabled,
    /// `auto_sync_draft`
    #[serde(rename = "auto_sync_draft")]
    AutoSyncDraft,
    /// `auto_sync_ready`
    #[serde(rename = "auto_sync_ready")]
    AutoSyncReady,
    /// `additional_trustees`
    #[serde(rename = "additional_trustees")]
    AdditionalTrustees,
    /// `additional_vetters`
    #[serde(rename = "additional_vetters")]
    AdditionalVetters,
    /// `trust`: all of its keys
    #[serde(rename = "trust")]
    Trust,
    /// `trust.require_verified_commits`
    #[serde(rename = "trust.require_verified_commits")]
    RequireVerifiedCommits,
    /// `trust.always_vet`
    #[serde(rename = "trust.always_vet")]
    AlwaysVet,
    /// `trust.approve_without_sha`
    #[serde(rename = "trust.approve_without_sha")]
    ApproveWithoutSha,
    /// `filters`
    #[serde(rename = "filters")]
    Filters,
    /// `require_filter_coverage`
    #[serde(rename = "require_filter_coverage")]
    RequireFilterCoverage,
    /// `pipelines`: all of them
    #[serde(rename = "pipelines")]
    Pipelines,
}

/// Written at the top level of the organisation's file, but no setting that could itself be locked.
pub(super) const LOCKED: &str = "locked";

/// Written at the top level beside `pipelines`, and means nothing without it.
pub(super) const TEMPLATES: &str = "templates";

impl Key {
    /// Every key, in the order of the documentation.
    pub const ALL: [Key; 12] = [
        Key::Enabled,
        Key::AutoSyncDraft,
        Key::AutoSyncReady,
        Key::AdditionalTrustees,
        Key::AdditionalVetters,
        Key::Trust,
        Key::RequireVerifiedCommits,
        Key::AlwaysVet,
        Key::ApproveWithoutSha,
        Key::Filters,
        Key::RequireFilterCoverage,
        Key::Pipelines,
    ];

    /// The dotted path, as in `locked`.
    pub const fn name(self) -> &'static str {
        match self {
            Key::Enabled => "enabled",
            Key::AutoSyncDraft => "auto_sync_draft",
            Key::AutoSyncReady => "auto_sync_ready",
            Key::AdditionalTrustees => "additional_trustees",
            Key::AdditionalVetters => "additional_vetters",
            Key::Trust => "trust",
            Key::RequireVerifiedCommits => "trust.require_verified_commits",
            Key::AlwaysVet => "trust.always_vet",
            Key::ApproveWithoutSha => "trust.approve_without_sha",
            Key::Filters => "filters",
            Key::RequireFilterCoverage => "require_filter_coverage",
            Key::Pipelines => "pipelines",
        }
    }

    /// The key with exactly this dotted path.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.name() == name)
    }

    /// The key that this one is nested in.
    pub(super) fn section(self) -> Option<Key> {
        self.name().starts_with("trust.").then_some(Key::Trust)
    }
}

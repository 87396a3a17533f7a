//! How pipelines stand on a branch, for papers elsewhere.

use super::PipelineState;
use super::runs::pipelines;
use crate::domain::ids::RunSubject;
use crate::domain::pages;
use crate::domain::text;
use crate::store::lists::RunsRow;
use crate::web::dashboard::Origin;
use crate::web::dashboard::access::{Access, Seer, Visible};
use crate::web::dashboard::refusal::Refusal;
use serde::Serialize;
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// A badge that everybody can read.
#[derive(Serialize, ToSchema)]
pub(in crate::web::dashboard) struct BadgeView {
    /// The pipeline that it is about.
    pub pipeline: String,
    /// The Markdown that shows it, and leads to the repository's page.
    pub markdown: String,
}

/// How the newest run of a pipeline on a branch stands; without one, on the default branch, where schedules run too. `None`: there is
/// none.
pub(in crate::web::dashboard) async fn badge(
    visible: &Visible,
    branch: Option<&str>,
    pipeline: &str,
) -> Result<Option<&'static str>, Refusal> {
    let all = on_branch(visible, branch).await?.into_iter();
    let of_pipeline = all.filter(|one| one.pipeline == pipeline);
    let newest = of_pipeline.max_by_key(|one| one.began);
    Ok(newest.map(|one| one.stage))
}

/// Those of the default branch. Where not everybody can read them, or nobody knows their address, there is nothing to show elsewhere.
pub(super) async fn badges(seer: &Seer, visible: &Visible) -> Result<Vec<BadgeView>, Refusal> {
    let dashboard = &seer.dashboard;
    let everybody = visible.public && dashboard.access() == Access::Public;
    let (true, Origin::At(address)) = (everybody, &dashboard.origin) else {
        return Ok(Vec::new());
    };
    let name = &visible.row.name;
    let all = on_branch(visible, None).await?;
    let names: BTreeSet<String> = all.into_iter().map(|one| one.pipeline).collect();
    let badge = |pipeline: String| BadgeView {
        markdown: text::badge(
            &pipeline,
            &format!("{address}{}", pages::badge(name, &pipeline)),
            &format!("{address}{}", pages::repository(name)),
        ),
        pipeline,
    };
    Ok(names.into_iter().map(badge).collect())
}

async fn on_branch(visible: &Visible, branch: Option<&str>) -> Result<Vec<PipelineState>, Refusal> {
    let default = &visible.row.default_branch;
    let branch = branch.unwrap_or(default);
    let mut of = vec![RunSubject::Branch(branch.to_owned())];
    if branch == default {
        of.push(RunSubject::Schedule);
    }
    let mut states = Vec::new();
    for subject in of {
        let runs = visible.runs(&subject).await?;
        let row = runs.as_ref().and_then(RunsRow::of);
        states.extend(row.as_ref().map(pipelines).unwrap_or_default());
    }
    Ok(states)
}

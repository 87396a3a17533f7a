//! What a repository can ask for: drafts that wait, paths that are always vetted, files that filters have to cover.

use crate::support::{CONFIG, Town};
use drawbridge::sandbox::{NewCommit, NewPr};

#[tokio::test]
async fn a_draft_waits_where_drafts_are_not_mirrored_by_themselves() {
    let mut town = Town::with("enabled: true\nauto_sync_draft: false\n").await;
    let pr = town.open(NewPr::by("mel").draft()).await;
    town.not_mirrored(pr);
    town.gate(pr)
        .is("action_required")
        .says("Drafts don't build by themselves")
        .has_button(true);
    town.told(pr)
        .says("`auto_sync_draft` is off")
        .says(&format!("/ok to test {}", town.head(pr)));
    town.github().set_draft(pr, false, "mel");
    town.settle().await;
    town.mirrored(pr);
    town.told(pr).says("nobody has to do anything");
    town.gate(pr).is("in_progress");
    // Made a draft again, it keeps what it has, and the next head waits.
    let first = town.head(pr);
    town.github().set_draft(pr, true, "mel");
    town.push(pr).await;
    town.mirror_at(pr, &first);
    town.told(pr).says(&town.head(pr));
    town.finish().await;
}

#[tokio::test]
async fn where_nothing_is_mirrored_by_itself_an_approval_does_it() {
    let mut town = Town::with("enabled: true\nauto_sync_ready: false\n").await;
    let pr = town.member_pr().await;
    let draft = town.open(NewPr::by("mel").draft()).await;
    for (pr, key) in [(pr, "auto_sync_ready"), (draft, "auto_sync_draft")] {
        town.not_mirrored(pr);
        town.told(pr).says(&format!("`{key}` is off"));
        town.approve(pr).await;
        town.mirrored(pr);
        town.gate(pr).is("in_progress");
    }
    town.finish().await;
}

#[tokio::test]
async fn a_path_that_is_always_vetted_needs_it_even_from_a_member() {
    let mut town =
        Town::with("enabled: true\ntrust:\n  always_vet: ['.github/workflows/**', 'ci/*']\n").await;
    town.write("ci/run.sh", "make").await;
    let harmless = NewCommit::signed_by("mel").file("src/lib.rs", "x");
    let harmless = town.open(NewPr::by("mel").commit(harmless)).await;
    town.mirrored(harmless);
    for (commit, path) in [
        (
            NewCommit::signed_by("mel").file(".github/workflows/ci.yml", "on: push"),
            ".github/workflows/ci.yml",
        ),
        (
            NewCommit::signed_by("mel").without("ci/run.sh"),
            "ci/run.sh",
        ),
        (
            NewCommit::signed_by("mel").rename("ci/run.sh", "attic/run.sh"),
            "ci/run.sh",
        ),
    ] {
        let pr = town.open(NewPr::by("mel").commit(commit)).await;
        town.not_mirrored(pr);
        town.gate(pr)
            .is("action_required")
            .says(&format!("`{path}` is changed, and `trust.always_vet` asks"));
        town.told(pr).says(&format!("`{path}`"));
    }
    town.finish().await;
}

#[tokio::test]
async fn a_file_that_no_filter_covers_fails_the_gate_by_name() {
    let config = "enabled: true\nrequire_filter_coverage: true\nfilters:\n  core: ['src/**']\n";
    let mut town = Town::with(config).await;
    let covered = NewCommit::signed_by("mel").file("src/a.rs", "a");
    let covered = town.open(NewPr::by("mel").commit(covered)).await;
    town.mirrored(covered);
    town.gate(covered).is("in_progress");
    let stray = NewCommit::signed_by("mel")
        .file("src/a.rs", "a")
        .file("tools/x", "x");
    let stray = town.open(NewPr::by("mel").commit(stray)).await;
    town.mirrored(stray);
    town.gate(stray)
        .is("failure")
        .says("No filter matches tools/x");
    town.build_ends(stray, "build", "success").await;
    town.gate(stray).is("failure");
    town.write(CONFIG, &format!("{config}  tools: ['tools/**']\n"))
        .await;
    town.gate(stray).is("success");
    town.finish().await;
}

#[tokio::test]
async fn filters_may_live_in_a_file_of_their_own_and_its_mistakes_are_named() {
    let config = "enabled: true\nrequire_filter_coverage: true\nfilters: .github/filters.yaml\n";
    let mut town = Town::empty().await;
    town.write(".github/filters.yaml", "core: ['src/**']\n")
        .await;
    town.write(CONFIG, config).await;
    let pr = town
        .open(NewPr::by("mel").commit(NewCommit::signed_by("mel").file("doc/a.md", "a")))
        .await;
    town.mirrored(pr);
    town.gate(pr).is("failure").says("doc/a.md");
    town.write(".github/filters.yaml", "core: ['src/**']\ndocs: ['[']\n")
        .await;
    town.gate(pr).says(".github/filters.yaml:2");
    town.write(
        ".github/filters.yaml",
        "core: ['src/**']\ndocs: ['doc/**']\n",
    )
    .await;
    town.gate(pr).is("in_progress").does_not_say("mistake");
    town.finish().await;
}

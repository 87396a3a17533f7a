//! What is remembered of records is what is on disk.

use super::*;
use crate::domain::ids::RunSubject;
use crate::domain::pipeline::Pipeline;
use crate::domain::run::{Changed, Run, Scene, TriggerKind};
use crate::domain::runs::{RunsState, Told};
use proptest::prelude::*;

const REPOS: [u64; 2] = [1, 2];
const NUMBERS: [u64; 2] = [7, 8];
const SHAS: [char; 3] = ['a', 'b', 'c'];

#[derive(Debug, Clone)]
enum Step {
    Pull(u64, u64, Option<char>),
    Head(u64, char, u32),
    Repo(u64),
    Runs(u64, u64),
    /// Runs for a branch or a merge group at a commit, and whether all of it is over.
    Builds(u64, RunSubject, char, bool),
    Forget(u64),
    Prune,
}

fn step() -> impl Strategy<Value = Step> {
    use prop::sample::select;
    let repo = || select(REPOS.to_vec());
    let sha = || select(SHAS.to_vec());
    let number = || select(NUMBERS.to_vec());
    prop_oneof![
        4 => (repo(), number(), prop::option::of(sha())).prop_map(|(repo, number, gate)| Step::Pull(repo, number, gate)),
        2 => (repo(), sha(), 0..3u32).prop_map(|(repo, sha, attempts)| Step::Head(repo, sha, attempts)),
        1 => repo().prop_map(Step::Repo),
        2 => (repo(), number()).prop_map(|(repo, number)| Step::Runs(repo, number)),
        4 => (repo(), select(built()), sha(), any::<bool>()).prop_map(|(repo, of, sha, over)| Step::Builds(repo, of, sha, over)),
        1 => repo().prop_map(Step::Forget),
        1 => Just(Step::Prune),
    ]
}

/// What is built that is no pull request.
fn built() -> Vec<RunSubject> {
    vec![
        RunSubject::Branch("main".into()),
        RunSubject::MergeGroup("gh-readonly-queue/main/1".into()),
    ]
}

fn builds(repo: u64, of: RunSubject, digit: char, over: bool) -> RunsState {
    let scene = Scene {
        repository: repository(repo).name,
        trigger: TriggerKind::Push,
        sha: sha(digit),
        branch: "main".into(),
        base_branch: "main".into(),
        base_sha: None,
        merge_base: None,
        pull: None,
        changed: Changed::Everything,
        args: String::new(),
    };
    let mut run = Run::begin(1, &Pipeline::implied(), scene, day(0));
    run.ended_at = over.then(|| day(0));
    let mut state = RunsState::new(repository(repo), of);
    state.told = Some(Told {
        sha: sha(digit),
        before: None,
        base_branch: "main".into(),
        gone: over,
    });
    let line = state.lines.entry(run.pipeline.clone()).or_default();
    line.newest = 1;
    line.runs = vec![run];
    state
}

fn change(step: Step) -> Option<Change> {
    let record = match step {
        Step::Pull(repo, number, gate) => {
            let mut state = pull(repo, number, 3, gate);
            // Without a gate it is over, and forgotten when it is time.
            state.view = Some(super::prune::view(number, gate.is_some()));
            state.stale = gate.is_some();
            Record::Pull(Box::new(state))
        }
        Step::Head(repo, digit, attempts) => Record::Head(Box::new(HeadState {
            repo: repository(repo),
            sha: sha(digit),
            gates: Vec::new(),
            look_first: false,
            attempts,
            configures: Configures::Unknown,
            looks_failed: 0,
        })),
        Step::Repo(repo) => Record::Repo(Box::new(RepoState::new(repository(repo)))),
        Step::Runs(repo, number) => {
            let subject = RunSubject::Pull(PrNumber(number));
            Record::Runs(Box::new(RunsState::new(repository(repo), subject)))
        }
        Step::Builds(repo, of, digit, over) => {
            Record::Runs(Box::new(builds(repo, of, digit, over)))
        }
        Step::Forget(repo) => Record::ForgetRepo(RepoId(repo), super::super::InboxId(0)),
        Step::Prune => return None,
    };
    Some(Change {
        records: vec![record],
        ..Change::default()
    })
}

async fn take(store: &SledStore, step: Step) {
    match change(step) {
        Some(change) => store.commit(change).await.unwrap(),
        None => {
            let long_after = day(10_000);
            store.prune(long_after, Retention::default()).await.unwrap();
        }
    }
}

/// Everything that is asked for by its key, as text.
async fn asked(store: &SledStore) -> Vec<String> {
    let mut all = Vec::new();
    for repo in REPOS.map(RepoId) {
        all.push(format!("{:?}", store.repo(repo).await.unwrap()));
        for number in NUMBERS.map(PrNumber) {
            let key = PullKey { repo, number };
            all.push(format!("{:?}", store.pull(key).await.unwrap()));
            let runs = store.runs(repo, &RunSubject::Pull(number)).await.unwrap();
            all.push(format!("{runs:?}"));
        }
        for of in built() {
            all.push(format!("{:?}", store.runs(repo, &of).await.unwrap()));
        }
        for sha in SHAS.map(sha) {
            all.push(format!("{:?}", store.head(repo, &sha).await.unwrap()));
            all.push(format!("{:?}", store.pulls_at(repo, &sha).await.unwrap()));
            all.push(format!("{:?}", store.runs_at(repo, &sha).await.unwrap()));
        }
    }
    all
}

async fn as_on_disk(store: &SledStore) {
    let remembered = asked(store).await;
    disk(store).recent.clear();
    assert_eq!(remembered, asked(store).await);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_is_remembered_is_what_is_on_disk(steps in prop::collection::vec(step(), 1..12)) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let store = store();
            for step in steps {
                asked(&store).await;
                take(&store, step).await;
                as_on_disk(&store).await;
            }
        });
    }

    #[test]
    fn also_where_it_is_looked_at_while_it_is_changed(steps in prop::collection::vec(step(), 1..12)) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let store = store();
            let changes = async {
                for step in steps {
                    take(&store, step).await;
                }
            };
            let looks = async {
                for _ in 0..4 {
                    asked(&store).await;
                }
            };
            futures::join!(changes, looks);
            as_on_disk(&store).await;
        });
    }
}

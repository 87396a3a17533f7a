//! What holds for any graph and any order of events.

use super::*;
use crate::domain::event::BuildId;
use proptest::prelude::*;

/// A pipeline of up to twelve jobs, each needing some of those before it.
fn any_pipeline() -> impl Strategy<Value = Pipeline> {
    let one = (
        any::<u16>(),
        prop::bool::weighted(0.7),
        prop::bool::weighted(0.2),
        0..3_u32,
        prop::bool::weighted(0.15),
        prop::bool::weighted(0.15),
    );
    let jobs = prop::collection::vec(one, 1..=12);
    (jobs, prop::bool::weighted(0.25)).prop_map(|(jobs, fail_fast)| {
        let jobs = jobs.into_iter().enumerate();
        let jobs = jobs.map(|(n, (needs, required, needs_any, retries, label, check))| {
            let before = (0..n).filter(|m| needs >> m & 1 == 1 && needs >> (m + 3) & 1 == 0);
            let needs: Vec<String> = before.map(|m| format!("j{m}")).collect();
            let mut spec = JobSpec {
                needs,
                required,
                needs_any,
                retries,
                ..job(&format!("j{n}"), &[])
            };
            if label {
                spec.labels = texts(&["gpu"]);
            }
            if check {
                spec.backend = BackendSpec::Check {
                    pattern: format!("j{n}"),
                    app: None,
                };
            }
            spec
        });
        Pipeline {
            fail_fast,
            ..pipeline(jobs.collect())
        }
    })
}

#[derive(Debug, Clone)]
enum Deed {
    /// Do all that is due on backends.
    Work,
    Begin(usize),
    Started(usize),
    Refused(usize),
    BackendFailed(usize),
    /// A report of the latest attempt, or so many before it.
    Report(usize, u32, BuildStatus),
    /// A build of that kind; the number grows with the time.
    Build(usize, BuildStatus, bool),
    Pass(i64),
    Cancelled(usize),
    /// Somebody runs it again without asking us.
    Elsewhere(usize),
    Retest(Option<usize>),
    Force(usize),
    Excuse(usize),
    Cancel,
    Label(bool),
    Supersede,
}

fn any_status() -> impl Strategy<Value = BuildStatus> {
    prop_oneof![
        2 => Just(BuildStatus::Queued),
        3 => Just(BuildStatus::Running),
        10 => prop::sample::select(vec![
            Success, Success, Success, Success, Neutral, Skipped, Failure, Failure, Cancelled,
            TimedOut, StartupFailure, Stale, ActionRequired,
        ]).prop_map(BuildStatus::Ended),
    ]
}

fn any_deed() -> impl Strategy<Value = Deed> {
    let job = 0..12_usize;
    prop_oneof![
        12 => Just(Deed::Work),
        4 => job.clone().prop_map(Deed::Begin),
        4 => job.clone().prop_map(Deed::Started),
        2 => job.clone().prop_map(Deed::Refused),
        2 => job.clone().prop_map(Deed::BackendFailed),
        40 => (job.clone(), prop_oneof![8 => Just(0_u32), 1 => Just(1), 1 => Just(2)], any_status())
            .prop_map(|(job, late, status)| Deed::Report(job, late, status)),
        10 => (job.clone(), any_status(), any::<bool>())
            .prop_map(|(job, status, all)| Deed::Build(job, status, all)),
        4 => (0..120_i64).prop_map(Deed::Pass),
        3 => job.clone().prop_map(Deed::Cancelled),
        2 => job.clone().prop_map(Deed::Elsewhere),
        3 => prop::option::of(job.clone()).prop_map(Deed::Retest),
        2 => job.clone().prop_map(Deed::Force),
        2 => job.prop_map(Deed::Excuse),
        1 => Just(Deed::Cancel),
        2 => any::<bool>().prop_map(Deed::Label),
        1 => Just(Deed::Supersede),
    ]
}

/// What backends do when the run is left to itself.
#[derive(Debug, Clone)]
enum Backends {
    /// All that is active ends, one in so many of them well.
    End(usize),
    NeverReport,
    NeverAnswer,
}

/// A run and the time.
#[derive(Debug, Clone)]
struct World {
    run: Run,
    now: i64,
    /// Whether conclusions are drawn only when there is work to do, and not after each piece of news.
    lazy: bool,
}

impl World {
    fn new(pipeline: &Pipeline) -> Self {
        Self {
            run: begun(pipeline),
            now: 0,
            lazy: false,
        }
    }

    fn does(&mut self, deed: &Deed) {
        self.now += 1;
        let now = at(self.now);
        let count = self.run.jobs.len();
        let name = |job: &usize| vec![format!("J{}", job % count)];
        let run = &mut self.run;
        match deed {
            Deed::Work => run.work(now),
            Deed::Begin(job) => run.start_begins(job % count, now),
            Deed::Started(job) => {
                let job = job % count;
                let handle = handle(job, run.jobs[job].attempt);
                run.started(job, handle, Report::default(), now);
            }
            Deed::Refused(job) => run.start_refused(job % count, "no".into(), now),
            Deed::BackendFailed(job) => {
                run.backend_failed(job % count, "503".into(), at(self.now + 20));
            }
            Deed::Report(job, late, status) => {
                let job = job % count;
                let attempt = run.jobs[job].attempt.saturating_sub(*late);
                run.reported(job, attempt, says(*status), now);
            }
            Deed::Build(job, status, all) => {
                run.observed(&[check_run(job % count, 1, *status, now)], *all, now);
            }
            Deed::Pass(seconds) => self.now += seconds,
            Deed::Cancelled(job) => run.cancelled(job % count),
            Deed::Elsewhere(job) => {
                let job = job % count;
                // What only is observed has no workflow run of ours, and what was never started none at all.
                if !run.jobs[job].is_check() && run.jobs[job].handle.is_some() {
                    let again = handle(job, run.jobs[job].attempt + 1);
                    run.run_again_elsewhere(job, again, now);
                }
            }
            Deed::Retest(job) => drop(run.retest(&job.as_ref().map_or(vec![], name))),
            Deed::Force(job) => {
                drop(run.force(&name(job), "bob", crate::domain::run::Rank::Vetter))
            }
            Deed::Excuse(job) => drop(run.excuse(&name(job), excuse())),
            Deed::Cancel => drop(run.cancel("bob", now)),
            Deed::Label(present) => {
                let mut scene = run.scene.clone();
                let labels = present.then(|| "gpu".to_owned());
                scene.pull.as_mut().unwrap().labels = labels.into_iter().collect();
                run.revise(&scene);
            }
            Deed::Supersede => run.supersede("a newer push".into(), now),
        }
        if !self.lazy || matches!(deed, Deed::Work | Deed::Pass(_)) {
            self.run.advance(at(self.now));
        }
    }

    /// Each backend is asked for what is due, in vain.
    fn nobody_answers(&mut self) {
        let now = at(self.now);
        for step in self.run.steps(now) {
            if let Step::Start { job, .. } = step {
                self.run.start_begins(job, now);
            }
            let (Step::Cancel { job } | Step::Start { job, .. } | Step::Observe { job }) = step;
            self.run
                .backend_failed(job, "503".into(), now + TimeDelta::seconds(40));
        }
        self.run.advance(now);
    }

    /// All that is active ends, one in so many of them well. Gives the rounds it took.
    fn finish(&mut self, well_in: usize) -> usize {
        for round in 0..200 {
            self.does(&Deed::Pass(30));
            if self.run.is_over() {
                return round;
            }
            self.does(&Deed::Work);
            for job in 0..self.run.jobs.len() {
                let conclusion = if (round + job) % well_in == 0 {
                    Success
                } else {
                    StartupFailure
                };
                let status = BuildStatus::Ended(conclusion);
                if self.run.jobs[job].is_check() {
                    let now = at(self.now);
                    let again = check_run(job, 2 + round as u64, status, now);
                    self.run.observed(&[again], true, now);
                } else {
                    self.does(&Deed::Report(job, 0, status));
                }
            }
            self.run.advance(at(self.now));
        }
        panic!("it never ends: {}", self.run.shown());
    }
}

fn check_run(job: usize, id: u64, status: BuildStatus, now: DateTime<Utc>) -> Build {
    Build {
        id: BuildId::CheckRun(id),
        workflow: None,
        name: format!("j{job}"),
        workflow_name: None,
        app: None,
        dispatched: false,
        attempt: 0,
        status,
        url: None,
        updated_at: now,
    }
}

/// Whether a job was kept from running by a rule or its backend, or by a job of which the same is true. Said apart from
/// the code under test, from what people see.
fn skipped_by_rule(run: &Run, job: &Job) -> bool {
    match &job.state {
        _ if job.excuse.is_some() => false,
        JobState::Ended(conclusion) => *conclusion == Skipped,
        JobState::Skipped(SkipReason::Need(_)) => {
            let mut needs = job.spec.needs.iter().map(|name| run.get(name));
            needs.any(|need| skipped_by_rule(run, need))
        }
        JobState::Skipped(_) => true,
        _ => false,
    }
}

fn may_pass(run: &Run) -> bool {
    run.jobs.iter().filter(|job| job.spec.required).all(|job| {
        let passed = matches!(job.state, JobState::Ended(Success | Neutral | Skipped));
        passed || job.excuse.is_some() || skipped_by_rule(run, job)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_gate_passes_if_and_only_if_all_required_jobs_did_or_need_not(
        pipeline in any_pipeline(),
        deeds in prop::collection::vec(any_deed(), 0..40),
        well_in in 1..4_usize,
        lazy: bool,
    ) {
        let mut world = World::new(&pipeline);
        world.lazy = lazy;
        for deed in &deeds {
            world.does(deed);
        }
        world.finish(well_in);
        let standing = if may_pass(&world.run) { Standing::Passed } else { Standing::Failed };
        prop_assert_eq!(world.run.stands(), standing, "{}", world.run.shown());
        prop_assert_eq!(world.run.blockers(&world.run.gates[0]).is_empty(), standing == Standing::Passed);
        prop_assert!(world.run.ended_at.is_some());
    }

    /// Also when nobody ever reports, and when no backend answers at all: then the time ends it.
    #[test]
    fn it_always_reaches_an_end(
        pipeline in any_pipeline(),
        deeds in prop::collection::vec(any_deed(), 0..40),
        backends in prop_oneof![
            (1..4_usize).prop_map(Backends::End),
            Just(Backends::NeverReport),
            Just(Backends::NeverAnswer),
        ],
        lazy: bool,
    ) {
        let mut world = World::new(&pipeline);
        world.lazy = lazy;
        for deed in &deeds {
            world.does(deed);
        }
        // Twelve jobs in a row, each started three times, each start waiting for the end of the one before.
        if let Backends::End(well_in) = backends {
            prop_assert!(world.finish(well_in) <= 40);
            return Ok(());
        }
        for _ in 0..1_000 {
            let now = at(world.now);
            let look = world.run.next_look(now).unwrap_or(now);
            world.now = world.now.max(look.timestamp());
            world.run.advance(at(world.now));
            match backends {
                Backends::NeverAnswer => world.nobody_answers(),
                _ => world.does(&Deed::Work),
            }
            if world.run.is_over() {
                break;
            }
        }
        prop_assert!(world.run.is_over(), "{}", world.run.shown());
    }

    #[test]
    fn a_second_advance_changes_nothing_and_the_record_survives_the_store(
        pipeline in any_pipeline(),
        deeds in prop::collection::vec(any_deed(), 0..40),
    ) {
        let mut world = World::new(&pipeline);
        for deed in &deeds {
            world.does(deed);
            let once = world.run.clone();
            world.run.advance(at(world.now));
            prop_assert_eq!(&world.run, &once, "after {:?}", deed);
        }
        let json = serde_json::to_vec(&world.run).unwrap();
        prop_assert_eq!(serde_json::from_slice::<Run>(&json).unwrap(), world.run);
    }

    #[test]
    fn an_earlier_attempt_and_an_ended_job_change_nothing(
        pipeline in any_pipeline(),
        deeds in prop::collection::vec(any_deed(), 0..40),
        status in any_status(),
    ) {
        let mut world = World::new(&pipeline);
        for deed in &deeds {
            world.does(deed);
            let before = world.run.clone();
            for job in 0..before.jobs.len() {
                let attempt = before.jobs[job].attempt;
                let over = !before.counts() || matches!(before.jobs[job].state, JobState::Ended(_));
                let latest = if over { attempt + 1 } else { attempt };
                for attempt in (0..latest).chain([attempt + 1]) {
                    let changed = world.run.reported(job, attempt, says(status), at(world.now));
                    prop_assert!(!changed);
                }
            }
            prop_assert_eq!(&world.run, &before);
        }
    }

    /// What was started is never unstarted, an attempt never counts down, and no start is lost sight of: whatever was
    /// begun and is not told to stop has ended by its backend's word.
    #[test]
    fn no_start_is_forgotten(
        pipeline in any_pipeline(),
        deeds in prop::collection::vec(any_deed(), 0..40),
    ) {
        let mut world = World::new(&pipeline);
        for deed in &deeds {
            let before = world.run.clone();
            world.does(deed);
            for (old, new) in before.jobs.iter().zip(&world.run.jobs) {
                prop_assert!(new.attempt >= old.attempt);
                let left = old.is_begun() && !new.is_begun() && !new.is_check();
                let told = matches!(deed, Deed::Work | Deed::Report(..) | Deed::Refused(_));
                prop_assert!(!left || told || new.cancel == Cancel::Wanted, "{:?}: {:?}", deed, new);
            }
        }
    }

    /// Each job has its fate; in which order the reports of jobs come in does not count.
    #[test]
    fn the_order_of_independent_reports_does_not_count(
        pipeline in any_pipeline(),
        fates in prop::collection::vec(
            prop::sample::select(vec![Success, Success, Success, Neutral, Skipped, Failure, StartupFailure, Cancelled]),
            12,
        ),
        orders in prop::collection::vec(prop::collection::vec(0..12_usize, 40), 2),
    ) {
        let mut outcomes = Vec::new();
        for order in &orders {
            let mut world = World::new(&pipeline);
            // Jobs that the order never names come last, in their own order.
            let rest = (0..40).flat_map(|_| 0..12);
            for job in order.iter().copied().chain(rest) {
                let job = job % world.run.jobs.len();
                let now = at(1);
                world.run.work(now);
                let status = BuildStatus::Ended(fates[job]);
                if world.run.jobs[job].is_check() {
                    let id = world.run.jobs[job].attempt.into();
                    world.run.observed(&[check_run(job, id, status, now)], true, now);
                } else {
                    let attempt = world.run.jobs[job].attempt;
                    world.run.reported(job, attempt, says(status), now);
                }
                world.run.advance(now);
            }
            prop_assert!(world.run.is_over(), "{}", world.run.shown());
            // With `fail_fast` it does count who was cancelled, but not for the gate.
            let shown = if pipeline.fail_fast { String::new() } else { world.run.shown() };
            outcomes.push((world.run.stands(), shown));
        }
        prop_assert_eq!(&outcomes[0], &outcomes[1]);
    }
}

//! A run, the deeds that may befall it, and what backends do when it is left to itself.

use super::super::*;
use crate::domain::event::BuildId;
use proptest::prelude::*;

/// A pipeline of up to twelve jobs, each needing some of those before it.
pub fn any_pipeline() -> impl Strategy<Value = Pipeline> {
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
pub enum Deed {
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

pub fn any_status() -> impl Strategy<Value = BuildStatus> {
    prop_oneof![
        2 => Just(BuildStatus::Queued),
        3 => Just(BuildStatus::Running),
        10 => prop::sample::select(vec![
            Success, Success, Success, Success, Neutral, Skipped, Failure, Failure, Cancelled,
            TimedOut, StartupFailure, Stale, ActionRequired,
        ]).prop_map(BuildStatus::Ended),
    ]
}

pub fn any_deed() -> impl Strategy<Value = Deed> {
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
pub enum Backends {
    /// All that is active ends, one in so many of them well.
    End(usize),
    NeverReport,
    NeverAnswer,
}

/// A run and the time.
#[derive(Debug, Clone)]
pub struct World {
    pub run: Run,
    pub now: i64,
    /// Whether conclusions are drawn only when there is work to do, and not after each piece of news.
    pub lazy: bool,
}

impl World {
    pub fn new(pipeline: &Pipeline) -> Self {
        Self {
            run: begun(pipeline),
            now: 0,
            lazy: false,
        }
    }

    pub fn does(&mut self, deed: &Deed) {
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
    pub fn nobody_answers(&mut self) {
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
    pub fn finish(&mut self, well_in: usize) -> usize {
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

pub fn check_run(job: usize, id: u64, status: BuildStatus, now: DateTime<Utc>) -> Build {
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

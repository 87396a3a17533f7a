//! What holds for any graph and any order of events.

mod world;

use super::*;
use proptest::prelude::*;
use world::{Backends, Deed, World, any_deed, any_pipeline, any_status, check_run};

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

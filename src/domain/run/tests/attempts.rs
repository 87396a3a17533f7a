//! What is kept of attempts that another one followed.

use super::*;

fn fails(run: &mut Run, second: i64) {
    run.advance(at(second));
    run.work(at(second));
    let report = Report {
        url: Some(format!("https://ci.example/{second}")),
        ..says(BuildStatus::Ended(Failure))
    };
    let attempt = run.jobs[0].attempt;
    assert!(run.reported(0, attempt, report, at(second + 1)));
    run.advance(at(second + 1));
}

#[test]
fn an_attempt_that_another_follows_is_kept_with_its_place_its_end_and_its_times() {
    let mut run = run(vec![job("build", &[])]);
    fails(&mut run, 10);
    assert_eq!(run.jobs[0].past, []);
    run.retest(&[]);
    let first = Attempt {
        number: 1,
        handle: Some(handle(0, 1)),
        conclusion: Some(Failure),
        url: Some("https://ci.example/10".to_owned()),
        began: at(10),
        ended: Some(at(11)),
    };
    assert_eq!(run.jobs[0].past, [first]);
    // Asked for again before it was started again, it was no attempt.
    run.retest(&[]);
    run.force(&texts(&["build"]), "vera", Rank::Vetter);
    assert_eq!(run.jobs[0].past.len(), 1);
    for round in 2..30 {
        fails(&mut run, 10 * round);
        run.retest(&[]);
    }
    let numbers: Vec<u32> = run.jobs[0].past.iter().map(|one| one.number).collect();
    assert_eq!(numbers, Vec::from_iter(10..30));
}

#[test]
fn a_record_from_before_attempts_were_kept_is_read() {
    let run = run(vec![job("build", &[])]);
    let mut record = serde_json::to_value(&run).unwrap();
    let kept = record["jobs"][0].as_object_mut().unwrap().remove("past");
    assert_eq!(kept, Some(serde_json::json!([])));
    let read: Run = serde_json::from_value(record).unwrap();
    assert_eq!(read, run);
}

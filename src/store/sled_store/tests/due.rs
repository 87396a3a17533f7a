//! Notes of when a subject is due.

use super::*;

#[tokio::test]
async fn a_note_that_somebody_else_wrote_meanwhile_stays() {
    let store = store();
    let subject = Subject::Repository(RepoId(1));
    let note = async |at, from| {
        let change = Change {
            due: vec![(subject.clone(), at)],
            from,
            ..Change::default()
        };
        store.commit(change).await.unwrap();
        store.due().await.unwrap().first().map(|(_, at)| *at)
    };
    let (past, later) = (|n: i64| Some(day(n)), |n: i64| Some(day(100_000 + n)));
    for (what, writes, left) in [
        (
            "own notes are replaced",
            [(past(1), past(1)), (past(3), past(3))],
            past(3),
        ),
        (
            "and taken away",
            [(past(1), past(1)), (None, past(1))],
            None,
        ),
        (
            "somebody else's stays",
            [(past(2), None), (None, past(1))],
            past(2),
        ),
        (
            "so it does beside an own one",
            [(past(2), None), (past(1), past(1))],
            past(2),
        ),
        (
            "and after an own one",
            [(past(1), past(1)), (past(2), None)],
            past(2),
        ),
        (
            "it is earlier than another look",
            [(past(2), None), (later(1), past(1))],
            past(2),
        ),
        (
            "and brings that forward",
            [(later(1), past(1)), (past(2), None)],
            past(2),
        ),
        (
            "of two that come the earlier counts",
            [(later(1), None), (later(2), None)],
            later(1),
        ),
        (
            "what was there before the work is done",
            [(past(2), None), (None, past(3))],
            None,
        ),
    ] {
        note(None, None).await;
        let mut is = None;
        for (at, from) in writes {
            is = note(at, from).await;
        }
        assert_eq!(is, left, "{what}");
    }
    // Somebody noted it while an own note was there: the end of the work is not the end of that.
    note(None, None).await;
    note(past(1), past(1)).await;
    note(past(2), past(2)).await;
    assert_eq!(note(None, past(1)).await, past(2));
}

use super::super::inbox::{ASIDE_PAYLOAD, ASIDES};
use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_sixteen_equal_deliveries_at_once_one_is_fresh() {
    let store = Arc::new(store());
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                store
                    .accept(delivery("same", vec![entry(1), entry(2)]))
                    .await
            })
        })
        .collect();
    let mut entries = Vec::new();
    for task in tasks {
        match task.await.unwrap().unwrap() {
            Accepted::Fresh(of_one) => entries.push(of_one),
            Accepted::Duplicate => {}
        }
    }
    assert_eq!(entries.len(), 1);
    assert_eq!(store.pending().await.unwrap(), entries[0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn places_grow_and_none_is_given_twice() {
    let store = Arc::new(store());
    let tasks: Vec<_> = (0..16)
        .map(|task| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut ids = Vec::new();
                for number in 0..5 {
                    let id = format!("{task}-{number}");
                    let entries = vec![entry(task), entry(task + 100)];
                    ids.extend(fresh(store.accept(delivery(&id, entries)).await.unwrap()));
                }
                assert!(ids.is_sorted_by(|a, b| a.id < b.id));
                ids
            })
        })
        .collect();
    let mut accepted = Vec::new();
    for task in tasks {
        accepted.extend(task.await.unwrap());
    }
    accepted.sort_by_key(|entry| entry.id);
    assert!(accepted.is_sorted_by(|a, b| a.id < b.id));
    assert_eq!(store.pending().await.unwrap(), accepted);
}

#[tokio::test]
async fn a_delivery_without_a_meaning_is_known_the_next_time() {
    let store = store();
    assert_eq!(
        fresh(store.accept(delivery("a", vec![])).await.unwrap()),
        []
    );
    assert_eq!(
        store.accept(delivery("a", vec![])).await.unwrap(),
        Accepted::Duplicate
    );
}

#[tokio::test]
async fn an_id_is_forgotten_after_fourteen_days() {
    let store = store();
    store.accept(delivery_on(0, "old", vec![])).await.unwrap();
    store.accept(delivery_on(1, "young", vec![])).await.unwrap();
    assert_eq!(store.prune(day(14), Retention::default()).await.unwrap(), 0);
    assert_eq!(store.prune(day(15), Retention::default()).await.unwrap(), 1);
    fresh(store.accept(delivery_on(15, "old", vec![])).await.unwrap());
    let young = store
        .accept(delivery_on(15, "young", vec![]))
        .await
        .unwrap();
    assert_eq!(young, Accepted::Duplicate);
}

#[tokio::test]
async fn an_inbox_entry_that_cannot_be_decoded_does_not_hide_the_others() {
    let store = store();
    let first = fresh(store.accept(delivery("a", vec![entry(1)])).await.unwrap());
    let second = fresh(store.accept(delivery("b", vec![entry(2)])).await.unwrap());
    super::disk(&store)
        .inbox
        .insert(first[0].id.0.to_be_bytes(), b"{")
        .unwrap();
    assert_eq!(store.pending().await.unwrap(), second);
}

fn aside(id: &str, payload: String) -> Aside {
    Aside {
        delivery: DeliveryId::parse(id).unwrap(),
        received_at: day(0),
        event_name: "push".into(),
        reason: "no `repository`".into(),
        payload,
    }
}

#[tokio::test]
async fn what_is_set_aside_counts_as_accepted_and_is_kept_once() {
    let store = store();
    store.set_aside(aside("a", "{}".into())).await.unwrap();
    store.set_aside(aside("a", "{}".into())).await.unwrap();
    assert_eq!(
        store.accept(delivery("a", vec![entry(1)])).await.unwrap(),
        Accepted::Duplicate
    );
    assert_eq!(store.asides(10).await.unwrap(), [aside("a", "{}".into())]);
}

#[tokio::test]
async fn the_newest_thousand_are_kept_aside_each_with_the_beginning_of_its_payload() {
    let store = store();
    for number in 0..ASIDES + 5 {
        super::disk(&store)
            .set_aside(aside(&number.to_string(), String::new()))
            .unwrap();
    }
    store
        .set_aside(aside("last", "é".repeat(ASIDE_PAYLOAD)))
        .await
        .unwrap();

    let kept = store.asides(usize::MAX).await.unwrap();
    assert_eq!(kept.len() as u64, ASIDES);
    assert_eq!(kept[0].payload, "é".repeat(ASIDE_PAYLOAD / 2));
    assert_eq!(kept[999].delivery.as_str(), "6");
    assert_eq!(store.asides(2).await.unwrap(), kept[..2]);
}

//! Decisions as tables, and the laws for any order of requests.

use super::*;
use proptest::prelude::*;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_000_000 + seconds, 0).unwrap()
}

fn limits() -> Limits {
    Limits {
        at_once: 3,
        points: 100,
        creations: 10,
        comments: 12,
        reserve: 10,
        ..Limits::default()
    }
}

/// Asks once; what was told to wait leaves the queue.
fn ask(pacer: &mut Pacer, priority: Priority, kind: RequestKind, now: DateTime<Utc>) -> Turn {
    let place = pacer.line_up(priority);
    let turn = pacer.turn(place, kind, now);
    if turn != Turn::Go {
        pacer.give_up(place);
    }
    turn
}

/// As many requests as may leave, one after the other, each answered at once.
fn spend(pacer: &mut Pacer, priority: Priority, kind: RequestKind, now: DateTime<Utc>) -> usize {
    let mut count = 0;
    while count < 1000 && ask(pacer, priority, kind, now) == Turn::Go {
        pacer.ended(kind, &Heard::default(), now);
        count += 1;
    }
    count
}

fn budget(remaining: u32, renewed: i64) -> Heard {
    Heard {
        budget: Some(Budget {
            limit: 1000,
            remaining,
            renewed_at: at(renewed),
        }),
        limited: None,
    }
}

fn hear(pacer: &mut Pacer, heard: &Heard, now: DateTime<Utc>) {
    let place = pacer.line_up(Priority::Urgent);
    assert_eq!(pacer.turn(place, RequestKind::Read, now), Turn::Go);
    pacer.ended(RequestKind::Read, heard, now);
}

#[test]
fn each_class_leaves_room_for_those_above_it() {
    for (priority, kind, most) in [
        (Priority::Urgent, RequestKind::Write, 20),
        (Priority::Urgent, RequestKind::Read, 92),
        (Priority::Normal, RequestKind::Write, 16),
        (Priority::Normal, RequestKind::Read, 72),
        (Priority::Low, RequestKind::Write, 10),
        (Priority::Low, RequestKind::Read, 42),
        (Priority::Urgent, RequestKind::Create, 10),
        (Priority::Normal, RequestKind::Create, 8),
        (Priority::Low, RequestKind::Comment, 5),
    ] {
        let mut pacer = Pacer::new(limits());
        let spent = spend(&mut pacer, priority, kind, at(0));
        assert_eq!(spent, most, "{priority:?} {kind:?}");
        if priority != Priority::Urgent {
            let first = ask(&mut pacer, Priority::Urgent, RequestKind::Create, at(0));
            assert_eq!(first, Turn::Go, "{priority:?} {kind:?}");
        }
    }
}

/// Of ten creations, what may be begun: each may be about to create something.
#[test]
fn what_has_begun_counts_for_what_may_begin() {
    let mut pacer = Pacer::new(limits());
    let begin = |pacer: &mut Pacer, priority, kind| {
        let room = pacer.has_room_for_more(priority, kind, at(0));
        if room {
            pacer.begins(priority, kind);
        }
        room
    };
    for _ in 0..8 {
        assert!(begin(&mut pacer, Priority::Normal, RequestKind::Create));
    }
    assert!(!begin(&mut pacer, Priority::Normal, RequestKind::Create));
    assert!(begin(&mut pacer, Priority::Normal, RequestKind::Write));
    // Those above do not wait for what may come of that.
    for _ in 0..10 {
        assert!(begin(&mut pacer, Priority::Urgent, RequestKind::Create));
    }
    assert!(!begin(&mut pacer, Priority::Urgent, RequestKind::Create));
    assert!(!begin(&mut pacer, Priority::Low, RequestKind::Comment));
    // Those that have begun are not held up themselves, and leave room when they end.
    let first = ask(&mut pacer, Priority::Normal, RequestKind::Create, at(0));
    assert_eq!(first, Turn::Go);
    pacer.ended(RequestKind::Create, &Heard::default(), at(0));
    assert!(!begin(&mut pacer, Priority::Urgent, RequestKind::Create));
    for _ in 0..2 {
        pacer.has_ended(Priority::Urgent, RequestKind::Create);
    }
    assert!(begin(&mut pacer, Priority::Urgent, RequestKind::Create));
}

#[test]
fn what_creates_nothing_waits_for_no_room_to_create() {
    for (spent, count) in [(RequestKind::Create, 10), (RequestKind::Comment, 10)] {
        let mut pacer = Pacer::new(Limits {
            points: 1_000,
            ..limits()
        });
        let all = spend(&mut pacer, Priority::Urgent, spent, at(0));
        assert_eq!(all, count);
        for priority in [Priority::Urgent, Priority::Normal, Priority::Low] {
            for kind in [RequestKind::Read, RequestKind::Write] {
                let turn = ask(&mut pacer, priority, kind, at(30));
                assert_eq!(turn, Turn::Go, "{spent:?} {priority:?} {kind:?}");
                pacer.ended(kind, &Heard::default(), at(30));
            }
        }
    }
}

#[test]
fn comments_have_an_hour_s_limit_and_checks_do_not() {
    let mut pacer = Pacer::new(limits());
    let minutes = (0..30).map(|minute| {
        spend(
            &mut pacer,
            Priority::Low,
            RequestKind::Comment,
            at(minute * 60),
        )
    });
    assert_eq!(minutes.sum::<usize>(), 6);
    let minutes = (30..60).map(|minute| {
        spend(
            &mut pacer,
            Priority::Normal,
            RequestKind::Create,
            at(minute * 60),
        )
    });
    assert_eq!(minutes.sum::<usize>(), 30 * 8);
}

#[test]
fn what_can_wait_leaves_the_reserve_and_nothing_is_asked_beyond_the_budget() {
    let mut pacer = Pacer::new(limits());
    hear(&mut pacer, &budget(101, 600), at(0));
    assert_eq!(
        ask(&mut pacer, Priority::Low, RequestKind::Read, at(0)),
        Turn::Go
    );
    // One is under way, which may be the one that is left above the reserve.
    let low = ask(&mut pacer, Priority::Low, RequestKind::Read, at(0));
    assert_eq!(low, Turn::At(at(600)));
    pacer.ended(RequestKind::Read, &budget(2, 600), at(1));
    assert_eq!(
        ask(&mut pacer, Priority::Normal, RequestKind::Write, at(1)),
        Turn::Go
    );
    // An answer that was overtaken does not bring the budget back.
    pacer.ended(RequestKind::Write, &budget(50, 600), at(2));
    hear(&mut pacer, &budget(0, 600), at(2));
    let urgent = ask(&mut pacer, Priority::Urgent, RequestKind::Write, at(2));
    assert_eq!(urgent, Turn::At(at(600)));
    assert_eq!(
        ask(&mut pacer, Priority::Low, RequestKind::Read, at(600)),
        Turn::Go
    );
}

#[test]
fn a_pause_holds_everything_and_without_a_time_it_gets_longer() {
    let limited = |limited| Heard {
        budget: None,
        limited: Some(limited),
    };
    let mut pacer = Pacer::new(limits());
    let pause = limited(Limited::For(Duration::from_secs(17)));
    hear(&mut pacer, &pause, at(0));
    assert_eq!(
        ask(&mut pacer, Priority::Urgent, RequestKind::Read, at(16)),
        Turn::At(at(17))
    );
    let mut now = 17;
    for pause in [60, 120, 240, 480, 960, 960] {
        hear(&mut pacer, &limited(Limited::Silently), at(now));
        let turn = ask(&mut pacer, Priority::Urgent, RequestKind::Read, at(now));
        assert_eq!(turn, Turn::At(at(now + pause)));
        now += pause;
    }
    hear(&mut pacer, &Heard::default(), at(now));
    hear(&mut pacer, &limited(Limited::Silently), at(now));
    let turn = ask(&mut pacer, Priority::Urgent, RequestKind::Read, at(now));
    assert_eq!(turn, Turn::At(at(now + 60)));
    // Nonsense is not believed for longer than an hour.
    let mut pacer = Pacer::new(limits());
    hear(&mut pacer, &budget(0, 1_000_000_000), at(0));
    assert_eq!(
        ask(&mut pacer, Priority::Urgent, RequestKind::Read, at(3600)),
        Turn::Go
    );
}

#[test]
fn who_was_sent_away_goes_before_lower_classes() {
    let mut pacer = Pacer::new(limits());
    assert_eq!(
        spend(&mut pacer, Priority::Urgent, RequestKind::Create, at(0)),
        10
    );
    let Turn::At(again) = ask(&mut pacer, Priority::Urgent, RequestKind::Create, at(1)) else {
        panic!("there is no room");
    };
    assert_eq!(again, at(60));
    pacer.send_away(Priority::Urgent, again);
    // There would be room for what is only read.
    let low = ask(&mut pacer, Priority::Low, RequestKind::Read, at(59));
    assert_eq!(low, Turn::At(at(70)));
    assert_eq!(
        ask(&mut pacer, Priority::Urgent, RequestKind::Create, at(60)),
        Turn::Go
    );
    // But nobody is waited for for ever.
    assert_eq!(
        ask(&mut pacer, Priority::Low, RequestKind::Read, at(70)),
        Turn::Go
    );
}

#[test]
fn a_clock_that_is_set_back_holds_up_nothing_for_longer() {
    let mut pacer = Pacer::new(limits());
    spend(
        &mut pacer,
        Priority::Urgent,
        RequestKind::Write,
        at(100_000),
    );
    let turn = ask(&mut pacer, Priority::Urgent, RequestKind::Write, at(0));
    assert_eq!(turn, Turn::At(at(60)));
    assert_eq!(
        ask(&mut pacer, Priority::Urgent, RequestKind::Write, at(60)),
        Turn::Go
    );
}

#[derive(Debug, Clone)]
enum Move {
    LineUp(Priority, RequestKind),
    /// The oldest request that is under way ends; GitHub took it in so many per cent of the way.
    End(u8),
    Pass(i64),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let priority = prop_oneof![
        Just(Priority::Urgent),
        Just(Priority::Normal),
        Just(Priority::Low)
    ];
    let kind = prop_oneof![
        Just(RequestKind::Read),
        Just(RequestKind::Write),
        Just(RequestKind::Create),
        Just(RequestKind::Comment)
    ];
    let one = prop_oneof![
        4 => (priority, kind).prop_map(|(priority, kind)| Move::LineUp(priority, kind)),
        4 => (0..=100u8).prop_map(Move::End),
        1 => (0..40i64).prop_map(Move::Pass),
    ];
    proptest::collection::vec(one, 1..400)
}

/// Those who wait, those under way, and when GitHub took in what.
#[derive(Default)]
struct World {
    waiting: Vec<(Place, RequestKind)>,
    under_way: std::collections::VecDeque<(i64, RequestKind)>,
    taken_in: Vec<(i64, RequestKind)>,
}

impl World {
    /// Lets go whoever may; checks that nobody overtakes a higher class.
    fn let_go(&mut self, pacer: &mut Pacer, now: i64) {
        loop {
            let mut gone = None;
            for (index, (place, kind)) in self.waiting.iter().enumerate() {
                if pacer.turn(*place, *kind, at(now)) == Turn::Go {
                    gone = Some(index);
                    break;
                }
            }
            let Some(index) = gone else { return };
            let (place, kind) = self.waiting.remove(index);
            assert!(self.waiting.iter().all(|(other, _)| *other > place));
            self.under_way.push_back((now, kind));
            assert!(self.under_way.len() <= limits().at_once);
        }
    }

    fn end(&mut self, pacer: &mut Pacer, now: i64, when: u8) {
        if let Some((began, kind)) = self.under_way.pop_front() {
            self.taken_in
                .push((began + (now - began) * i64::from(when) / 100, kind));
            pacer.ended(kind, &Heard::default(), at(now));
        }
    }

    fn most_within(&self, span: i64, cost: fn(RequestKind) -> u32) -> u32 {
        let within = |from: i64| {
            let inside = self
                .taken_in
                .iter()
                .filter(|(at, _)| (from..from + span).contains(at));
            inside.map(|(_, kind)| cost(*kind)).sum()
        };
        self.taken_in
            .iter()
            .map(|(at, _)| within(*at))
            .max()
            .unwrap_or(0)
    }
}

proptest! {
    #[test]
    fn no_minute_holds_more_than_the_limits_nobody_is_overtaken_and_all_go_in_the_end(moves in moves()) {
        let mut pacer = Pacer::new(limits());
        let (mut world, mut now) = (World::default(), 0);
        for one in moves {
            match one {
                Move::LineUp(priority, kind) => {
                    let place = pacer.line_up(priority);
                    world.waiting.push((place, kind));
                }
                Move::End(when) => world.end(&mut pacer, now, when),
                Move::Pass(seconds) => now += seconds,
            }
            world.let_go(&mut pacer, now);
        }
        // An hour for each six comments, and a little for the rest.
        let mut hours = 0;
        while !(world.waiting.is_empty() && world.under_way.is_empty()) {
            while !world.under_way.is_empty() {
                world.end(&mut pacer, now, 100);
            }
            now += 60;
            hours += 1;
            prop_assert!(hours < 60 * 200, "somebody waits for ever");
            world.let_go(&mut pacer, now);
        }
        prop_assert!(world.most_within(60, RequestKind::points) <= limits().points);
        prop_assert!(world.most_within(60, RequestKind::creations) <= limits().creations);
        prop_assert!(world.most_within(3600, RequestKind::comments) <= limits().comments);
    }
}

//! What the steps of handling one delivery cost, each by itself: `cargo bench`. For `.ci/instructions`, which counts instead
//! of timing, `count PIECE TIMES` does one of them so often, and `steady` names those that can be counted.

mod cases;
mod pulls;

use cases::{PIECES, Piece};
use criterion::Criterion;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["steady"] => {
            let steady = PIECES.iter().filter(|piece| piece.steady);
            steady.for_each(|piece| println!("{}", piece.name));
        }
        ["count", name, times] => {
            let piece = PIECES.iter().find(|piece| piece.name == name);
            let piece = piece.unwrap_or_else(|| panic!("there is no piece {name}"));
            let mut step = (piece.prepare)();
            let times: u32 = times.parse().expect("a number");
            (0..times).for_each(|_| step());
        }
        _ => measure(),
    }
}

fn measure() {
    let mut criterion = Criterion::default().configure_from_args();
    for Piece { name, prepare, .. } in PIECES {
        let mut step = prepare();
        criterion.bench_function(name, |bencher| bencher.iter(&mut *step));
    }
    criterion.final_summary();
}

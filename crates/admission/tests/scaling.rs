//! The tables of docs/scaling.md are those of the simulation.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "the program uses the rest")]
#[path = "../examples/simulate/main.rs"]
mod simulate;

use std::path::Path;

const PAGE: &str = include_str!("../../../docs/scaling.md");
const BEGIN: &str = "<!-- The output of scripts/simulate-admission begins here. -->\n\n";
const END: &str = "\n<!-- It ends here. -->";

/// To write it again after a change: run this test with `UPDATE_PAGE=1`.
#[test]
fn the_page_has_the_tables_of_the_simulation() {
    let tables = simulate::tables(&simulate::options(std::iter::empty()).unwrap());
    let (before, rest) = PAGE.split_once(BEGIN).expect("the page has a mark for the begin of the tables");
    let (_, after) = rest.split_once(END).expect("the page has a mark for the end of the tables");
    let page = format!("{before}{BEGIN}{}\n{END}{after}", tables.trim_end());
    if std::env::var_os("UPDATE_PAGE").is_some() {
        std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/scaling.md"), page).unwrap();
        return;
    }
    assert_eq!(page.lines().count(), PAGE.lines().count(), "run this test with UPDATE_PAGE=1");
    for (simulated, written) in page.lines().zip(PAGE.lines()) {
        assert!(are_alike(simulated, written), "\n{simulated}\n{written}\nrun this test with UPDATE_PAGE=1");
    }
}

/// Whether two lines are equal. In the largest cluster, the caches are full, and what they drop is a matter of chance.
fn are_alike(simulated: &str, written: &str) -> bool {
    let numbers = |line: &str| -> Vec<f64> {
        let number = |cell: &str| cell.trim().split(' ').next().unwrap().replace(['<', ','], "").parse().unwrap_or(0.0);
        line.split('|').map(number).collect()
    };
    let is_near = |(one, two): (f64, f64)| (one - two).abs() <= 2.0 + 0.2 * two;
    match written.starts_with("| 10,000 |") && simulated.starts_with("| 10,000 |") {
        true => numbers(simulated).into_iter().zip(numbers(written)).all(is_near),
        false => simulated == written,
    }
}

#[test]
fn options_are_checked() {
    let said = |arguments: &[&str]| {
        let arguments = arguments.iter().map(|&argument| argument.to_owned());
        simulate::options(arguments).err().unwrap_or_default()
    };
    assert_eq!(said(&["--seed", "7", "--nodes", "5,50", "--set", "aws: {revocation: {ttl: 15m}}"]), "");
    assert!(said(&["--replicas", "0"]).contains("at least one"));
    assert!(said(&["--pods"]).contains("needs a value"));
    assert!(said(&["--pods", "many"]).contains("--pods many"));
    assert!(said(&["--set", "aws: {revocation: {tll: 15m}}"]).contains("tll"));
    assert!(said(&["--speed", "1"]).contains("not an option"));
}

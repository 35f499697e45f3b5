//! Envelopes, chains, manifests and policies with one change each: compares the verdicts of this library and the real
//! notation on the same layout and configuration folder. For each difference, the table and docs/verification.md name
//! the rule that decides it. A difference missing from the table fails the test, and so does a listed difference that
//! no longer occurs.

mod case;
mod chains;
mod claims;
mod cose;
mod envelopes;
mod expected;
mod identities;
mod keys;
mod manifests;
mod names;
mod payloads;
mod policies;
mod rules;
mod times;
mod timestamps;

use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use case::Case;
use expected::{Expected, Verdicts};

fn cases() -> Vec<Case> {
    let tables: [fn() -> Vec<Case>; 11] = [
        keys::cases,
        claims::cases,
        times::cases,
        timestamps::cases,
        payloads::cases,
        envelopes::cases,
        cose::cases,
        chains::cases,
        manifests::cases,
        policies::cases,
        identities::cases,
    ];
    tables.into_iter().flat_map(|table| table()).collect()
}

/// Runs all cases, a few at a time.
fn compare(cases: Vec<Case>, notation: &Path) -> Vec<(Arc<Case>, Verdicts)> {
    let cases: Vec<Arc<Case>> = cases.into_iter().map(Arc::new).collect();
    let next = AtomicUsize::new(0);
    let compared = Mutex::new(Vec::new());
    // A worker mostly waits for its notation process.
    let workers = std::thread::available_parallelism().map_or(4, |n| (2 * n.get()).clamp(2, 8));
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let verdicts = case.verdicts(notation);
                    compared.lock().unwrap().push((case.clone(), verdicts));
                }
            });
        }
    });
    compared.into_inner().unwrap()
}

#[test]
#[ignore = "needs notation and olareg: scripts/test"]
fn every_verdict_is_notations_or_follows_a_listed_rule() {
    let peers = crate::support::peers();
    let compared = compare(cases(), &peers.join("notation"));
    let [mut accepted, mut refused, mut stricter, mut laxer] = [0; 4];
    let mut wrong = Vec::new();
    for (case, verdicts) in &compared {
        *match (verdicts.ours.is_ok(), verdicts.notation.is_ok()) {
            (true, true) => &mut accepted,
            (false, false) => &mut refused,
            (false, true) => &mut stricter,
            (true, false) => &mut laxer,
        } += 1;
        if let Some(difference) = case.expected.difference(verdicts) {
            let Verdicts { ours, notation } = verdicts;
            wrong.push(format!("{}: {difference}\n  ours: {ours:?}\n  notation: {notation:?}", case.name));
        }
    }
    // Not println: the test runner hides it when the test passes.
    let _ = writeln!(
        std::io::stderr(),
        "differential: {} cases, {} equal ({accepted} accepted, {refused} refused), {stricter} refused only by us, \
         {laxer} only by notation",
        compared.len(),
        accepted + refused,
    );
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), compared.len(), wrong.join("\n"));
}

#[test]
fn every_rule_is_in_the_documentation() {
    let document = include_str!("../../../docs/verification.md").split_whitespace().collect::<Vec<_>>().join(" ");
    for case in cases() {
        let (Expected::OnlyNotationAccepts(rule, _) | Expected::OnlyWeAccept(rule)) = case.expected else { continue };
        let words = rule.words();
        assert!(document.contains(words), "docs/verification.md does not have: {words}");
    }
}

#[test]
fn case_names_are_unique() {
    let mut names: Vec<String> = cases().into_iter().map(|case| case.name).collect();
    names.sort();
    for pair in names.windows(2) {
        assert_ne!(pair[0], pair[1]);
    }
}

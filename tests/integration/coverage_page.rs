//! `docs/coverage.md` is what the example `coverage-page` prints of the operation table.

use crate::support::process::{command, run};
use crate::support::programs;

#[test]
fn the_coverage_page_is_that_of_the_operation_table() {
    let home = tempfile::tempdir().unwrap();
    let example = &mut command(programs::example("coverage-page"), home.path());
    let generated = run(example, std::time::Duration::from_secs(30)).succeeded().stdout;
    let committed = std::fs::read_to_string(programs::source_tree().join("docs/coverage.md")).unwrap();
    assert!(generated == committed, "run: cargo run --example coverage-page >docs/coverage.md");
}

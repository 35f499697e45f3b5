//! Prints "AWS Signer API coverage" from the local signer's operation table:
//!
//! ```text
//! cargo run --example coverage-page >docs/coverage.md
//! ```

use std::fmt::Write as _;
use std::io::Write as _;

use local_signer::model::{At, Member, Quota, Shape};
use local_signer::operations::{OPERATIONS, Operation};

/// The operations of AWS's model of Signer (2017-08-25).
const OF_AWS: usize = 19;
const WIDTH: usize = 120;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(page().as_bytes())
}

fn page() -> String {
    let mut page = format!(
        "# AWS Signer API coverage\n\n<!-- Generated: cargo run --example coverage-page >docs/coverage.md -->\n\n{}\n",
        wrapped(&format!(
            "The local signer has {} of the {OF_AWS} operations of AWS Signer. This page lists their parameters with the \
             constraints that are checked, their errors, and how they differ from AWS. It is generated from the operation \
             table, which also routes and checks the requests. [Develop against the local signer](local-signer.md) shows \
             how each client is set up.",
            OPERATIONS.len()
        ))
    );
    page.push_str("## Operations\n\n| operation | request | differs from AWS |\n|---|---|---|\n");
    for operation in OPERATIONS {
        let differs = if operation.differs.is_empty() { "" } else { "yes" };
        let _ = writeln!(
            page,
            "| [{name}](#{anchor}) | `{} {}` | {differs} |",
            operation.method,
            operation.path,
            name = operation.name,
            anchor = operation.name.to_lowercase()
        );
    }
    page.push('\n');
    page.push_str(&wrapped(
        "Each operation can also answer `ValidationException` for parameters that violate the model (the tagging \
         operations: `BadRequestException`), `SerializationException` for a body that is not JSON of the model's types, \
         and the errors of Signature Version 4. Unknown members and parameters are ignored.",
    ));
    for operation in OPERATIONS {
        page.push_str(&section(operation));
    }
    page
}

fn section(operation: &Operation) -> String {
    let mut text = format!("\n## {}\n\n`{} {}`\n\n", operation.name, operation.method, operation.path);
    if !operation.differs.is_empty() {
        let _ = writeln!(text, "{}", wrapped(&format!("**Differs from AWS.** {}", operation.differs)));
    }
    if !operation.parameters.is_empty() {
        text.push_str("| parameter | in | required | value |\n|---|---|---|---|\n");
        for member in operation.parameters {
            let place = match member.at {
                At::Path => "path",
                At::Query => "query",
                At::Body => "body",
            };
            let required = if member.required { "yes" } else { "" };
            let _ = writeln!(text, "| `{}` | {place} | {required} | {} |", member.name, value(&member.shape));
        }
        text.push('\n');
    }
    let errors: Vec<String> =
        operation.errors.iter().map(|error| format!("`{}` ({})", error.name(), error.status())).collect();
    let quota = match operation.quota {
        Quota::Standard => 25,
        Quota::SigningJobs => 5,
    };
    let _ = write!(
        text,
        "{}\n{}",
        wrapped(&format!("Errors: {}.", errors.join(", "))),
        wrapped(&format!("Quota at AWS: {quota} calls a second for each account and region."))
    );
    text
}

/// The type of a parameter with its constraints, in one line of a table.
fn value(shape: &Shape) -> String {
    match shape {
        Shape::String { min, max, pattern } => {
            let pattern = pattern.map(|pattern| format!(", `{}`", pattern.text.replace('|', "\\|")));
            format!("text{}{}", limits(*min, *max, "characters"), pattern.unwrap_or_default())
        }
        Shape::Enum(values) => values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", "),
        Shape::Integer { min, max } if *min == i64::from(i32::MIN) && *max == i64::from(i32::MAX) => {
            "whole number of 32 bits".to_owned()
        }
        Shape::Integer { min, max } => format!("whole number, {min} to {max}"),
        Shape::Boolean => "`true` or `false`".to_owned(),
        Shape::Timestamp => "time".to_owned(),
        Shape::Blob { min, max } => format!("base64{}", limits(*min, *max, "bytes")),
        Shape::List { of, min, max } => format!("list{} of: {}", limits(*min, *max, "members"), value(of)),
        Shape::Map { key, value: of, min, max } => {
            format!("map{}; keys: {}; values: {}", limits(*min, *max, "entries"), value(key), value(of))
        }
        Shape::Structure(members) => {
            let members: Vec<String> = members.iter().map(member).collect();
            format!("object of {}", members.join("; "))
        }
    }
}

fn member(member: &Member) -> String {
    let required = if member.required { ", required" } else { "" };
    format!("`{}` ({}{required})", member.name, value(&member.shape))
}

fn limits(min: usize, max: usize, unit: &str) -> String {
    match (min, max) {
        (0, usize::MAX) => String::new(),
        (0, max) => format!(", up to {max} {unit}"),
        (min, max) if min == max => format!(", {min} {unit}"),
        (min, usize::MAX) => format!(", at least {min} {unit}"),
        (min, max) => format!(", {min} to {max} {unit}"),
    }
}

/// The paragraph in lines of at most 120 characters.
fn wrapped(text: &str) -> String {
    let mut lines = String::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        let needed = word.chars().count();
        if length > 0 && length + 1 + needed > WIDTH {
            lines.push('\n');
            length = 0;
        } else if length > 0 {
            lines.push(' ');
            length += 1;
        }
        lines.push_str(word);
        length += needed;
    }
    lines.push('\n');
    lines
}

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod compared;
mod signed;

use std::convert::Infallible;

use time::macros::datetime;

use super::{SignError, sign};
use crate::zip::Limits;
use crate::zip::tests::forge::{Forged, archive_with};

fn sample() -> Vec<u8> {
    let entries = [
        Forged::stored("lambda.py", b"def handler(event, context): return 1\n"),
        Forged::deflated("lib/data.json", &[b'1'; 500]).streamed(true, false),
        Forged::stored("bin/", b""),
        Forged::deflated("bin/tool", b"#!/bin/sh\n").with(|entry| entry.central.external_attributes = 0o100_755 << 16),
    ];
    archive_with(&entries, b"comment", |_| {})
}

/// Signs with an envelope that only wraps the payload.
fn signed(zip: &Vec<u8>) -> Result<Vec<u8>, SignError<Infallible>> {
    let time = datetime!(2026-11-27 12:00:00 UTC);
    let signed = sign(zip, &Limits::LAMBDA, time, |payload| Ok([b"envelope of ", payload].concat()))?;
    Ok(signed.to_bytes(zip).unwrap())
}

//! Runs the fuzz targets on their seeds and on a fixed, bounded set of mutations.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

#[path = "../../fuzz/bodies.rs"]
mod bodies;

/// Fragments of JSON, ARNs, certificates and CBOR.
const TOKENS: [&[u8]; 30] = [
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"\"",
    b"null",
    b"true",
    b"-1",
    b"1e400",
    b"\\u0000",
    b"\\ud800",
    b"=",
    b"AA==",
    b"arn:",
    b"*",
    b"sha256:",
    b"0001-01-01T00:00:00Z",
    "\u{feff}".as_bytes(),
    // COSE_Sign1_Tagged, a time, not a number, items of indefinite length and their end, long lengths, null.
    b"\xd2\x84",
    b"\xc1",
    b"\xf9\x7e\x00",
    b"\x5f",
    b"\x7f",
    b"\x9f",
    b"\xbf",
    b"\xff",
    b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\xf6",
];

fn seeds(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut paths: Vec<PathBuf> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} has no seeds", folder.display());
    paths.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

/// Pseudorandom numbers, the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }

    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len());
        let length = self.below(16);
        let end = (at + length).min(bytes.len());
        match self.below(5) {
            0 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let part = bytes[at..end].to_vec();
                let to = self.below(bytes.len());
                bytes.splice(to..to, part);
            }
            3 => {
                let token = TOKENS[self.below(TOKENS.len())];
                bytes.splice(at..end, token.iter().copied());
            }
            _ if at < bytes.len() => bytes[at] = self.below(256) as u8,
            _ => {}
        }
    }
}

/// With several thousand mutations of each seed.
fn run(target: &str, body: fn(&[u8])) {
    run_rounds(target, body, 5000);
}

/// With fewer: the body signs its input.
fn run_signed(target: &str, body: fn(&[u8])) {
    run_rounds(target, body, 1000);
}

fn run_rounds(target: &str, body: fn(&[u8]), rounds: usize) {
    for (path, seed) in seeds(target) {
        body(&seed);
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15 ^ seed.len() as u64);
        for round in 0..rounds {
            let mut bytes = seed.clone();
            for _ in 0..=numbers.below(4) {
                numbers.mutate(&mut bytes);
            }
            let outcome = std::panic::catch_unwind(|| body(&bytes));
            assert!(outcome.is_ok(), "{} after round {round}: {}", path.display(), String::from_utf8_lossy(&bytes));
        }
        // Truncations, in steps that bound the number of cases.
        for length in (0..seed.len()).step_by(seed.len() / 200 + 1) {
            body(&seed[..length]);
        }
    }
}

/// The corpora that scripts/fuzz found and reduced: inputs that together reach all code that was reached.
#[test]
fn the_corpora_of_earlier_runs_do_not_panic() {
    type Body = fn(&[u8]);
    let targets: [(&str, Body); 7] = [
        ("cbor_item", bodies::cbor_item),
        ("certificate", bodies::certificate),
        ("cose_envelope", bodies::cose_envelope),
        ("cose_header", bodies::cose_header),
        ("timestamp_response", bodies::timestamp_response),
        ("timestamp_token", bodies::timestamp_token),
        ("tst_info", bodies::tst_info),
    ];
    for (target, body) in targets {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpora").join(format!("{target}.tar.gz"));
        let mut archive = tar::Archive::new(GzDecoder::new(std::fs::File::open(file).unwrap()));
        let mut inputs = 0;
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            let outcome = std::panic::catch_unwind(|| body(&bytes));
            assert!(outcome.is_ok(), "{target}: {}", entry.path().unwrap().display());
            inputs += 1;
        }
        assert!(inputs > 20, "{target}: {inputs}");
    }
}

#[test]
fn mutated_envelopes_do_not_panic() {
    run("envelope", bodies::envelope);
}

#[test]
fn mutated_cose_envelopes_do_not_panic() {
    run("cose_envelope", bodies::cose_envelope);
}

#[test]
fn mutated_headers_and_items_of_cose_do_not_panic() {
    run_signed("cose_header", bodies::cose_header);
    run_signed("cbor_item", bodies::cbor_item);
}

#[test]
fn mutated_timestamps_do_not_panic() {
    run("timestamp_token", bodies::timestamp_token);
    run("timestamp_response", bodies::timestamp_response);
    run_signed("tst_info", bodies::tst_info);
}

#[test]
fn mutated_certificates_do_not_panic() {
    run_signed("certificate", bodies::certificate);
}

#[test]
fn mutated_zip_files_do_not_panic() {
    run("zip_file", bodies::zip_file);
}

#[test]
fn mutated_layouts_do_not_panic() {
    run("layout", bodies::layout);
}

#[test]
fn mutated_credentials_files_do_not_panic() {
    run("credentials_file", bodies::credentials_file);
}

#[test]
fn mutated_trust_policies_do_not_panic() {
    run("trust_policy", bodies::trust_policy);
}

#[test]
fn mutated_sign_requests_do_not_panic() {
    run("generate_envelope_request", bodies::generate_envelope_request);
}

#[test]
fn mutated_verify_requests_do_not_panic() {
    run("verify_signature_request", bodies::verify_signature_request);
}

#[test]
fn mutated_shared_configuration_does_not_panic() {
    run("shared_configuration", bodies::shared_configuration);
}

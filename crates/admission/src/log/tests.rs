#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Condvar, Mutex};

use serde_json::Value;
use tracing_subscriber::layer::SubscriberExt as _;

use super::decision::MAX_IMAGES;
use super::*;
use crate::decision::{Code, Decided, ImageDecision, Outcome, Verdict, Why};

/// A writer for tests. It may be blocked, as a pipe is that is not read.
#[derive(Clone, Default)]
struct Pipe(Arc<(Mutex<PipeState>, Condvar)>);

#[derive(Default)]
struct PipeState {
    written: Vec<u8>,
    writes: usize,
    is_blocked: bool,
    is_waiting: bool,
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (state, changed) = &*self.0;
        let mut state = state.lock().unwrap();
        state.writes += 1;
        while state.is_blocked {
            state.is_waiting = true;
            changed.notify_all();
            state = changed.wait(state).unwrap();
        }
        state.is_waiting = false;
        state.written.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Pipe {
    fn block(&self, is_blocked: bool) {
        self.0.0.lock().unwrap().is_blocked = is_blocked;
        self.0.1.notify_all();
    }

    /// Waits until the writer is in the blocked call.
    fn wait_until_blocked(&self) {
        let mut state = self.0.0.lock().unwrap();
        while !state.is_waiting {
            state = self.0.1.wait(state).unwrap();
        }
    }

    fn lines(&self) -> Vec<Value> {
        let written = String::from_utf8(self.0.0.lock().unwrap().written.clone()).unwrap();
        assert!(written.is_empty() || written.ends_with('\n'), "{written}");
        written.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}"))).collect()
    }
}

/// The lines of a log of this level.
fn written(level: LogLevel, work: impl FnOnce(&Log)) -> Vec<Value> {
    let pipe = Pipe::default();
    let log = Log::to(level, pipe.clone()).unwrap();
    work(&log);
    assert!(log.close(Duration::from_secs(20)));
    pipe.lines()
}

fn image(name: &str, outcome: Outcome) -> ImageDecision {
    ImageDecision {
        image: name.to_owned(),
        outcome,
        is_enforced: true,
        is_warned: false,
        rule: Some("rest".into()),
        digest: None,
        name: None,
        signer: None,
        why: None,
        is_cached: true,
        is_stale: false,
    }
}

fn record(images: Vec<ImageDecision>) -> Record {
    Record {
        adapter: "kubernetes",
        uid: Some("705ab4f5".into()),
        user: Some("system:serviceaccount:kube-system:replicaset-controller".into()),
        namespace: Some("team-a".into()),
        kind: Some("Pod".into()),
        name: None,
        operation: Some("CREATE".into()),
        dry_run: false,
        verdict: Verdict::Refused,
        images: images.into_iter().map(Decided::from).collect(),
    }
}

const TOOK: Duration = Duration::from_micros(1250);

#[test]
fn a_decision_is_one_flat_line() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let refused = ImageDecision {
        digest: Some(digest.parse().unwrap()),
        signer: Some("arn:aws:signer:us-west-2:111122223333:/signing-profiles/release".into()),
        why: Some(Arc::new(Why {
            code: Code::Revoked,
            check: Some("revocation"),
            message: "the profile is revoked".into(),
        })),
        is_cached: false,
        ..image("registry.example.com/app:1", Outcome::Refused)
    };
    let exempt = ImageDecision { rule: None, ..image("registry.example.com/vendor/x:1", Outcome::Exempt) };
    let lines = written(LogLevel::Info, |log| log.decision(&record(vec![refused, exempt]), TOOK));
    assert_eq!(lines.len(), 1);
    let mut line = lines[0].clone();
    let time = line.as_object_mut().unwrap().remove("time").unwrap();
    let time = notary::text::parse_rfc3339(time.as_str().unwrap()).unwrap();
    assert!((time::OffsetDateTime::now_utc() - time).abs() < time::Duration::minutes(1), "{time}");
    assert_eq!(
        line,
        serde_json::json!({
            "level": "info",
            "adapter": "kubernetes",
            "uid": "705ab4f5",
            "user": "system:serviceaccount:kube-system:replicaset-controller",
            "namespace": "team-a",
            "kind": "Pod",
            "operation": "CREATE",
            "dryRun": false,
            "decision": "refused",
            "images": [
                {
                    "reference": "registry.example.com/app:1",
                    "digest": digest,
                    "outcome": "refused",
                    "reason": "revoked",
                    "message": "revocation: the profile is revoked",
                    "signer": "arn:aws:signer:us-west-2:111122223333:/signing-profiles/release",
                    "rule": "rest",
                    "cached": false,
                },
                { "reference": "registry.example.com/vendor/x:1", "outcome": "exempt" },
            ],
            "ms": 1.25,
        })
    );
}

#[test]
fn texts_of_others_cannot_forge_lines_or_grow_them() {
    let forged = "x\"}\n{\"decision\":\"allowed\u{1b}[31m\u{202e}\u{e0041}\\";
    let long = "ä".repeat(1000);
    let mut record = record(vec![image(forged, Outcome::Refused), image(&long, Outcome::Refused)]);
    record.user = Some(long.clone());
    let pipe = Pipe::default();
    let log = Log::to(LogLevel::Info, pipe.clone()).unwrap();
    log.decision(&record, TOOK);
    log.error(&long, &[("a\"b", forged.into()), ("shown", Field::Shown(format_args!("{long}{long}")))]);
    assert!(log.close(Duration::from_secs(20)));
    let raw = String::from_utf8(pipe.0.0.lock().unwrap().written.clone()).unwrap();
    assert!(!raw.contains(['\u{1b}', '\u{202e}', '\u{e0041}']), "{raw}");
    let lines = pipe.lines();
    assert_eq!((lines.len(), lines[0]["images"][0]["reference"].as_str().unwrap()), (2, forged));
    for text in [&lines[0]["user"], &lines[0]["images"][1]["reference"], &lines[1]["message"], &lines[1]["shown"]] {
        let text = text.as_str().unwrap();
        assert!(text.ends_with('…') && text.len() <= json::MAX_TEXT + 3 && text.len() > 500, "{}", text.len());
    }
    assert_eq!(lines[1]["a\"b"].as_str().unwrap(), forged);
}

#[test]
fn the_first_images_are_listed_bad_ones_first() {
    let mut images: Vec<_> = (0..120).map(|number| image(&format!("i{number}"), Outcome::Verified)).collect();
    images[110].outcome = Outcome::Refused;
    let lines = written(LogLevel::Info, |log| log.decision(&record(images), TOOK));
    let listed = lines[0]["images"].as_array().unwrap();
    assert_eq!((listed.len(), lines[0]["moreImages"].as_u64()), (MAX_IMAGES, Some(70)));
    assert_eq!(listed[0]["reference"], "i110");
}

#[test]
fn the_largest_line_fits_the_queue_many_times() {
    let mut worst = image(&"\u{1}".repeat(2000), Outcome::Refused);
    worst.signer = Some("\u{1}".repeat(2000).into());
    worst.why = Some(Arc::new(Why { code: Code::Integrity, check: None, message: "\u{1}".repeat(2000) }));
    worst.rule = worst.signer.clone();
    let pipe = Pipe::default();
    let log = Log::to(LogLevel::Info, pipe.clone()).unwrap();
    log.decision(&record(vec![worst; 512]), TOOK);
    assert!(log.close(Duration::from_secs(20)));
    let length = pipe.0.0.lock().unwrap().written.len();
    assert!(length > 0 && length < 700 * 1024, "{length}");
}

#[test]
fn only_lines_of_the_level_are_written() {
    let all = |log: &Log| {
        log.error("e", &[]);
        log.warn("w", &[("count", 3.into()), ("flag", true.into()), ("below", Field::Number(-1))]);
        log.info("i", &[]);
        log.decision(&record(Vec::new()), TOOK);
        log.event(LogLevel::Debug, "d", &[]);
    };
    for (level, count) in [(LogLevel::Error, 1), (LogLevel::Warn, 2), (LogLevel::Info, 4), (LogLevel::Debug, 5)] {
        let lines = written(level, all);
        assert_eq!(lines.len(), count, "{level:?}");
        assert!(lines[0]["level"] == "error" && lines[0]["message"] == "e");
    }
    let lines = written(LogLevel::Error, |log| {
        log.info("before", &[]);
        log.set_level(LogLevel::Info);
        log.info("after", &[]);
    });
    assert_eq!(lines.len(), 1);
    let warning = &written(LogLevel::Warn, all)[1];
    assert!(warning["count"] == 3 && warning["flag"] == true && warning["below"] == -1, "{warning}");
}

#[test]
fn a_slow_reader_costs_lines_and_no_time() {
    let pipe = Pipe::default();
    let log = Log::to(LogLevel::Info, pipe.clone()).unwrap();
    pipe.block(true);
    log.info("first", &[]);
    pipe.wait_until_blocked();
    let text = "x".repeat(500);
    // Ends although the reader reads nothing: more than the queue holds.
    for _ in 0..4000 {
        log.info(&text, &[]);
    }
    let dropped = log.dropped();
    assert!(dropped > 1000 && dropped < 3000, "{dropped}");
    assert!(!log.close(Duration::from_millis(10)), "it must not say that all was written");
    pipe.block(false);
    assert!(log.close(Duration::from_secs(20)));
    let lines = pipe.lines();
    assert_eq!(lines.len() as u64, 1 + 4000 - dropped + 1);
    let last = lines.last().unwrap();
    assert_eq!((last["level"].as_str(), last["lines"].as_u64()), (Some("warn"), Some(dropped)));
    // After the close, lines are lost.
    log.info("late", &[]);
    assert_eq!(pipe.lines().len(), lines.len());
}

#[test]
fn lines_are_written_together_and_in_order() {
    let pipe = Pipe::default();
    let log = Log::to(LogLevel::Info, pipe.clone()).unwrap();
    pipe.block(true);
    log.info("first", &[]);
    pipe.wait_until_blocked();
    for number in 0..1000_u64 {
        log.info("line", &[("number", number.into())]);
    }
    pipe.block(false);
    assert!(log.close(Duration::from_secs(20)));
    let numbers: Vec<u64> = pipe.lines().iter().filter_map(|line| line["number"].as_u64()).collect();
    assert_eq!(numbers, (0..1000).collect::<Vec<_>>());
    assert_eq!(pipe.0.0.lock().unwrap().writes, 2);
}

#[test]
fn lines_of_many_threads_do_not_mix() {
    let lines = written(LogLevel::Info, |log| {
        std::thread::scope(|scope| {
            for thread in 0..8_u64 {
                scope.spawn(move || (0..100).for_each(|_| log.info("line", &[("thread", thread.into())])));
            }
        });
    });
    assert_eq!(lines.len(), 800);
}

#[test]
fn a_writer_that_fails_ends_nothing() {
    struct Broken;
    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let log = Log::to(LogLevel::Info, Broken).unwrap();
    log.info("lost", &[]);
    assert!(log.close(Duration::from_secs(20)));
}

#[test]
fn the_thread_ends_with_the_last_user_of_the_log() {
    struct Ends(std::sync::mpsc::Sender<()>);
    impl Write for Ends {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    impl Drop for Ends {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }
    let (sender, ended) = std::sync::mpsc::channel();
    drop(Log::to(LogLevel::Info, Ends(sender)).unwrap());
    ended.recv_timeout(Duration::from_secs(20)).unwrap();
}

#[test]
fn warnings_of_the_libraries_are_in_the_log_and_those_of_others_are_not() {
    let emit = |log: &Log| {
        let subscriber = tracing_subscriber::registry().with(log.events());
        ::tracing::subscriber::with_default(subscriber, || {
            ::tracing::warn!(target: "registry::store", count = 3, text = "a\nb", time = "t", "the registry {}", "failed");
            ::tracing::error!(target: "notation", "an error");
            ::tracing::info!(target: "registry::store", "resolved");
            ::tracing::error!(target: "kube_client::client", header = "hunter2", "failed with status 500");
            ::tracing::error!(target: "registry_evil", "x");
        });
    };
    let lines = written(LogLevel::Info, emit);
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(lines[0]["message"] == "the registry failed" && lines[0]["level"] == "warn", "{}", lines[0]);
    assert!(lines[0]["count"] == 3 && lines[0]["text"] == "a\nb" && lines[0]["target"] == "registry::store");
    assert_eq!(lines[0]["time_"], "t");
    assert_eq!(written(LogLevel::Debug, emit).len(), 3);
    assert_eq!(written(LogLevel::Error, emit).len(), 1);
}

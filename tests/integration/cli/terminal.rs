//! What people see: results in a line, errors with what to do, wrapped text, and progress.

use registry::Layout;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::cli::Cli;
use crate::support::fault::{FaultServer, Reply};
use crate::support::local_signer::{LocalSigner, Profile};
use crate::support::process::{Finished, command, run};
use crate::support::terminal::{Shown, Terminal};

/// A signing service, the tool, and the images `signed` and `unsigned` in layouts of these names.
struct Fixture {
    _signer: LocalSigner,
    profile: Profile,
    cli: Cli,
    root: String,
}

impl Fixture {
    fn new() -> Fixture {
        let signer = LocalSigner::start();
        let profile = signer.put_profile("shown");
        let cli = Cli::for_signer(&signer);
        for name in ["signed", "unsigned", "other"] {
            let layout = Layout::create(cli.home().join(name)).unwrap();
            super::bad_input::put_image(&layout, "v1");
        }
        cli.run(&["sign", "oci:signed:v1", "--profile", &profile.arn, "-m", "build=7"]).succeeded();
        let root = signer.root_certificate().to_str().unwrap().to_owned();
        Fixture { _signer: signer, profile, cli, root }
    }

    fn verify<'a>(&'a self, names: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
        let trusted = ["--trusted-profile", &self.profile.arn, "--root", &self.root];
        [&["verify"], names, &trusted[..], more].concat()
    }

    #[track_caller]
    fn run(&self, arguments: &[&str], code: i32) -> Finished {
        self.cli.run(arguments).exits_with(code)
    }

    /// Runs the command in a terminal of 80 columns.
    #[track_caller]
    fn show(&self, arguments: &[&str], code: i32) -> Shown {
        let shown = Terminal::start(&mut self.cli.command(arguments), 80).finish();
        assert_eq!(shown.code, Some(code), "{}", shown.text);
        shown
    }

    /// The image in this layout, by its digest.
    fn pinned(&self, name: &str) -> String {
        let results = self.cli.json("list", &["list", &format!("oci:{name}:v1")], 0);
        results["artifact"].as_str().unwrap().to_owned()
    }
}

/// Checks that no line is longer than the terminal, except for single words and the names of artifacts.
#[track_caller]
fn is_wrapped(lines: &[String]) {
    for line in lines.iter().filter(|line| line.chars().count() > 80) {
        let longest = line.split_whitespace().map(|word| word.chars().count()).max().unwrap();
        // Also the branches of a tree.
        let indent = line.chars().take_while(|c| !c.is_alphanumeric()).count() + 2;
        let is_name = ["verified", "refused", "signed"].iter().any(|word| line.ends_with(word));
        assert!(longest + indent > 80 || is_name || line.contains(" copied "), "{line}\n{lines:#?}");
    }
}

#[test]
fn a_verified_image_takes_one_line() {
    let fixture = Fixture::new();
    let shown = fixture.run(&fixture.verify(&["oci:signed:v1"], &[]), 0);
    let pinned = fixture.pinned("signed");
    assert_eq!((shown.stdout.as_str(), shown.stderr.as_str()), (format!("{pinned} verified\n").as_str(), ""));
    let quiet = fixture.run(&fixture.verify(&["oci:signed:v1", "oci:signed:v1"], &["--quiet"]), 0);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
    let verbose = fixture.run(&fixture.verify(&["oci:signed:v1"], &["-v"]), 0);
    assert!(verbose.stdout.starts_with(&format!("{pinned} verified\n  signature sha256:")), "{verbose}");
    for name in ["integrity", "authenticity", "expiry", "authenticTimestamp", "revocation"] {
        assert!(verbose.stdout.contains(&format!("    ok      {name} ")), "{name}: {verbose}");
    }
    // The line above has the whole digest.
    let digest = pinned.rsplit('@').next().unwrap();
    let short = format!("covers {}…{}\n", &digest[..11], &digest[digest.len() - 4..]);
    assert!(verbose.stdout.contains("metadata  build=7") && verbose.stdout.contains(&short), "{verbose}");
    assert_eq!(verbose.stdout.matches(digest).count(), 1, "{verbose}");
}

#[test]
fn a_refused_image_is_an_error_in_every_format() {
    let fixture = Fixture::new();
    let pinned = fixture.pinned("unsigned");
    let expected = format!("error: {pinned} refused: there is no signature\n  -> Sign the artifact with ");
    for (more, stdout_is_empty) in [(&[][..], true), (&["--quiet"], true), (&["-o", "json"], false), (&["-v"], true)] {
        let refused = fixture.run(&fixture.verify(&["oci:unsigned:v1"], more), 1);
        assert!(refused.stderr.contains(&expected), "{refused}");
        assert_eq!(refused.stdout.is_empty(), stdout_is_empty, "{refused}");
    }
    // By default AWS's roots are trusted.
    let untrusted = fixture.run(&["verify", "oci:signed:v1", "--trusted-profile", &fixture.profile.arn], 1);
    let (pinned, lines) = (fixture.pinned("signed"), untrusted.stderr.lines().collect::<Vec<_>>());
    assert_eq!(lines[0], format!("error: {pinned} refused"));
    assert!(lines[1].starts_with("  failed  authenticity "), "{untrusted}");
    assert!(lines[2].starts_with("  -> To trust signatures under ") && lines.len() == 3, "{untrusted}");
}

#[test]
fn commands_that_fail_say_why_on_standard_error() {
    let fixture = Fixture::new();
    let stores = super::image_stores::ImageStores::layout();
    stores.images[0].put_envelope(b"no envelope");
    let broken = fixture.cli.home().join("config/notation/truststore/x509/ca/broken");
    std::fs::create_dir_all(&broken).unwrap();
    std::fs::write(broken.join("root.pem"), "no certificate").unwrap();
    for (arguments, code) in [
        (&["inspect", &stores.images[0].reference][..], 1),
        (&["trust", "list"], 2),
        (&["policy", "check"], 2),
        (&["setup", "--check", "--offline"], 2),
    ] {
        for more in [&[][..], &["--quiet"], &["-o", "json"]] {
            let failed = fixture.run(&[arguments, more].concat(), code);
            assert!(failed.stderr.contains("error: ") && failed.stdout.is_empty() == (more == ["--quiet"]), "{failed}");
        }
        // On a terminal, the text itself says it.
        let shown = fixture.show(arguments, code);
        assert!(!shown.text.contains("error:"), "{}", shown.text);
    }
}

#[test]
fn signatures_that_fail_in_the_same_way_share_the_reason() {
    let fixture = Fixture::new();
    fixture.run(&["sign", "oci:signed:v1", "--profile", &fixture.profile.arn], 0);
    let refused = fixture.run(&["verify", "oci:signed:v1", "--trusted-profile", &fixture.profile.arn], 1);
    let starts = [
        "error: ",
        "  signature sha256:",
        "  signature sha256:",
        "  both signatures for this reason:",
        "    failed  authenticity ",
        "  -> ",
    ];
    let lines: Vec<_> = refused.stderr.lines().collect();
    assert!(
        lines.len() == starts.len() && lines.iter().zip(starts).all(|(line, start)| line.starts_with(start)),
        "{refused}"
    );
}

#[test]
fn several_images_end_with_a_summary_and_advice_is_given_once() {
    let fixture = Fixture::new();
    let names = ["oci:unsigned:v1", "oci:signed:v1", "oci:other:v1", "oci:nowhere:v1"];
    let expected = "1 verified, 2 refused: oci:unsigned:v1, oci:other:v1; 1 misconfigured: oci:nowhere:v1";
    for more in [&[][..], &["--quiet"], &["-o", "json"]] {
        let several = fixture.run(&fixture.verify(&names, more), 1);
        assert_eq!(several.stderr.lines().last(), Some(expected), "{several}");
        assert_eq!(several.stderr.matches("refused: there is no signature").count(), 2, "{several}");
        assert_eq!(several.stderr.matches("-> Sign the artifact").count(), 1, "{several}");
    }
    let good = fixture.run(&fixture.verify(&["oci:signed:v1"; 3], &[]), 0);
    assert_eq!(good.stderr, "3 verified\n");
    let sign = ["sign", "oci:unsigned:v1", "oci:nowhere:v1", "oci:other:v1", "--profile", &fixture.profile.arn];
    let signed = fixture.run(&sign, 2);
    assert_eq!(signed.stderr.lines().last(), Some("2 signed, 1 not signed: oci:nowhere:v1"), "{signed}");
}

#[test]
fn manifests_of_an_index_are_named_by_digest_in_the_summary() {
    let fixture = Fixture::new();
    let stores = super::image_stores::ImageStores::layout();
    let (index, _) = stores.images[0].put_index();
    let image = format!("{}@{}", index.strip_suffix(":multi").unwrap(), stores.images[0].image.digest);
    fixture.run(&["sign", &index, "--profile", &fixture.profile.arn], 0);
    let refused = fixture.run(&fixture.verify(&[&index], &["--recursive"]), 1);
    assert_eq!(refused.stderr.lines().last().unwrap(), format!("1 verified, 1 refused: {image}"), "{refused}");
}

#[test]
fn list_is_a_table_with_signer_time_and_expiry() {
    let fixture = Fixture::new();
    let results = fixture.cli.json("list", &["list", "oci:signed:v1"], 0);
    let signature = &results["signatures"][0];
    let text = |name: &str| signature[name].as_str().unwrap();
    assert_eq!((text("profile"), &signature["userMetadata"]["build"]), (&*fixture.profile.arn, &Value::from("7")));
    let row = ["digest", "profile", "signingTime", "expiry"].map(text).join("  ");
    let piped = fixture.run(&["list", "oci:signed:v1"], 0).stdout;
    let lines: Vec<_> = piped.lines().collect();
    assert_eq!((lines[0], lines[2], lines.len()), (&*fixture.pinned("signed"), &*row, 3), "{piped}");
    assert_eq!(lines[1].split_whitespace().collect::<Vec<_>>(), ["SIGNATURE", "SIGNER", "SIGNED", "AT", "EXPIRES"]);
    // In a narrow terminal a row takes several lines, and no cell is cut.
    let shown = fixture.show(&["list", "oci:signed:v1"], 0).lines();
    is_wrapped(&shown);
    let rest =
        [text("profile"), &format!("{}  {}", text("signingTime"), text("expiry"))].map(|cell| format!("  {cell}"));
    assert_eq!(shown[4..7], [text("digest").to_owned(), rest[0].clone(), rest[1].clone()], "{shown:#?}");
}

#[test]
fn list_says_which_signatures_cannot_be_read() {
    let fixture = Fixture::new();
    let stores = super::image_stores::ImageStores::layout();
    stores.images[0].put_envelope(b"\x1b[2J no envelope");
    let reference = stores.images[0].reference.as_str();
    // As before, an envelope is listed whatever it holds.
    let listed = fixture.run(&["list", reference], 0);
    let [.., row] = listed.stdout.lines().collect::<Vec<_>>()[..] else { panic!("{listed}") };
    assert!(row.starts_with("sha256:") && row.ends_with("  invalid"), "{listed}");
    assert!(listed.stderr.starts_with(&format!("warning: {}: ", &row[..71])), "{listed}");
    let results = fixture.cli.json("list", &["list", reference], 0);
    assert_eq!(results["signatures"][0]["integrity"]["error"]["code"], "integrity");
}

#[test]
fn text_is_wrapped_at_words_in_a_terminal_only() {
    let fixture = Fixture::new();
    let untrusted = ["verify", "oci:signed:v1", "--trusted-profile", &fixture.profile.arn];
    let piped = fixture.run(&untrusted, 1);
    assert_eq!(piped.stderr.lines().count(), 3, "{piped}");
    // A terminal that does not know its width has 80 columns, a wide one its own.
    for (columns, lines) in [(0, 7..12), (80, 7..12), (400, 4..5)] {
        let shown = Terminal::start(&mut fixture.cli.command(&untrusted), columns).finish();
        assert!(lines.contains(&shown.lines().len()), "{columns}: {:#?}", shown.lines());
    }
    for (arguments, code) in [
        (&["demo"][..], 0),
        (&untrusted, 1),
        (&["inspect", "oci:signed:v1", "--check-revocation"], 0),
        (&["sign", "oci:signed:v1", "--profile", &fixture.profile.arn, "-v"], 0),
        (&["copy", "oci:signed:v1", "oci:copied:v1", "-v"], 0),
        (&["verify", "oci:nowhere:v1"], 2),
        (&["trust", "add", "--type", "signingAuthority", "--store", "local", &fixture.root], 0),
        (&["trust", "list"], 0),
        (&["policy", "init", "--profile", &fixture.profile.arn], 0),
        (&["policy", "show"], 0),
        (&["policy", "check"], 2),
        (&["sign", "oci:signed:v1", "--profile", "arn:aws:signer:us-west-2:111122223333:/profiles/x"], 2),
    ] {
        is_wrapped(
            &fixture
                .show(arguments, code)
                .lines()
                .into_iter()
                .filter(|line| !line.contains("INFO"))
                .collect::<Vec<_>>(),
        );
    }
}

#[test]
fn the_demo_removes_its_folder_unless_asked_to_keep_it() {
    let home = tempfile::tempdir().unwrap();
    let demo = |more: &[&str]| {
        let mut demo = command(env!("CARGO_BIN_EXE_notation-aws-signer"), home.path());
        demo.arg("demo").args(more);
        demo
    };
    let folders = || {
        let entries = std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.to_str().unwrap().contains("-demo-")).collect::<Vec<_>>()
    };
    let limit = std::time::Duration::from_secs(60);
    run(&mut demo(&[]), limit).succeeded().says("--keep");
    assert_eq!(folders(), Vec::<std::path::PathBuf>::new());
    // Interrupted, as by Ctrl-C.
    let mut shown = Terminal::start(&mut demo(&[]), 80);
    shown.wait_for("Sign an image");
    kill_process(Pid::from_raw(shown.id().cast_signed()).unwrap(), Signal::INT).unwrap();
    let shown = shown.finish();
    assert!(shown.code.is_some(), "{}", shown.text);
    assert_eq!(folders(), Vec::<std::path::PathBuf>::new(), "{}", shown.text);
    let kept = run(&mut demo(&["--keep"]), limit).succeeded();
    let [folder] = &folders()[..] else { panic!("{kept}") };
    assert!(kept.stdout.contains(folder.to_str().unwrap()) && folder.join("layout/index.json").exists(), "{kept}");
}

#[test]
fn a_spinner_appears_after_a_second_of_waiting() {
    let fixture = Fixture::new();
    let server = FaultServer::start(|_| Reply::Hang("HTTP/1.1 200 OK\r\n"));
    let image = format!("{}/app:v1", server.address);
    for (command, what) in [
        (&["verify", &image, "--trusted-profile", &fixture.profile.arn][..], "verifying"),
        (&["sign", &image, "--profile", &fixture.profile.arn], "signing"),
        (&["list", &image], "listing the signatures of"),
        (&["inspect", &image], "inspecting the signatures of"),
        (&["copy", &image, "oci:copied"], "copying"),
        (&["revoke", "signature", &image, "--reason", "test"], "reading the signatures of"),
    ] {
        let mut terminal = Terminal::start(&mut fixture.cli.command(command), 80);
        terminal.wait_for(&format!("{what} {image}"));
    }
    // Not if it is faster, if it is not wanted, or beside a log.
    let quick = fixture.show(&fixture.verify(&["oci:signed:v1"], &[]), 0);
    assert!(!quick.text.contains("verifying"), "{}", quick.text);
    let patient = ["list", image.as_str(), "--registry-timeout", "2"];
    for more in ["--quiet", "-v"] {
        let shown = fixture.show(&[&patient[..], &[more]].concat(), 3);
        assert!(!shown.text.contains("listing"), "{}", shown.text);
    }
    // Only on a terminal.
    let piped = fixture.run(&patient, 3);
    assert!(!piped.stderr.contains("listing"), "{piped}");
}

#[test]
fn advice_about_missing_artifacts_is_given_once() {
    let fixture = Fixture::new();
    let server = FaultServer::start(|_| Reply::status(404));
    let images: Vec<String> = (0..3).map(|n| format!("{}/app:v{n}", server.address)).collect();
    let images: Vec<&str> = images.iter().map(String::as_str).collect();
    let missing = fixture.run(&fixture.verify(&images, &[]), 2);
    assert_eq!(missing.stderr.matches("404 Not Found\n").count(), 3, "{missing}");
    assert_eq!(missing.stderr.matches("Check the name and your permissions").count(), 1, "{missing}");
}

#[test]
fn a_retry_says_what_it_waits_for() {
    let fixture = Fixture::new();
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let server = FaultServer::start(move |_| match asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
        0 => Reply::Answer(429, vec![("Retry-After", "1".to_owned())], Vec::new()),
        1 | 2 => Reply::status(503),
        _ => Reply::status(404),
    });
    let (address, list) = (server.address, format!("{}/app:v1", server.address));
    let failed = fixture.run(&["list", &list], 2);
    for said in ["429 Too Many Requests", "trying again in 1 s", "503 Service Unavailable", "trying again in 0."] {
        let is_said = |line: &str| line.starts_with(&format!("waiting: {address}: ")) && line.contains(said);
        assert!(failed.stderr.lines().any(is_said), "{said}: {failed}");
    }
    let server = FaultServer::start(|_| Reply::status(503));
    std::fs::write(fixture.cli.home().join("file"), "content").unwrap();
    let endpoint = format!("http://{}", server.address);
    let sign = ["blob", "sign", "file", "--media-type", "a/b", "--profile", &fixture.profile.arn, "--endpoint-url"];
    let failed = fixture.run(&[&sign[..], &[&endpoint]].concat(), 3);
    let expected = format!("waiting: {}: HTTP status 503; trying again\n", server.address);
    // There are three retries, for the same reason.
    assert_eq!(failed.stderr.matches(&expected).count(), 1, "{failed}");
    let quiet = fixture.run(&[&sign[..], &[&endpoint, "--quiet"]].concat(), 3);
    assert!(!quiet.stderr.contains("waiting"), "{quiet}");
}

//! How the authority is reached, and where its answers and the signatures are shown.

use std::time::Instant;

use super::*;
use crate::support::fault::{FaultServer, Reply};
use crate::support::process::run;
use crate::support::terminal::Terminal;

/// The arguments of all commands that ask an authority, with this URL.
fn stamping(scene: &Scene, url: &str) -> [Vec<String>; 3] {
    let image = scene.image("image");
    scene.signed(&image, false);
    fs::write(scene.cli.home().join("app"), "app").unwrap();
    let options = ["--timestamp-url", url, "--timestamp-root", "tsa-root.pem"].map(str::to_owned);
    let own = |text: &[&str]| text.iter().map(|&word| word.to_owned()).chain(options.clone()).collect();
    let file = ["blob", "sign", "app", "--key", "key.pem", "--certificate-chain", "chain.pem"];
    [scene.sign(&image, &options.each_ref().map(String::as_str)), own(&file), own(&["timestamp", &image])]
}

#[test]
fn a_server_of_a_private_authority_is_trusted_by_the_systems_setting() {
    let scene = Scene::new(Kind::P256, Duration::days(2));
    let (server, authority) = FaultServer::start_tls(|_| Reply::status(418));
    fs::write(scene.cli.home().join("authority.pem"), authority).unwrap();
    for command in stamping(&scene, &format!("https://localhost:{}/tsa", server.address.port())) {
        let refused = scene.cli.run(&words(&command)).exits_with(2);
        refused.says("issued by an authority that is not trusted here").says("SSL_CERT_FILE");
        let trusting = run(scene.cli.command(&words(&command)).env("SSL_CERT_FILE", "authority.pem"), LIMIT);
        trusting.exits_with(2).says("HTTP status 418");
    }
}

#[test]
fn the_time_for_a_timestamp_has_an_option_of_its_own() {
    let scene = Scene::new(Kind::P256, Duration::days(2));
    scene.tsa.answer("/tsa", |_| Reply::Hang(""));
    for command in stamping(&scene, &scene.tsa.url()) {
        let limited: Vec<String> =
            command.iter().cloned().chain(["--timestamp-timeout", "0.5"].map(str::to_owned)).collect();
        let began = Instant::now();
        let ended = scene.cli.run(&words(&limited)).exits_with(3);
        ended.says("did not answer within 0.5 s").says("allow more time with --timestamp-timeout");
        assert!(began.elapsed() < StdDuration::from_secs(8), "{:?}", began.elapsed());
        let wrong: Vec<String> = command.into_iter().chain(["--timestamp-timeout", "0"].map(str::to_owned)).collect();
        scene.cli.run(&words(&wrong)).exits_with(2).says("from 0.1 to 600");
    }
    let alone = ["blob", "sign", "app", "--key", "k", "--certificate-chain", "c", "--timestamp-timeout", "5"];
    scene.cli.run(&alone).exits_with(2).says("--timestamp-url");
}

#[test]
fn timestamped_signatures_are_on_lines_of_their_own() {
    let scene = Scene::new(Kind::P256, Duration::days(2));
    let [.., stamp] = stamping(&scene, &scene.tsa.url());
    let shown = Terminal::start(&mut scene.cli.command(&words(&stamp)), 80).finish();
    assert_eq!(shown.code, Some(0), "{}", shown.text);
    let lines = shown.lines();
    let start = lines.iter().position(|line| line.contains("image@sha256:")).unwrap();
    assert!(!lines[start].contains(' '), "{lines:#?}");
    assert!(lines[start + 1].starts_with("  sha256:") && !lines[start + 1].contains("stamped"), "{lines:#?}");
    assert_eq!(lines[start + 2], "    timestamped");
}

#[test]
fn binary_signatures_are_not_written_to_a_terminal() {
    let scene = Scene::new(Kind::P256, Duration::days(2));
    let image = scene.image("image");
    fs::write(scene.cli.home().join("app"), "app").unwrap();
    let file = ["blob", "sign", "app", "--key", "key.pem", "--certificate-chain", "chain.pem", "--signature", "-"];
    for jws in [scene.sign(&image, &["--detach", "-"]), file.map(str::to_owned).to_vec()] {
        let show = |arguments: &[String]| Terminal::start(&mut scene.cli.command(&words(arguments)), 80).finish();
        let shown = show(&jws);
        assert!(shown.code == Some(0) && shown.text.contains("\"signature\""), "{}", shown.text);
        let cose: Vec<String> = jws.into_iter().chain(["--signature-format", "cose"].map(str::to_owned)).collect();
        let refused = show(&cose);
        assert_eq!(refused.code, Some(2), "{}", refused.text);
        assert!(refused.text.contains("the signature is binary"), "{}", refused.text);
        let written = run(scene.cli.command(&words(&cose)).env("LC_ALL", "C"), LIMIT);
        assert!(written.is_success());
    }
}

#[test]
fn a_signature_file_that_cannot_be_read_is_named_in_the_usual_words() {
    let scene = Scene::new(Kind::P256, Duration::days(2));
    let image = scene.image("image");
    fs::write(scene.cli.home().join("app"), "app").unwrap();
    fs::create_dir(scene.cli.home().join("folder")).unwrap();
    let trusted = ["--trusted-profile", "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Prod"];
    for command in [vec!["attach", &image], [&["blob", "verify", "app"][..], &trusted].concat()] {
        for (name, says) in
            [("folder", "folder is a folder; it must be a regular file"), ("missing", "missing does not exist")]
        {
            let refused = scene.cli.run(&[&command[..], &["--signature", name]].concat()).exits_with(2).says(says);
            assert!(refused.stderr.starts_with("error: --signature: "), "{refused}");
        }
    }
    // The key has the same words.
    let sign = ["sign", &image, "--key", "folder", "--certificate-chain", "chain.pem"];
    scene.cli.run(&sign).exits_with(2).says("folder is a folder; it must be a regular file");
}

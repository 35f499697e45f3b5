//! Which programs run as plugins, and how they are stopped.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use notary::envelope::header::{VERIFICATION_PLUGIN, VERIFICATION_PLUGIN_MIN_VERSION};
use notary::{Advice, Disposition, ReasonCode};
use notation::verify::ValidationType::{Authenticity, Integrity};
use notation::verify::{Conclusion, Limits, Reason};
use serde_json::json;

use super::fixture::{Fixture, NAME, both, good, refusal, strict};
use crate::support::own_key::{OwnKey, add_critical};
use crate::support::test_env::verifier;

#[tokio::test(flavor = "multi_thread")]
async fn kills_a_hanging_plugin_and_its_children() {
    let fixture = Fixture::new().await;
    let limits = Limits { time: Duration::from_millis(700), ..Limits::default() };
    let verifier = fixture.verifier().with_limits(limits);
    let child = fixture.folder.join("child");
    for answer in [
        format!("sleep 600 & echo $! >{}; wait", child.display()),
        // The plugin exits, but a child process keeps its output open.
        format!("sleep 600 & echo $! >{}; {}", child.display(), good(|_| ())),
    ] {
        fixture.install(&both(), &answer);
        let verdict = fixture.verify_by(&strict(), &verifier).await;
        let (_, reason) = refusal(&verdict);
        assert!(matches!(&reason, Reason::Plugin { name, .. } if name == NAME), "{reason:?}");
        assert_eq!(reason.code(), ReasonCode::Deadline, "{reason:?}");
        assert_eq!(verdict.conclusion(), Conclusion::NotVerified(Disposition::Undetermined));
        let child = std::fs::read_to_string(&child).unwrap();
        while is_running(child.trim()) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Whether the process exists and is not a zombie.
fn is_running(process: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    status.rsplit(") ").next().is_some_and(|state| !state.is_empty() && !state.starts_with('Z'))
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_plugins_only_from_regular_files_with_safe_permissions() {
    let fixture = Fixture::new().await;
    let refused = async |why: &str| {
        let (check, reason) = refusal(&fixture.verify(&strict()).await);
        // The sentence is the only place that says what is wrong with the file.
        assert!(check == Integrity && reason.to_string().contains(why), "{why}: {reason}");
        assert!(!fixture.program().with_extension("judge.request").exists(), "{why}");
    };
    refused("does not exist").await;
    let advice = fixture.verify(&strict()).await.advice();
    let path = fixture.program().display().to_string();
    assert_eq!(advice, Some(Advice::InstallPlugin { name: NAME.to_owned(), path }));
    fixture.install(&both(), &good(|_| ()));
    let mode = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    let program = fixture.program();
    for (path, wrong, right, why) in [
        (program.as_path(), 0o757, 0o755, "other users may write"),
        (&program, 0o644, 0o755, "not executable"),
        (program.parent().unwrap(), 0o777, 0o755, "other users may write"),
        (&fixture.folder, 0o777, 0o755, "other users may write"),
    ] {
        mode(path, wrong);
        refused(why).await;
        mode(path, right);
    }
    let real = fixture.folder.join("real");
    std::fs::rename(&program, &real).unwrap();
    std::os::unix::fs::symlink(&real, &program).unwrap();
    refused("a symbolic link").await;
    std::fs::remove_file(&program).unwrap();
    std::fs::create_dir(&program).unwrap();
    refused("a folder").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs notation and olareg: scripts/test"]
async fn rejects_malformed_plugin_names_and_versions() {
    for name in ["../evil", "..", "a/b", ".hidden", "-x", "a b", "é"] {
        let fixture = Fixture::with(|protected| protected[VERIFICATION_PLUGIN] = json!(name)).await;
        let (check, reason) = refusal(&fixture.verify(&strict()).await);
        assert!(check == Integrity && matches!(reason, Reason::InvalidPlugin { .. }), "{name}: {reason:?}");
    }
    let fixture = Fixture::with(|protected| add_critical(protected, VERIFICATION_PLUGIN_MIN_VERSION, "newest"))
        .await
        .with_notation();
    fixture.install(&both(), &good(|_| ()));
    let (check, reason) = refusal(&fixture.verify(&strict()).await);
    assert!(check == Integrity && matches!(reason, Reason::InvalidPlugin { .. }), "{reason:?}");
    assert!(!fixture.notation_accepts(&strict()));
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_no_plugin_without_a_plugin_folder_or_for_an_untrusted_chain() {
    let fixture = Fixture::new().await;
    fixture.install("touch \"$0.run\"", "touch \"$0.run\"");
    let without = verifier(&fixture.env.config);
    let (check, reason) = refusal(&fixture.verify_by(&strict(), &without).await);
    assert_eq!((check, reason), (Integrity, Reason::NoPlugins { name: NAME.to_owned() }));
    fixture.env.put_trust_store("ca/own", &OwnKey::new(|_| ()).root());
    let (check, _) = refusal(&fixture.verify(&strict()).await);
    assert_eq!(check, Authenticity);
    assert!(!fixture.program().with_extension("judge.run").exists());
}

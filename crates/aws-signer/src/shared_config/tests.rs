//! Reading shared configuration as the AWS SDK for Go and the `aws` CLI read it, and naming what cannot be used.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
use super::*;

const KEYS: &str = "aws_access_key_id = AKID\naws_secret_access_key = secret\n";

fn named(name: &str) -> NamedProfile {
    NamedProfile { name: name.to_owned(), named_by: Some("AWS_PROFILE".to_owned()) }
}

fn plan(config: &str, credentials: &str, name: &str) -> Result<Option<Plan>, SharedConfigError> {
    SharedConfig::from_contents(config.as_bytes(), credentials.as_bytes()).plan(&named(name))
}

/// The access key id and the roles of a plan.
fn keys(plan: &Plan) -> (&str, Vec<&str>) {
    let Base::Keys { id, .. } = &plan.base else { panic!("{plan:?}") };
    (id, plan.roles.iter().map(|role| role.arn.as_str()).collect())
}

#[test]
fn reads_what_go_and_botocore_read() {
    for (config, credentials, name) in [
        ("", format!("[default]\n{KEYS}"), "default"),
        ("", "[default]\n    aws_access_key_id = AKID\n    aws_secret_access_key = secret\n".to_owned(), "default"),
        ("", "[default]\naws_access_key_id = AKID\n    aws_secret_access_key = secret\n".to_owned(), "default"),
        ("", format!("[default]\n{KEYS}\n[other]\nexport FOO\n[broken\na = b\n"), "default"),
        ("", format!("export FOO\nregion = x\n[default]\n{KEYS}"), "default"),
        ("", format!("[My Laptop]\n{KEYS}"), "My Laptop"),
        ("", format!("[ci] ; comment\r\n{}", KEYS.replace('\n', "\r\n")), "ci"),
        ("", "[ci]\nAWS_ACCESS_KEY_ID=AKID # mine\naws_secret_access_key=\"secret\"\n".to_owned(), "ci"),
        ("", format!("[ci]\n# \u{fffd}\n\n{KEYS}[ci]\nregion = us-west-2\n"), "ci"),
        (&format!("[profile My Laptop]\n{KEYS}"), String::new(), "My Laptop"),
        (&format!("[profile \"My Laptop\"]\n{KEYS}"), String::new(), "My Laptop"),
        (&format!("[profile\tci]\n{KEYS}"), String::new(), "ci"),
        (&format!("[profile default]\n{KEYS}[default]\naws_access_key_id = OTHER\n"), String::new(), "default"),
        ("[profile ci]\naws_access_key_id = OTHER\n", format!("[ci]\n{KEYS}"), "ci"),
    ] {
        let plan = plan(config, &credentials, name).unwrap().unwrap();
        let Base::Keys { id, secret, .. } = &plan.base else { panic!("{config}{credentials}") };
        assert_eq!((id.as_str(), secret.as_str()), ("AKID", "secret"), "{config}{credentials}");
    }
}

#[test]
fn names_file_line_and_reason_of_a_line_that_is_needed() {
    for (credentials, line) in [
        (format!("[ci]\n{KEYS}export FOO\n"), 4),
        (format!("[ci]\n{KEYS}= value\n"), 4),
        (format!("[ci]\nexport FOO\n{KEYS}"), 2),
    ] {
        let why = plan("", &credentials, "ci").unwrap_err();
        assert!(matches!(&why, SharedConfigError::Line { place, .. } if place.line == line), "{why}");
        assert!(why.to_string().starts_with(&format!("credentials line {line} in [ci]")), "{why}");
    }
    let bytes = [b"[ci]\naws_access_key_id = \xff\n", KEYS.as_bytes()].concat();
    let why = SharedConfig::from_contents(b"", &bytes).plan(&named("ci")).unwrap_err();
    assert!(matches!(&why, SharedConfigError::Line { place, .. } if place.line == 2), "{why}");
}

#[test]
fn names_a_byte_order_mark() {
    for mark in [b"\xef\xbb\xbf".as_slice(), b"\xff\xfe", b"\xfe\xff"] {
        let shared = SharedConfig::from_contents(b"", &[mark, b"[default]\n", KEYS.as_bytes()].concat());
        assert_eq!(shared.unusable_file(), Some(&SharedConfigError::ByteOrderMark("credentials".into())));
        let why = shared.plan(&named("default")).unwrap_err().to_string();
        assert!(why.contains("\"default\" (AWS_PROFILE) is not defined") && why.contains("byte order mark"), "{why}");
    }
}

#[test]
fn a_profile_that_is_not_defined_is_named_with_the_files() {
    let why = plan("[profile a]\n", "[b]\n", "c").unwrap_err().to_string();
    assert_eq!(why, "the AWS profile \"c\" (AWS_PROFILE) is not defined in config or credentials");
    for (config, credentials, hint) in [
        ("[c]\n", "", "in config line 1, [c] must be [profile c]"),
        ("", "\n[profile c]\n", "in credentials line 2, [profile c] must be [c]"),
        ("", "[c\n", "credentials line 1 cannot be read"),
    ] {
        let why = plan(config, credentials, "c").unwrap_err().to_string();
        assert!(why.contains(hint), "{why}");
    }
}

#[test]
fn default_needs_no_definition_unless_it_is_named() {
    let shared = SharedConfig::from_contents(b"[profile a]\n", b"");
    assert_eq!(shared.plan(&NamedProfile { name: "default".to_owned(), named_by: None }), Ok(None));
    assert!(matches!(shared.plan(&named("default")), Err(SharedConfigError::NotDefined { .. })));
}

#[test]
fn a_profile_about_credentials_that_has_none_is_unusable_also_if_it_is_not_named() {
    let default = NamedProfile { name: "default".to_owned(), named_by: None };
    for (config, credentials, line) in [
        ("", "[default]\naws_session_token = t\n", 2),
        ("", "[default]\naws_security_token = t\n", 2),
        ("", "[default]\naws_access_key_id =\naws_secret_access_key =\n", 2),
        ("", "[default]\nregion = x\naws_secret_access_key = \"\"\n", 3),
        ("[default]\nregion = x\nsource_profile = b\n[profile b]\n", "[b]\n", 3),
        ("[default]\nrole_arn =\n", "", 2),
        ("[default]\ncredential_process =\n", "", 2),
        ("[default]\ncredential_source =\n", "", 2),
        ("[default]\nweb_identity_token_file =\n", "", 2),
        ("[default]\nlogin_session =\n", "", 2),
        ("[default]\nsso_account_id =\n", "", 2),
        ("[default]\nsso_session = for-tokens\n", "", 2),
        ("[default]\nsso_start_url = https://a.example/start\nsso_region = eu-west-1\n", "", 2),
        ("[default]\nexternal_id = x\n", "", 2),
        ("[default]\nmfa_serial = M\n", "", 2),
        // Empty keys in one file are not those of the other one.
        (&format!("[default]\n{KEYS}"), "[default]\naws_access_key_id =\naws_secret_access_key =\n", 2),
    ] {
        let shared = SharedConfig::from_contents(config.as_bytes(), credentials.as_bytes());
        for profile in [&default, &named("default")] {
            let why = shared.plan(profile).unwrap_err();
            let place = matches!(&why, SharedConfigError::Unusable { place, .. } if place.line == line);
            assert!(place, "{config}{credentials}: {why}");
        }
    }
    for config in ["region = x\n", "role_session_name = ci\nduration_seconds = 900\n"] {
        let shared = SharedConfig::from_contents(format!("[default]\n{config}").as_bytes(), b"");
        assert_eq!(shared.plan(&default), Ok(None), "{config}");
    }
}

#[test]
fn names_a_line_that_may_define_any_profile() {
    for (content, line) in [
        (format!("[default\n{KEYS}"), 1),
        (KEYS.to_owned(), 1),
        (format!("[a]\nregion = x\n[]\n{KEYS}"), 3),
        (format!("\nexport FOO\n[default]\nregion = x\n{KEYS}"), 2),
    ] {
        for shared in
            [SharedConfig::from_contents(content.as_bytes(), b""), SharedConfig::from_contents(b"", content.as_bytes())]
        {
            let stray = shared.stray_line();
            assert!(matches!(&stray, Some(SharedConfigError::Stray { place, .. }) if place.line == line), "{content}");
        }
    }
    let shared = SharedConfig::from_contents(b"", b"[a]\nregion = x\n[d\xff]\naws_session_token = t\n");
    assert!(matches!(shared.stray_line(), Some(SharedConfigError::Stray { place, .. }) if place.line == 3));
    assert_eq!(shared.plan(&named("a")), Ok(None), "the lines below a broken header belong to no other profile");
    let shared = SharedConfig::from_contents(b"[profile a]\nexport FOO\n", b"[b]\n= c\n");
    assert_eq!(shared.stray_line(), None);
    let nameless = SharedConfig::from_contents(b"", format!("[]\n{KEYS}").as_bytes());
    assert!(matches!(nameless.plan(&named("")), Err(SharedConfigError::NotDefined { .. })));
}

#[test]
fn keys_precede_other_sources_of_a_profile_as_in_the_sdk_for_go() {
    let keys_file = format!("[default]\n{KEYS}");
    for config in [
        "credential_process = /bin/login\n",
        "login_session = arn\n",
        "sso_account_id = 1\nsso_role_name = R\nsso_start_url = https://a.example\nsso_region = eu-west-1\n",
    ] {
        let config = format!("[default]\n{config}");
        assert_eq!(keys(&plan(&config, &keys_file, "default").unwrap().unwrap()), ("AKID", vec![]), "{config}");
        let both = format!("{config}{KEYS}");
        assert_eq!(keys(&plan(&both, "", "default").unwrap().unwrap()), ("AKID", vec![]), "{config}");
    }
    // With role_arn, the role is assumed with the keys.
    for config in ["", "web_identity_token_file = /t\n", "credential_source = Environment\n"] {
        let config = format!("[default]\nrole_arn = A\n{config}");
        assert_eq!(keys(&plan(&config, &keys_file, "default").unwrap().unwrap()), ("AKID", vec!["A"]), "{config}");
    }
    let config = "[default]\nrole_arn = A\ncredential_process = /bin/login\n";
    let process = plan(config, "", "default").unwrap().unwrap();
    assert!(matches!(process.base, Base::Process { .. }) && process.roles.len() == 1);
    let web = "[default]\nrole_arn = A\nweb_identity_token_file = /t\ncredential_process = /bin/login\n";
    assert!(matches!(plan(web, "", "default").unwrap().unwrap().base, Base::WebIdentity { .. }));
}

#[test]
fn a_pair_of_keys_is_not_put_together_from_two_files() {
    let config = format!("[profile a]\n{KEYS}");
    let why = plan(&config, "[a]\naws_access_key_id = OTHER\n", "a").unwrap_err();
    assert!(matches!(why, SharedConfigError::Unusable { .. }), "{why}");
    let other = format!("[a]\n{}", KEYS.replace("AKID", "OTHER"));
    assert_eq!(keys(&plan(&config, &other, "a").unwrap().unwrap()).0, "OTHER");
}

#[test]
fn a_profile_without_credentials_is_an_error_only_where_it_must_have_them() {
    let shared = SharedConfig::from_contents(b"[profile a]\nregion = us-west-2\n", b"");
    assert_eq!(shared.plan(&named("a")), Ok(None));
    let why = shared.plan_of(&named("a")).unwrap_err();
    assert!(matches!(&why, SharedConfigError::NoCredentials { place, .. } if place.line == 1), "{why}");
}

#[test]
fn follows_source_profiles() {
    let config = "[profile a]\nrole_arn = A\nsource_profile = b\nexternal_id = x\nduration_seconds = 900\n\
                  [profile b]\nrole_arn = B\nsource_profile = c\n";
    let plan = plan(config, &format!("[c]\nrole_arn = C\nsource_profile = a\n{KEYS}"), "a").unwrap().unwrap();
    assert_eq!(keys(&plan), ("AKID", vec!["B", "A"]));
    assert_eq!((plan.roles[1].external_id.as_deref(), plan.roles[1].duration), (Some("x"), Some(900)));
}

#[test]
fn a_profile_can_be_its_own_source() {
    let config = format!("[profile a]\nrole_arn = A\nsource_profile = a\n{KEYS}");
    assert_eq!(keys(&plan(&config, "", "a").unwrap().unwrap()), ("AKID", vec!["A"]));
}

#[test]
fn names_the_profile_that_cannot_be_used() {
    for (config, words) in [
        ("role_arn = A\nsource_profile = gone\n", ["\"gone\"", "source_profile in config line 3"]),
        ("role_arn = A\n", ["\"a\"", "neither source_profile nor"]),
        (
            "role_arn = A\nsource_profile = b\n[profile b]\nrole_arn = B\nsource_profile = a\n",
            ["\"a\"", "its own source"],
        ),
        ("role_arn = A\nsource_profile = b\n[profile b]\nregion = x\n", ["\"b\"", "no credentials"]),
        ("role_arn = A\nsource_profile = b\ncredential_source = Environment\n", ["\"a\"", "both"]),
        ("role_arn = A\ncredential_source = Moon\n", ["\"a\"", "EcsContainer"]),
        ("role_arn = A\nsource_profile = a\nmfa_serial = M\n", ["\"a\"", "mfa_serial"]),
        ("role_arn = A\nsource_profile = a\nduration_seconds = long\n", ["config line 4", "duration_seconds"]),
        ("web_identity_token_file = /t\n", ["\"a\"", "role_arn"]),
        ("aws_access_key_id = AKID\n", ["\"a\"", "no aws_secret_access_key"]),
        ("aws_secret_access_key = secret\n", ["\"a\"", "no aws_access_key_id"]),
        ("sso_account_id = 1\nsso_role_name = R\n", ["\"a\"", "no sso_start_url"]),
        ("sso_account_id = 1\nsso_session = s\n", ["\"a\"", "[sso-session s] is not defined"]),
        ("sso_session = s\n", ["\"a\"", "sso_account_id"]),
        ("login_session = arn\n", ["\"a\"", "aws login"]),
    ] {
        let why = plan(&format!("[profile a]\n{config}"), "", "a").unwrap_err().to_string();
        assert!(words.iter().all(|word| why.contains(word)), "{config}: {why}");
        assert!(!why.contains("secret\""), "{why}");
    }
}

#[test]
fn sso_may_repeat_what_its_session_says() {
    let session = "[sso-session s]\nsso_start_url = https://a.example/start\nsso_region = eu-west-1\n";
    let profile = "[profile a]\nsso_session = s\nsso_account_id = 1\nsso_role_name = R\n";
    for (more, is_valid) in [
        ("", true),
        ("sso_start_url = https://a.example/start\nsso_region = eu-west-1\n", true),
        ("sso_start_url = https://b.example/start\n", false),
        ("sso_region = eu-west-2\n", false),
    ] {
        let plan = plan(&format!("{session}{profile}{more}"), "", "a");
        match plan {
            Ok(Some(Plan { base: Base::Sso(login), .. })) => {
                assert!(is_valid, "{more}");
                assert_eq!((login.region.as_str(), login.session.as_deref()), ("eu-west-1", Some("s")));
            }
            other => assert!(!is_valid, "{more}: {other:?}"),
        }
    }
}

#[test]
fn keeps_the_lines_that_continue_a_command() {
    let config = "[profile a]\ncredential_process = /bin/login\n    --user=ci\n    more\nregion = us-west-2\n";
    let Some(Plan { base: Base::Process { command, .. }, .. }) = plan(config, "", "a").unwrap() else { panic!() };
    assert_eq!(command, "/bin/login\n--user=ci\nmore");
}

#[test]
fn a_command_gives_the_credentials_of_a_login() {
    let config = "[profile a]\nlogin_session = arn\ncredential_process = aws configure export-credentials\n";
    assert!(matches!(plan(config, "", "a"), Ok(Some(Plan { base: Base::Process { .. }, .. }))));
}

#[test]
fn finds_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().to_str().unwrap();
    let load =
        |variables: &[(&str, &str)]| SharedConfig::load(&variables.iter().copied().chain([("HOME", home)]).collect());
    assert_eq!(load(&[]).unusable_file(), None);
    let missing = folder.path().join("missing");
    let path = missing.to_str().unwrap();
    for variable in ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"] {
        let shared = load(&[(variable, path)]);
        assert_eq!(shared.unusable_file(), Some(&SharedConfigError::Missing { variable, path: missing.clone() }));
        let unreadable = load(&[(variable, home)]);
        let Some(SharedConfigError::Unreadable { variable: named_by, path, .. }) = unreadable.unusable_file() else {
            panic!("{:?}", unreadable.unusable_file())
        };
        assert_eq!((*named_by, path.as_path()), (Some(variable), folder.path()));
    }
    std::fs::create_dir(folder.path().join(".aws")).unwrap();
    std::fs::write(folder.path().join(".aws/credentials"), format!("[default]\n{KEYS}")).unwrap();
    assert!(load(&[]).plan(&named("default")).unwrap().is_some());
    std::fs::write(&missing, format!("[other]\n{KEYS}")).unwrap();
    assert!(load(&[("AWS_SHARED_CREDENTIALS_FILE", "~/missing")]).plan(&named("other")).unwrap().is_some());
}

#[test]
fn debug_shows_no_secrets() {
    let shared =
        SharedConfig::from_contents(b"", format!("[a]\n{KEYS}[b]\ncredential_process = x --secret\n").as_bytes());
    for name in ["a", "b"] {
        let plan = shared.plan(&named(name)).unwrap();
        let shown = format!("{shared:?} {plan:?} {:?}", shared.profile(name));
        assert!(!shown.contains("= secret") && !shown.contains("\"secret\"") && !shown.contains("--secret"), "{shown}");
    }
}

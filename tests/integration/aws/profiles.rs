//! A profile that is named is used, or it is an error that names it.

use super::*;

/// Asserts that no other identity signs in the place of a profile.
#[track_caller]
fn no_other_identity(world: World, words: &[&str]) {
    let instance = metadata(Vec::new());
    let checked = world.on_instance(&instance).run();
    checked.was_not_made(words);
    assert_eq!(instance.connections(), 0, "the machine was asked for its role");
}

#[test]
fn a_named_profile_that_cannot_be_used_is_named_and_not_replaced() {
    for (config, name, words) in [
        (format!("[profile ci]\n{KEYS}"), "ci-typo", ["\"ci-typo\"", ".aws/config"]),
        (format!("[ci]\n{KEYS}"), "ci", ["\"ci\"", "[profile ci]"]),
        (format!("[profile x]\nrole_arn = {ROLE}\nsource_profile = gone\n"), "x", ["\"gone\"", ".aws/config line 3"]),
        ("[profile half]\nsso_account_id = 1\nsso_role_name = R\n".to_owned(), "half", ["\"half\"", "sso_start_url"]),
        ("[profile half]\naws_access_key_id = AKIAFILE\n".to_owned(), "half", ["\"half\"", "aws_secret_access_key"]),
        (format!("[profile ci]\n{KEYS}stray\n"), "ci", [".aws/config line 4", "[profile ci]"]),
        ("[profile dev]\nlogin_session = arn\n".to_owned(), "dev", ["\"dev\"", "export-credentials --profile dev"]),
    ] {
        let world = || World::new().file(".aws/config", &config);
        no_other_identity(world().env("AWS_PROFILE", name), &words);
        no_other_identity(world().env("AWS_DEFAULT_PROFILE", name), &words);
        no_other_identity(world().setting("aws-profile", name), &words);
    }
}

#[test]
fn keys_in_the_environment_do_not_hide_a_misspelt_profile() {
    let world = World::new().env("AWS_ACCESS_KEY_ID", "AKIAENV").env("AWS_SECRET_ACCESS_KEY", "s");
    no_other_identity(world.env("AWS_PROFILE", "typo"), &["\"typo\" (AWS_PROFILE) is not defined"]);
}

#[test]
fn a_file_that_is_named_and_cannot_be_read_is_named() {
    for variable in ["AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"] {
        let missing = World::new().env(variable, "/nowhere/of/mine");
        no_other_identity(missing, &[variable, "/nowhere/of/mine", "does not exist"]);
        let world = World::new();
        let folder = world.path("");
        no_other_identity(world.env(variable, &folder), &[folder.to_str().unwrap(), "cannot be read"]);
        let named = World::new().env(variable, "/nowhere/of/mine").env("AWS_PROFILE", "ci");
        no_other_identity(named, &["\"ci\"", "/nowhere/of/mine"]);
    }
    let marked = World::new().file(".aws/credentials", format!("\u{feff}[default]\n{KEYS}"));
    no_other_identity(marked, &[".aws/credentials", "byte order mark"]);
}

#[test]
fn a_file_that_may_define_the_profile_and_cannot_be_read_is_named() {
    for content in [format!("[default\n{KEYS}"), KEYS.to_owned(), format!("[]\n{KEYS}"), "export FOO\n".to_owned()] {
        for file in [".aws/credentials", ".aws/config"] {
            no_other_identity(World::new().file(file, &content), &[file, "line 1 cannot be read"]);
            let container = World::new().file(file, &content);
            let container = container.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/");
            no_other_identity(container, &[file, "line 1 cannot be read"]);
        }
    }
    // Lines in the section of another profile are not those of this one.
    let instance = metadata(Vec::new());
    let other = World::new().file(".aws/credentials", "[other]\nexport FOO\n= a\n");
    other.on_instance(&instance).run().was_made_by(MACHINE);
}

#[test]
fn a_half_filled_profile_is_not_replaced_by_the_machine() {
    for (content, line) in [
        ("[default]\naws_session_token = t\n", 2),
        ("[default]\naws_access_key_id =\naws_secret_access_key =\n", 2),
        ("[default]\nsource_profile = other\n[other]\n", 2),
    ] {
        let place = format!(".aws/credentials line {line}");
        no_other_identity(World::new().file(".aws/credentials", content), &["\"default\"", &place]);
    }
    let named = World::new().file(".aws/credentials", "[x]\naws_session_token = t\n").env("AWS_PROFILE", "x");
    no_other_identity(named, &["\"x\" (AWS_PROFILE)", ".aws/credentials line 2", "aws_session_token"]);
}

#[test]
fn a_profile_with_a_region_only_leaves_the_credentials_to_the_machine() {
    let instance = metadata(Vec::new());
    let world = World::new().file(".aws/config", "[profile x]\nregion = us-west-2\n").env("AWS_PROFILE", "x");
    world.on_instance(&instance).run().was_made_by(MACHINE);
}

#[test]
fn keys_of_the_credentials_file_precede_a_command() {
    let world = World::new().file(".aws/credentials", format!("[default]\n{KEYS}"));
    world.file(".aws/config", "[default]\ncredential_process = false\n").run().was_made_by(FILE);
}

#[test]
fn variables_name_a_profile_in_the_order_of_the_sdks() {
    let config =
        format!("[profile ci]\n{KEYS}[profile other]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = s\n");
    let world = || World::new().file(".aws/config", &config);
    world().env("AWS_PROFILE", "ci").env("AWS_DEFAULT_PROFILE", "other").run().was_made_by(FILE);
    world().env("AWS_PROFILE", "").env("AWS_DEFAULT_PROFILE", "ci").run().was_made_by(FILE);
    world().setting("aws-profile", "ci").env("AWS_PROFILE", "other").run().was_made_by(FILE);
}

#[test]
fn a_profile_without_credentials_leaves_them_to_the_machine() {
    // As the aws CLI does: AWS_PROFILE also selects a region or an endpoint.
    let config = "[profile region]\nregion = us-west-2\n";
    let instance = metadata(Vec::new());
    let world = || World::new().file(".aws/config", config).on_instance(&instance);
    world().env("AWS_PROFILE", "region").run().was_made_by(MACHINE);
    // aws-profile names the credentials.
    world().setting("aws-profile", "region").run().was_not_made(&["\"region\"", "no credentials"]);
}

#[test]
fn a_role_is_assumed_with_its_source() {
    let config = format!(
        "[profile deploy]\nrole_arn = {ROLE}\nsource_profile = base\nexternal_id = x1\nduration_seconds = 900\n\
         role_session_name = me\n[profile base]\n{KEYS}"
    );
    let service = sts(None);
    let world = World::new().file(".aws/config", &config).env("AWS_PROFILE", "deploy");
    world.env("AWS_ENDPOINT_URL_STS", service.url()).run().was_made_by(ASSUMED);
    let requests = service.requests();
    assert_eq!((requests.len(), requests[0].credential()), (1, [FILE, "us-west-2", "sts"]));
    let value = |name| parameter(&requests[0], name);
    assert_eq!(value("RoleSessionName").as_deref(), Some("me"));
    assert_eq!((value("ExternalId"), value("DurationSeconds")), (Some("x1".to_owned()), Some("900".to_owned())));
}

#[test]
fn shared_files_are_read_as_other_tools_read_them() {
    for (content, name) in [
        ("[default]\n    aws_access_key_id = AKIAFILE\n    aws_secret_access_key = s\n".to_owned(), "default"),
        (format!("[default]\n{KEYS}[other]\nexport FOO\n"), "default"),
        (format!("[My Laptop]\n{KEYS}"), "My Laptop"),
    ] {
        let world = World::new().file(".aws/credentials", content);
        world.env("AWS_PROFILE", name).run().was_made_by(FILE);
    }
}

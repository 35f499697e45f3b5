//! Which hosts are called: regions, FIPS, dual stack, and endpoints of one's own.

use super::*;

/// The hosts that a proxy is asked for, which refuses to connect to them.
#[track_caller]
fn hosts(world: World) -> Vec<String> {
    let proxy = Service::answering(403, &[], b"");
    let checked = world.env("HTTPS_PROXY", proxy.url()).run();
    assert!(!checked.result().0);
    let mut hosts: Vec<String> = proxy.requests().into_iter().map(|request| request.target).collect();
    hosts.dedup();
    hosts
}

/// The same without an endpoint for AWS Signer.
fn without_endpoint() -> World {
    World::without_endpoint().setting("aws-signer-timeout", "10")
}

fn keys(world: World) -> World {
    world.env("AWS_ACCESS_KEY_ID", "AKIAENV").env("AWS_SECRET_ACCESS_KEY", "s")
}

#[test]
fn sts_is_asked_in_the_region_of_the_environment() {
    for (region, host) in [
        ("eu-west-1", "sts.eu-west-1.amazonaws.com:443"),
        ("cn-north-1", "sts.us-west-2.amazonaws.com:443"),
        ("", "sts.us-west-2.amazonaws.com:443"),
    ] {
        for variable in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
            assert_eq!(hosts(without_endpoint().web_identity("a.b.c").env(variable, region)), [host], "{region}");
        }
    }
    let config = format!("[profile a]\nregion = eu-west-1\nrole_arn = {ROLE}\nsource_profile = a\n{KEYS}");
    let world = without_endpoint().file(".aws/config", &config).env("AWS_PROFILE", "a");
    assert_eq!(hosts(world), ["sts.eu-west-1.amazonaws.com:443"]);
}

#[test]
fn fips_and_dual_stack_apply_to_every_service() {
    for (variable, key, sts, signer) in [
        (
            "AWS_USE_FIPS_ENDPOINT",
            "use_fips_endpoint",
            "sts-fips.us-west-2.amazonaws.com:443",
            "signer-fips.us-west-2.amazonaws.com:443",
        ),
        (
            "AWS_USE_DUALSTACK_ENDPOINT",
            "use_dualstack_endpoint",
            "sts.us-west-2.api.aws:443",
            "signer.us-west-2.api.aws:443",
        ),
    ] {
        for value in ["true", "TRUE"] {
            assert_eq!(hosts(without_endpoint().web_identity("a.b.c").env(variable, value)), [sts]);
        }
        let world = keys(without_endpoint()).file(".aws/config", format!("[default]\n{key} = true\n"));
        assert!(hosts(world)[0].ends_with(signer.trim_start_matches("signer")), "{signer}");
    }
}

#[test]
fn an_endpoint_of_ones_own_is_used_as_it_is() {
    for variable in ["AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"] {
        let service = sts(None);
        let world = World::new().env(variable, "true").env("AWS_ENDPOINT_URL_STS", service.url());
        world.web_identity("a.b.c").run().was_made_by(WEB_IDENTITY);
        let world = World::new().env(variable, "true");
        let url = world.signer.url();
        let world = keys(world).env("AWS_ENDPOINT_URL_SIGNER", "not a url").setting("aws-signer-endpoint-url", &url);
        world.run().was_made_by("AKIAENV");
    }
}

#[test]
fn a_switch_is_true_or_false() {
    for (variable, key) in
        [("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"), ("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint")]
    {
        for value in ["yes", "1", "on"] {
            keys(World::new()).env(variable, value).run().was_not_made(&[variable, value, "true or false"]);
            let world = keys(World::new()).file(".aws/config", format!("[default]\n{key} = {value}\n"));
            world.run().was_not_made(&[key, ".aws/config line 2", value]);
        }
        keys(World::new()).env(variable, "false").run().was_made_by("AKIAENV");
    }
}

#[test]
fn an_error_names_the_host_that_was_called() {
    let proxy = Service::answering(403, &[], b"");
    let checked = keys(without_endpoint()).env("HTTPS_PROXY", proxy.url()).run();
    let (_, reason) = checked.result();
    assert!(reason.contains("signer.us-west-2.amazonaws.com"), "{reason}");
    let silent = silent();
    let world = keys(World::new()).env("AWS_ENDPOINT_URL_SIGNER", silent.url());
    let (_, reason) = world.setting("aws-signer-timeout", "1").run().result();
    assert!(reason.contains(&silent.address().to_string()) && reason.contains("within 1 s"), "{reason}");
}

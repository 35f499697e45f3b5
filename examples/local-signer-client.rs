//! Calls the local signer with the AWS SDK: the Rust snippet of `docs/local-signer.md`.

// snippet
use std::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_config::BehaviorVersion;
use aws_sdk_signer::Client;
use aws_sdk_signer::primitives::{Blob, DateTime};
use aws_smithy_http_client::{Builder, tls};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::endpoint::EndpointPrefix;
use aws_smithy_runtime_api::client::interceptors::context::BeforeSerializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

const PLATFORM: &str = "Notation-OCI-SHA384-ECDSA";

/// Sends all operations to the endpoint as it is.
#[derive(Debug)]
struct WithoutHostPrefix;

#[dyn_dispatch_hint]
impl Intercept for WithoutHostPrefix {
    fn name(&self) -> &'static str {
        "WithoutHostPrefix"
    }

    fn read_before_serialization(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        settings: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        settings.interceptor_state().unset::<EndpointPrefix>();
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let http =
        Builder::new().tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc)).build_https();
    let settings = aws_config::defaults(BehaviorVersion::latest()).http_client(http).load().await;
    let settings = aws_sdk_signer::config::Builder::from(&settings).interceptor(WithoutHostPrefix).build();
    let signer = Client::from_conf(settings);

    let name = format!("rust_{}", SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos());
    let profile = signer.put_signing_profile().profile_name(&name).platform_id(PLATFORM).send().await?;
    let signed = signer
        .sign_payload()
        .profile_name(&name)
        .payload(Blob::new(br#"{"targetArtifact":{}}"#))
        .payload_format("application/vnd.cncf.notary.payload.v1+json")
        .send()
        .await?;
    let (job, arn) = (signed.job_id().unwrap_or_default(), profile.arn().unwrap_or_default());
    println!("signed by job {job}");

    let status = signer
        .get_revocation_status()
        .signature_timestamp(DateTime::from(SystemTime::now()))
        .platform_id(PLATFORM)
        .profile_version_arn(profile.profile_version_arn().unwrap_or_default())
        .job_arn(arn.replace(&format!("signing-profiles/{name}"), &format!("signing-jobs/{job}")))
        .certificate_hashes("ab".repeat(96));
    println!("revoked: {}", status.clone().send().await?.revoked_entities().len());
    signer.revoke_signature().job_id(job).reason("a test").send().await?;
    println!("revoked: {}", status.send().await?.revoked_entities().len());
    Ok(())
}

//! Failures to retry that the AWS SDK does not retry, and who is told of retries.

use aws_sdk_signer::config::Intercept;
use aws_sdk_signer::config::interceptors::{BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use limits::{Wait, Waits};

use super::failure::error_chain;

/// HTTP status 429 with any body. The SDK looks at AWS's error codes, which gateways and proxies do not send.
#[derive(Debug)]
pub struct TooManyRequests;

impl ClassifyRetry for TooManyRequests {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.response() {
            Some(response) if response.status().as_u16() == 429 => RetryAction::throttling_error(),
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "TooManyRequests"
    }
}

/// Tells of each attempt after the first. The SDK does not say how long it waits between them: less than two seconds.
#[derive(Debug)]
pub struct Repeats(pub Waits);

/// The host of the request.
#[derive(Debug)]
struct Host(String);

/// Why the last attempt failed.
#[derive(Debug)]
struct LastFailure(Wait);

impl Storable for Host {
    type Storer = StoreReplace<Self>;
}

impl Storable for LastFailure {
    type Storer = StoreReplace<Self>;
}

impl Intercept for Repeats {
    fn name(&self) -> &'static str {
        "Repeats"
    }

    fn read_before_attempt(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(LastFailure(wait)) = bag.load::<LastFailure>() {
            self.0.begin(wait);
        }
        Ok(())
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let host = context.request().uri().split('/').nth(2).unwrap_or_default().to_owned();
        bag.interceptor_state().store_put(Host(host));
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let mut is_throttled = false;
        let why = match (context.response(), context.output_or_error()) {
            (Some(response), _) if response.status().is_success() => return Ok(()),
            (Some(response), _) => {
                let status = response.status().as_u16();
                let error = response.headers().get("x-amzn-errortype");
                let error = error.map(|error| format!(" {}", error.split([':', '#']).next().unwrap_or(error)));
                is_throttled = status == 429 || error.as_deref().is_some_and(|error| error.contains("Throttl"));
                format!("HTTP status {status}{}", error.unwrap_or_default())
            }
            (None, Some(Err(why))) => match why.as_connector_error() {
                Some(why) => error_chain(why),
                None => return Ok(()),
            },
            (None, _) => return Ok(()),
        };
        let host = bag.load::<Host>().map(|Host(host)| host.clone()).unwrap_or_default();
        bag.interceptor_state().store_put(LastFailure(Wait { host, why, is_throttled, time: None }));
        Ok(())
    }
}

//! Reading and writing objects.

use std::collections::HashMap;
use std::path::Path;

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_names::Region;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{RequestChecksumCalculation, ResponseChecksumValidation};
use aws_signer::Failure;
use aws_signer::sdk::{
    Answers, AwsSettings, BoundedHttpClient, CredentialsSources, Journal, Peer, TooManyRequests, watched,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use limits::Deadline;
use notary::text::innermost_cause;
use tokio::fs::File;
use tokio::io::{AsyncSeekExt as _, AsyncWriteExt as _};
use tokio::sync::{Mutex, OnceCell};

use crate::error::S3Error;

/// How often reading is begun anew after the connection broke in the middle of an object.
const ATTEMPTS: u32 = 3;

/// Clients for S3, one for each region, created on first use.
#[derive(Debug, Default)]
pub struct S3 {
    http: BoundedHttpClient,
    settings: OnceCell<AwsSettings>,
    clients: Mutex<HashMap<Region, (Client, Journal)>>,
}

/// A bucket in a region.
#[derive(Debug, Clone, Copy)]
pub struct Bucket<'a> {
    /// Its name.
    pub name: &'a str,
    /// The region that it must be in.
    pub region: &'a Region,
}

/// A version of an object.
#[derive(Debug, Clone, Copy)]
pub struct Object<'a> {
    /// The bucket.
    pub bucket: Bucket<'a>,
    /// The key.
    pub key: &'a str,
    /// The id of the version; `null` is one from before versioning or while it is suspended.
    pub version: &'a str,
}

/// Whether an object was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It was.
    Now,
    /// It was there already, and is unchanged.
    Already,
}

/// Whether a bucket keeps versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Versioning {
    /// It does, or did so: its objects have versions.
    Kept,
    /// The answer of the service is not understood: moto's has another name than S3's.
    Unknown,
}

impl S3 {
    /// Creates the clients of this process. The configuration is read on first use.
    #[must_use]
    pub fn of_process() -> Self {
        Self::default()
    }

    /// Creates clients with this configuration.
    #[must_use]
    pub fn new(settings: AwsSettings) -> Self {
        Self { settings: OnceCell::new_with(Some(settings)), ..Self::default() }
    }

    async fn client(&self, bucket: Bucket<'_>) -> Result<(Client, Journal), S3Error> {
        let mut clients = self.clients.lock().await;
        if let Some(known) = clients.get(bucket.region) {
            return Ok(known.clone());
        }
        let settings = self.settings.get_or_init(|| async { AwsSettings::load(None) }).await;
        settings.trust_bundle(&self.http);
        let journal = Journal::default();
        let http = watched(self.http.answering(Answers::Streamed), &journal, Peer::Service);
        let client = settings.client("S3", bucket.region.as_str(), http);
        let client = client.map_err(|why| failed("reading the configuration", bucket, Failure::Configuration(why)))?;
        let endpoint = client.endpoint().map(str::to_owned);
        let sources =
            CredentialsSources::new(settings.clone(), bucket.region.clone(), &self.http, journal.clone(), None, None);
        let shared = client.into_builder().credentials_provider(SharedCredentialsProvider::new(sources)).build();
        let mut builder = aws_sdk_s3::config::Builder::from(&shared)
            .retry_classifier(TooManyRequests)
            // Services like S3 often do not know the newer checksums.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            // The name of a bucket before `localhost` or `minio` is no host.
            .force_path_style(endpoint.is_some());
        builder.set_endpoint_url(endpoint);
        let client = (Client::from_conf(builder.build()), journal);
        clients.insert(bucket.region.clone(), client.clone());
        Ok(client)
    }

    /// Checks that a bucket exists in its region.
    ///
    /// # Errors
    /// Returns [`S3Error::NoBucket`] or [`S3Error::OtherRegion`] if it does not, and other errors if S3 does not
    /// answer.
    pub async fn check(&self, bucket: Bucket<'_>, deadline: Deadline) -> Result<(), S3Error> {
        let (client, journal) = within(deadline, "HeadBucket", bucket, self.client(bucket)).await?;
        let call = async { answered("HeadBucket", bucket, client.head_bucket().bucket(bucket.name).send().await) };
        let other_region = |found: Option<&str>| S3Error::OtherRegion {
            bucket: bucket.name.to_owned(),
            found: found.unwrap_or("another one").to_owned(),
            expected: bucket.region.to_string(),
        };
        match with_host(within(deadline, "HeadBucket", bucket, call).await, &journal) {
            Ok(answer) => match answer.bucket_region() {
                Some(region) if region != bucket.region.as_str() => Err(other_region(Some(region))),
                _ => Ok(()),
            },
            Err(why) if why.status() == Some(404) => Err(S3Error::NoBucket(bucket.name.to_owned())),
            Err(why) if why.status() == Some(301) => Err(other_region(None)),
            Err(why) => Err(why),
        }
    }

    /// Checks that a bucket keeps versions, or did so: then its objects have versions.
    ///
    /// # Errors
    /// Returns [`S3Error::NotVersioned`] if it does not.
    pub async fn check_versioning(&self, bucket: Bucket<'_>, deadline: Deadline) -> Result<Versioning, S3Error> {
        const OPERATION: &str = "GetBucketVersioning";
        let (client, journal) = within(deadline, OPERATION, bucket, self.client(bucket)).await?;
        let call =
            async { answered(OPERATION, bucket, client.get_bucket_versioning().bucket(bucket.name).send().await) };
        match with_host(within(deadline, OPERATION, bucket, call).await, &journal) {
            Ok(answer) if answer.status().is_some() => Ok(Versioning::Kept),
            Ok(_) => Err(S3Error::NotVersioned(bucket.name.to_owned())),
            Err(S3Error::Failed { failure, .. }) if matches!(*failure, Failure::Answer(_)) => Ok(Versioning::Unknown),
            Err(why) => Err(why),
        }
    }

    /// As [`Self::read`], from a bucket that must keep versions.
    ///
    /// # Errors
    /// Returns [`S3Error::NotVersioned`] if it does not, and otherwise as [`Self::read`].
    pub async fn read_version(
        &self,
        object: Object<'_>,
        most: u64,
        file: &mut File,
        deadline: Deadline,
    ) -> Result<u64, S3Error> {
        let versioning = self.check_versioning(object.bucket, deadline).await?;
        self.read_with(object, versioning, most, file, deadline).await
    }

    /// Reads a version of an object into an empty file, and returns its size in bytes.
    ///
    /// # Errors
    /// Returns [`S3Error::NoObject`] if it does not exist, [`S3Error::TooLarge`] if it has more than `most` bytes, and
    /// other errors if S3 does not answer in time.
    pub async fn read(
        &self,
        object: Object<'_>,
        most: u64,
        file: &mut File,
        deadline: Deadline,
    ) -> Result<u64, S3Error> {
        self.read_with(object, Versioning::Kept, most, file, deadline).await
    }

    async fn read_with(
        &self,
        object: Object<'_>,
        versioning: Versioning,
        most: u64,
        file: &mut File,
        deadline: Deadline,
    ) -> Result<u64, S3Error> {
        const OPERATION: &str = "GetObject";
        let bucket = object.bucket;
        let (client, journal) = within(deadline, OPERATION, bucket, self.client(bucket)).await?;
        for attempt in 1.. {
            file.rewind().await?;
            file.set_len(0).await?;
            let copied = with_host(
                within(deadline, OPERATION, bucket, copy(&client, object, versioning, most, file)).await,
                &journal,
            );
            match copied {
                Err(S3Error::Incomplete(_)) if attempt < ATTEMPTS => {}
                copied => return copied,
            }
        }
        unreachable!("the last attempt returns")
    }

    /// Writes a file as a new object. An object that has the key is not replaced.
    ///
    /// # Errors
    /// Returns [`S3Error`] if the bucket does not exist or S3 does not answer in time. The object may then have been
    /// written all the same.
    pub async fn write(
        &self,
        bucket: Bucket<'_>,
        key: &str,
        path: &Path,
        deadline: Deadline,
    ) -> Result<Written, S3Error> {
        const OPERATION: &str = "PutObject";
        let (client, journal) = within(deadline, OPERATION, bucket, self.client(bucket)).await?;
        let put = |only_new: bool| {
            let client = client.clone();
            async move {
                let body = ByteStream::read_from().path(path).build().await;
                let body = body.map_err(|why| S3Error::File(std::io::Error::other(innermost_cause(&why))))?;
                let put = client.put_object().bucket(bucket.name).key(key).body(body);
                let put = if only_new { put.if_none_match("*") } else { put };
                answered(OPERATION, bucket, put.send().await)
            }
        };
        let written = with_host(within(deadline, OPERATION, bucket, put(true)).await, &journal);
        match written {
            Ok(_) => Ok(Written::Now),
            // Precondition failed, or another request writes the same object.
            Err(why) if matches!(why.status(), Some(412 | 409)) => Ok(Written::Already),
            // The service does not know conditional writes.
            Err(why) if why.status() == Some(501) => {
                let head = async {
                    let head = client.head_object().bucket(bucket.name).key(key).send().await;
                    answered("HeadObject", bucket, head)
                };
                match within(deadline, "HeadObject", bucket, head).await {
                    Ok(_) => return Ok(Written::Already),
                    Err(why) if why.status() == Some(404) => {}
                    Err(why) => return Err(why),
                }
                with_host(within(deadline, OPERATION, bucket, put(false)).await, &journal).map(|_| Written::Now)
            }
            Err(why) if why.aws_code() == Some("NoSuchBucket") => Err(S3Error::NoBucket(bucket.name.to_owned())),
            Err(why) => Err(why),
        }
    }
}

async fn copy(
    client: &Client,
    object: Object<'_>,
    versioning: Versioning,
    most: u64,
    file: &mut File,
) -> Result<u64, S3Error> {
    let Object { bucket, key, version } = object;
    let get = client.get_object().bucket(bucket.name).key(key).version_id(version).send().await;
    let answer = answered("GetObject", bucket, get).map_err(|why| match why.aws_code() {
        Some("NoSuchBucket") => S3Error::NoBucket(bucket.name.to_owned()),
        // A version in another form than the service's ids is a bad request.
        Some("NoSuchKey" | "NoSuchVersion" | "InvalidArgument" | "MethodNotAllowed") => no_object(object),
        _ if why.status() == Some(404) => no_object(object),
        _ => why,
    })?;
    // An object of a bucket that never had versions has none.
    if versioning == Versioning::Unknown && answer.version_id().is_none() {
        return Err(S3Error::NotVersioned(bucket.name.to_owned()));
    }
    let stated = answer.content_length().and_then(|length| u64::try_from(length).ok());
    if let Some(size) = stated.filter(|size| *size > most) {
        return Err(S3Error::TooLarge { size, most });
    }
    let mut body = answer.body;
    let mut size = 0u64;
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|why| S3Error::Incomplete(innermost_cause(&why)))?;
        size += piece.len() as u64;
        if size > most {
            return Err(S3Error::TooLarge { size, most });
        }
        file.write_all(&piece).await?;
    }
    file.flush().await?;
    match stated {
        Some(stated) if stated != size => Err(S3Error::Incomplete(format!("{size} of {stated} bytes"))),
        _ => Ok(size),
    }
}

fn no_object(object: Object<'_>) -> S3Error {
    S3Error::NoObject {
        bucket: object.bucket.name.to_owned(),
        key: object.key.to_owned(),
        version: object.version.to_owned(),
    }
}

fn failed(operation: &'static str, bucket: Bucket<'_>, failure: Failure) -> S3Error {
    S3Error::Failed { operation, bucket: bucket.name.to_owned(), failure: Box::new(failure) }
}

fn answered<T, E>(
    operation: &'static str,
    bucket: Bucket<'_>,
    result: Result<T, SdkError<E, HttpResponse>>,
) -> Result<T, S3Error>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    result.map_err(|why| failed(operation, bucket, Failure::from_sdk(why)))
}

async fn within<T>(
    deadline: Deadline,
    operation: &'static str,
    bucket: Bucket<'_>,
    work: impl Future<Output = Result<T, S3Error>>,
) -> Result<T, S3Error> {
    let late = || failed(operation, bucket, Failure::Timeout { budget: deadline.budget(), waiting: None });
    deadline.run(work).await.unwrap_or_else(|| Err(late()))
}

fn with_host<T>(result: Result<T, S3Error>, journal: &Journal) -> Result<T, S3Error> {
    result.map_err(|why| match why {
        S3Error::Failed { operation, bucket, failure } => {
            S3Error::Failed { operation, bucket, failure: Box::new(failure.at_host(journal.service_host())) }
        }
        why => why,
    })
}

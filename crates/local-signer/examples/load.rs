//! Measures a local signer under load.
//!
//! ```text
//! load fill DIR PROFILES JOBS                                   writes a store with so many profiles and jobs
//! load serve DIR                                                serves the store without logs, until it is ended
//! load start TIMES                                              starts a TestSigner so often, and prints the figures as JSON
//! load run ENDPOINT CREDENTIALS-FILE OPERATION CLIENTS SECONDS  sends requests and prints the figures as JSON
//! ```
//!
//! `scripts/bench-local-signer` uses them. Requests are signed once for all clients and sent again and again for a few
//! seconds, which Signature Version 4 allows, so that the load takes little of the processor time that it measures.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use std::{env, fs};

use aws_names::{AccountId, JobArn, Location, NOTATION_PLATFORM, ProfileArn};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use local_signer::principals::NewPrincipal;
use local_signer::store::{Job, JobStatus, Profile, ProfileStatus, Store, StoreError};
use local_signer::validity::ValidityPeriod;
use local_signer::{LocalSigner, Options, TestSigner};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const REGION: &str = "us-west-2";
/// How many different requests are sent in turn.
const VARIETY: usize = 200;
/// Signed requests are made anew after this time; the service accepts them for five minutes.
const SIGNED_FOR: Duration = Duration::from_secs(60);

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match arguments[..] {
        ["fill", dir, profiles, jobs] => runtime.block_on(fill(Path::new(dir), profiles.parse()?, jobs.parse()?)),
        ["serve", dir] => tokio::runtime::Runtime::new()?.block_on(serve(Path::new(dir))),
        ["start", times] => runtime.block_on(start(times.parse()?)),
        ["run", endpoint, credentials, operation, clients, seconds] => {
            let load = Load::new(endpoint, Path::new(credentials))?;
            runtime.block_on(load.run(operation, clients.parse()?, Duration::from_secs(seconds.parse()?)))
        }
        _ => Err("usage: load fill DIR PROFILES JOBS | load serve DIR | load start TIMES | load run ENDPOINT CREDENTIALS OPERATION CLIENTS SECONDS".into()),
    }
}

fn location() -> Result<Location, Failure> {
    Ok(Location::new(REGION.parse()?, AccountId::EXAMPLE))
}

async fn serve(dir: &Path) -> Result<(), Failure> {
    let signer = LocalSigner::start(Options::new(dir)).await?;
    println!("{}", signer.endpoint_url());
    std::future::pending::<()>().await;
    Ok(())
}

/// Starts signers for tests one after the other, each with a user and a certificate authority of its own.
async fn start(times: usize) -> Result<(), Failure> {
    let mut took = Vec::with_capacity(times);
    for _ in 0..times {
        let began = Instant::now();
        let signer = TestSigner::builder().principal(NewPrincipal::user("developer".parse()?)).start().await?;
        took.push(began.elapsed());
        drop(signer);
    }
    took.sort_unstable();
    let figures = json!({
        "p50": milliseconds(&took, 0.5), "p99": milliseconds(&took, 0.99), "max": milliseconds(&took, 1.0),
    });
    println!("{figures}");
    Ok(())
}

/// The time within which this part of all, which are sorted, ended.
fn milliseconds(times: &[Duration], part: f64) -> f64 {
    let index = ((times.len() as f64 * part) as usize).min(times.len().saturating_sub(1));
    times.get(index).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
}

/// Writes profiles and jobs into the store of a service that does not run.
async fn fill(dir: &Path, profiles: usize, jobs: usize) -> Result<(), Failure> {
    // Creates the directory with everything else in it.
    LocalSigner::start(Options::new(dir)).await?.shutdown().await;
    let store = Arc::new(Store::open(&dir.join("signer.db"))?);
    let now = OffsetDateTime::now_utc();
    // So many writes at a time share a commit.
    const BATCH: usize = 500;
    for first in (0..profiles).step_by(BATCH) {
        let mut writes = JoinSet::new();
        for n in first..(first + BATCH).min(profiles) {
            let store = Arc::clone(&store);
            let profile = profile(n, now)?;
            writes.spawn(async move { store.add_profile(profile).await.map(|_| ()) });
        }
        done(writes).await?;
    }
    for first in (0..jobs).step_by(BATCH) {
        let mut writes = JoinSet::new();
        for n in first..(first + BATCH).min(jobs) {
            let store = Arc::clone(&store);
            let job = job(n, profiles, now)?;
            writes.spawn(async move { store.add_job(job).await.map(|_| ()) });
        }
        done(writes).await?;
    }
    Ok(())
}

async fn done(mut writes: JoinSet<Result<(), StoreError>>) -> Result<(), Failure> {
    while let Some(written) = writes.join_next().await {
        written??;
    }
    Ok(())
}

fn profile_name(n: usize) -> String {
    format!("Profile_{n:05}")
}

fn profile(n: usize, now: OffsetDateTime) -> Result<Profile, Failure> {
    Ok(Profile {
        arn: ProfileArn::new(location()?, profile_name(n).parse()?).with_version(&format!("{n:010}"))?,
        platform_id: NOTATION_PLATFORM.to_owned(),
        validity: ValidityPeriod::DEFAULT,
        signing_parameters: BTreeMap::new(),
        tags: BTreeMap::from([("team".to_owned(), format!("team-{}", n % 100))]),
        created_at: now,
        status: ProfileStatus::Active,
        status_reason: None,
        revocation: None,
        signing_material: None,
        overrides: None,
    })
}

fn job(n: usize, profiles: usize, now: OffsetDateTime) -> Result<Job, Failure> {
    let at = location()?;
    let id = uuid::Uuid::from_u128(n as u128 * 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    Ok(Job {
        arn: JobArn::new(at.clone(), &id.to_string())?,
        profile: profile(n % profiles, now)?.arn,
        platform_id: NOTATION_PLATFORM.to_owned(),
        invoker: at.account().clone(),
        requested_by: format!("arn:aws:iam::{}:user/ci-{}", at.account(), n % 10),
        status: JobStatus::Succeeded,
        status_reason: Some("Signing Succeeded".to_owned()),
        created_at: now,
        completed_at: Some(now),
        expires_at: Some(ValidityPeriod::DEFAULT.end(now)),
        source: None,
        destination: None,
        signed_object: None,
        signing_material: None,
        overrides: None,
        signing_parameters: BTreeMap::new(),
        revocation: None,
    })
}

/// The path of a profile's tags.
fn tags(name: &str) -> String {
    format!("/tags/arn%3Aaws%3Asigner%3A{REGION}%3A{}%3A%2Fsigning-profiles%2F{name}", AccountId::EXAMPLE)
}

/// A service with the access keys for it.
struct Load {
    host: String,
    access_key_id: String,
    secret_access_key: String,
}

/// An unsigned request.
struct Unsigned {
    method: &'static str,
    target: String,
    body: String,
}

impl Unsigned {
    fn get(target: String) -> Self {
        Self { method: "GET", target, body: String::new() }
    }
}

/// The bytes of signed requests.
type Signed = Arc<Vec<Vec<u8>>>;

/// The requests of all clients, with their signatures and the time of these.
struct Requests {
    load: Load,
    unsigned: Vec<Unsigned>,
    signed: Mutex<(Signed, Instant)>,
}

impl Requests {
    fn new(load: Load, unsigned: Vec<Unsigned>) -> Result<Self, Failure> {
        let signed = load.all_signed(&unsigned)?;
        Ok(Self { load, unsigned, signed: Mutex::new((signed, Instant::now())) })
    }

    /// The signed requests, signed again if it is time.
    fn signed(&self) -> Result<Signed, Failure> {
        let mut signed = self.signed.lock().unwrap_or_else(PoisonError::into_inner);
        if signed.1.elapsed() > SIGNED_FOR {
            *signed = (self.load.all_signed(&self.unsigned)?, Instant::now());
        }
        Ok(Arc::clone(&signed.0))
    }
}

impl Load {
    fn new(endpoint: &str, credentials: &Path) -> Result<Self, Failure> {
        let text = fs::read_to_string(credentials)?;
        let value = |name: &str| {
            let mut settings = text.lines().filter_map(|line| line.split_once('='));
            let found = settings.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().to_owned());
            found.ok_or_else(|| format!("{} has no {name}", credentials.display()))
        };
        Ok(Self {
            host: endpoint.strip_prefix("http://").ok_or("the endpoint must start with http://")?.to_owned(),
            access_key_id: value("aws_access_key_id")?,
            secret_access_key: value("aws_secret_access_key")?,
        })
    }

    /// The bytes of a signed request.
    fn signed(&self, request: &Unsigned) -> Result<Vec<u8>, Failure> {
        let Self { host, access_key_id, secret_access_key } = self;
        let identity =
            aws_credential_types::Credentials::new(access_key_id, secret_access_key, None, None, "load").into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(REGION)
            .name("signer")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()?
            .into();
        let Unsigned { method, target, body } = request;
        let signable = SignableRequest::new(
            method,
            format!("http://{host}{target}"),
            [("host", host.as_str())].into_iter(),
            SignableBody::Bytes(body.as_bytes()),
        )?;
        let (instructions, _) = sign(signable, &parameters)?.into_parts();
        let mut text = format!("{method} {target} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in instructions.headers() {
            text += &format!("{name}: {value}\r\n");
        }
        Ok([text.as_bytes(), b"\r\n", body.as_bytes()].concat())
    }

    fn all_signed(&self, requests: &[Unsigned]) -> Result<Signed, Failure> {
        requests.iter().map(|request| self.signed(request)).collect::<Result<_, _>>().map(Arc::new)
    }

    async fn connect(&self) -> Result<Connection, Failure> {
        let stream = TcpStream::connect(&self.host).await?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, buffer: Vec::new(), is_closed: false })
    }

    async fn ask(&self, request: Unsigned) -> Result<Value, Failure> {
        let mut connection = self.connect().await?;
        let (status, body) = connection.send(&self.signed(&request)?).await?;
        let text = String::from_utf8_lossy(body);
        if status == 200 { Ok(serde_json::from_str(&text)?) } else { Err(format!("{status}: {text}").into()) }
    }

    /// The ids of some jobs, spread over the whole store.
    async fn job_ids(&self) -> Result<Vec<String>, Failure> {
        let mut ids = Vec::new();
        let mut page = "/signing-jobs?maxResults=25".to_owned();
        while ids.len() < VARIETY {
            let answer = self.ask(Unsigned::get(page)).await?;
            let jobs = answer["jobs"].as_array().cloned().unwrap_or_default();
            ids.extend(jobs.iter().filter_map(|job| job["jobId"].as_str().map(str::to_owned)));
            let Some(token) = answer["nextToken"].as_str() else { break };
            page = format!("/signing-jobs?maxResults=25&nextToken={token}");
        }
        Ok(ids)
    }

    /// Requests of an operation that differ from each other.
    async fn requests(&self, operation: &str) -> Result<Vec<Unsigned>, Failure> {
        // moto has no list of profiles; scripts/bench-local-signer creates the first one there.
        let listed = self.ask(Unsigned::get("/signing-profiles?maxResults=25".to_owned())).await.unwrap_or_default();
        let listed = listed["profiles"].as_array().map_or(0, Vec::len).max(1);
        let name = |n: usize| profile_name(n % listed);
        let requests: Result<Vec<Unsigned>, Failure> = match operation {
            "SignPayload" => (0..VARIETY)
                .map(|n| {
                    let payload = STANDARD.encode(format!("{{\"targetArtifact\":{{\"size\":{n}}}}}"));
                    let body = json!({"profileName": name(n), "payload": payload,
                        "payloadFormat": "application/vnd.cncf.notary.payload.v1+json"});
                    let target = "/signing-jobs/with-payload".to_owned();
                    Ok(Unsigned { method: "POST", target, body: body.to_string() })
                })
                .collect(),
            "GetSigningProfile" => {
                (0..VARIETY).map(|n| Ok(Unsigned::get(format!("/signing-profiles/{}", name(n))))).collect()
            }
            "ListSigningPlatforms" => Ok(vec![Unsigned::get("/signing-platforms".to_owned())]),
            "ListTagsForResource" => (0..VARIETY).map(|n| Ok(Unsigned::get(tags(&name(n))))).collect(),
            "TagResource" => (0..VARIETY)
                .map(|n| {
                    let body = json!({ "tags": { "build": n.to_string() } }).to_string();
                    Ok(Unsigned { method: "POST", target: tags(&name(n)), body })
                })
                .collect(),
            "ListSigningProfiles" => Ok(vec![Unsigned::get("/signing-profiles".to_owned())]),
            "ListSigningJobs" => {
                let account = AccountId::EXAMPLE;
                let filters = [
                    String::new(),
                    "?isRevoked=true".to_owned(),
                    "?status=Failed".to_owned(),
                    "?status=Succeeded&isRevoked=false".to_owned(),
                    "?platformId=AWSLambda-SHA384-ECDSA".to_owned(),
                    format!("?requestedBy=arn%3Aaws%3Aiam%3A%3A{account}%3Auser%2Fci-3"),
                    "?signatureExpiresBefore=2026-01-01T00%3A00%3A00Z".to_owned(),
                    format!("?jobInvoker={account}"),
                ];
                Ok(filters.into_iter().map(|filter| Unsigned::get(format!("/signing-jobs{filter}"))).collect())
            }
            "DescribeSigningJob" => {
                let ids = self.job_ids().await?;
                Ok(ids.iter().map(|id| Unsigned::get(format!("/signing-jobs/{id}"))).collect())
            }
            "GetRevocationStatus" => {
                let arn = |resource: String| {
                    format!("arn%3Aaws%3Asigner%3A{REGION}%3A{}%3A%2F{resource}", AccountId::EXAMPLE)
                };
                let hash = "ab".repeat(96);
                let ids = self.job_ids().await?;
                let requests = ids.iter().enumerate().map(|(n, id)| {
                    let profile = arn(format!("signing-profiles%2F{}%2F{:010}", name(n), n % listed));
                    let job = arn(format!("signing-jobs%2F{id}"));
                    Ok(Unsigned::get(format!(
                        "/revocations?certificateHashes={hash}&certificateHashes={hash}&certificateHashes={hash}\
                         &jobArn={job}&platformId={NOTATION_PLATFORM}&profileVersionArn={profile}\
                         &signatureTimestamp=2026-01-02T03%3A04%3A05Z"
                    )))
                });
                requests.collect()
            }
            other => Err(format!("unknown operation {other}").into()),
        };
        requests
    }

    async fn run(self, operation: &str, clients: usize, duration: Duration) -> Result<(), Failure> {
        let requests = self.requests(operation).await?;
        let requests = Arc::new(Requests::new(self, requests)?);
        let start = Instant::now();
        let mut tasks = JoinSet::new();
        for client in 0..clients {
            tasks.spawn(Self::client(Arc::clone(&requests), client, start + duration));
        }
        let mut times = Vec::new();
        let mut errors: BTreeMap<String, usize> = BTreeMap::new();
        while let Some(ended) = tasks.join_next().await {
            let (answered, failed) = ended??;
            times.extend(answered);
            for error in failed {
                *errors.entry(error).or_default() += 1;
            }
        }
        let seconds = start.elapsed().as_secs_f64();
        times.sort_unstable();
        let figures = json!({
            "operation": operation, "clients": clients, "requests": times.len(),
            "perSecond": times.len() as f64 / seconds,
            "p50": milliseconds(&times, 0.5), "p99": milliseconds(&times, 0.99), "max": milliseconds(&times, 1.0),
            "errors": errors,
        });
        println!("{figures}");
        Ok(())
    }

    /// Sends requests one after the other until `end`; returns the times of the answers, and the errors.
    async fn client(
        requests: Arc<Requests>,
        client: usize,
        end: Instant,
    ) -> Result<(Vec<Duration>, Vec<String>), Failure> {
        let mut connection = requests.load.connect().await?;
        let mut times = Vec::new();
        let mut errors = Vec::new();
        let mut turn = client * 7;
        while Instant::now() < end {
            let signed = requests.signed()?;
            turn += 1;
            let sent = Instant::now();
            if connection.is_closed {
                connection = requests.load.connect().await?;
            }
            let (status, body) = connection.send(&signed[turn % signed.len()]).await?;
            times.push(sent.elapsed());
            if status != 200 {
                errors.push(format!("{status}: {}", String::from_utf8_lossy(body)));
            }
        }
        Ok((times, errors))
    }
}

/// A connection that is kept for many requests.
struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// Whether the service closes it after its answer, as moto does.
    is_closed: bool,
}

impl Connection {
    /// Sends a request; returns the status and the body of the answer.
    async fn send(&mut self, request: &[u8]) -> Result<(u16, &[u8]), Failure> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the service closed the connection".into());
            }
            let Some(head) = self.buffer.windows(4).position(|end| end == b"\r\n\r\n") else { continue };
            let text = std::str::from_utf8(&self.buffer[..head])?;
            let status = text.get(9..12).ok_or("no status")?.parse()?;
            let header = |name: &str| {
                let mut headers = text.lines().filter_map(|line| line.split_once(": "));
                headers.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
            };
            self.is_closed = header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
            let end = head + 4 + header("content-length").ok_or("no content-length")?.parse::<usize>()?;
            while self.buffer.len() < end {
                if self.stream.read_buf(&mut self.buffer).await? == 0 {
                    return Err("the service closed the connection".into());
                }
            }
            return Ok((status, &self.buffer[head + 4..end]));
        }
    }
}

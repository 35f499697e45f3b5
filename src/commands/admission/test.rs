//! `notation-aws-signer admission test`.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use admission::config::{Config, LogLevel};
use admission::decision::{Decider, ImageDecision, Verdict};
use admission::frontends::{Answer, Authorization, Incoming, Route};
use admission::log::Log;
use admission::manifests::{MAX_SIZE, Review, reviews};
use admission::metrics::Metrics;
use admission::server::Snapshot;
use admission::service::Builder;
use files::read_linked_file;
use limits::Deadline;
use notary::Disposition;
use notary::text::printable;
use serde::Serialize;
use serde_json::Value;

use super::serve::{configuration, signer};
use crate::output::exit::{CliError, ExitStatus};
use crate::output::{BAD, GOOD, Output, SCHEMA_VERSION, paint};

/// Decide about manifests as the service would, and say why.
///
/// Reads Kubernetes manifests and AdmissionReviews, in YAML or JSON, and decides about their images with the
/// configuration, by the same code as the service.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Check the manifests of a release before they are applied:
    notation-aws-signer admission test --config admission.yaml deploy/*.yaml

  Check what a chart renders:
    helm template app ./chart |
      notation-aws-signer admission test --config admission.yaml -

Exit codes: 0 all objects would be admitted; 1 an image was refused; 2 the configuration, a file or an object must be \
  corrected; 3 an image cannot be judged now: a retry may succeed.")]
pub(super) struct Args {
    /// The configuration file of the service
    #[arg(long, value_name = "FILE")]
    config: PathBuf,

    /// The namespace of objects that name none
    #[arg(long, short, value_name = "NAMESPACE", default_value = "default")]
    namespace: String,

    /// Files with manifests or AdmissionReviews; - is standard input
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
}

/// The results of all objects: docs/output/admission-test.schema.json.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    schema_version: u32,
    status: &'static str,
    objects: Vec<JudgedObject>,
}

/// The result of one object.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct JudgedObject {
    path: String,
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    /// `allowed`, `refused`, `undetermined` or `malformed`.
    decision: &'static str,
    images: Vec<JudgedImage>,
    /// What the service tells users about an object that it does not judge.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    /// Why the object was not decided, if it is malformed.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip)]
    status: ExitStatus,
}

/// What was decided about an image.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JudgedImage {
    image: String,
    allowed: bool,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pinned: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

pub(super) async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    let config = Config::load(&args.config).map_err(CliError::configuration)?;
    let log = Log::to_standard_error(LogLevel::Error).map_err(CliError::file)?;
    let mut builder = Builder::new(Metrics::new(env!("CARGO_PKG_VERSION"), &[]), log, signer()?);
    let snapshot = builder.without_services(&config).await;
    let snapshot = snapshot.map_err(|why| configuration(&args.config, &why))?;
    let mut objects = Vec::new();
    for path in &args.paths {
        let shown = printable(&path.display().to_string());
        let bytes = read(path)?;
        let reviews = reviews(&bytes, &args.namespace);
        for review in reviews.map_err(|why| CliError::configuration(why).context(&shown))? {
            let answer = answer(&snapshot, &review).await;
            let object = JudgedObject::new(&shown, &review, answer);
            object.show(output)?;
            objects.push(object);
        }
    }
    let status = ExitStatus::worst(objects.iter().map(|object| object.status));
    output.json(&Report { schema_version: SCHEMA_VERSION, status: status.as_str(), objects })?;
    Ok(status)
}

fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    if path.as_os_str() != "-" {
        return read_linked_file(path, MAX_SIZE).map_err(CliError::file);
    }
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(MAX_SIZE + 1).read_to_end(&mut bytes);
    read.map_err(|why| CliError::file(why).context("standard input"))?;
    match bytes.len() as u64 > MAX_SIZE {
        true => Err(CliError::file(format!("standard input: more than {MAX_SIZE} bytes"))),
        false => Ok(bytes),
    }
}

/// The answer of the service to the API server.
async fn answer(snapshot: &Snapshot<Decider>, review: &Review) -> Answer {
    let deadline = Deadline::new(snapshot.limits().deadline);
    let incoming =
        Incoming { query: None, authorization: Authorization::default(), body: review.body.clone().into(), deadline };
    Route::Validate.answer(snapshot.decider(), snapshot.settings(), incoming).await
}

/// The warnings in the answer to the API server.
fn warnings(answer: &Answer) -> Vec<String> {
    let review: Option<Value> = serde_json::from_slice(&answer.body).ok();
    let warnings = review.as_ref().and_then(|review| review.pointer("/response/warnings")?.as_array());
    warnings.into_iter().flatten().filter_map(Value::as_str).map(printable).collect()
}

impl JudgedObject {
    fn new(path: &str, review: &Review, answer: Answer) -> Self {
        let object = Self {
            path: path.to_owned(),
            kind: review.kind.clone(),
            name: review.name.clone(),
            namespace: review.namespace.clone(),
            decision: Verdict::Allowed.as_str(),
            images: Vec::new(),
            // Those about images are in their reasons, and tags are pinned by the other webhook.
            warnings: if answer.record.is_none() { warnings(&answer) } else { Vec::new() },
            error: None,
            status: ExitStatus::DONE,
        };
        if answer.status != 200 {
            let why = String::from_utf8_lossy(&answer.body).trim_end().to_owned();
            return Self {
                decision: "malformed",
                error: Some(printable(&why)),
                status: Disposition::Misconfigured.into(),
                ..object
            };
        }
        let Some(record) = answer.record else { return object };
        let status = match record.verdict {
            Verdict::Allowed => ExitStatus::DONE,
            Verdict::Refused => Disposition::Refused.into(),
            Verdict::Undetermined => Disposition::Undetermined.into(),
        };
        let images = record.images.iter().map(|image| JudgedImage::from(&**image)).collect();
        Self { decision: record.verdict.as_str(), images, status, ..object }
    }

    fn show(&self, output: &Output) -> Result<(), CliError> {
        let name = self.name.as_deref().map_or_else(String::new, |name| format!(" {}", printable(name)));
        let style = match self.status == ExitStatus::DONE {
            true => GOOD,
            false => BAD,
        };
        let object = format!("{}: {}{name}", self.path, printable(&self.kind));
        output.text(format!("{object}: {}", paint(style, self.decision)))?;
        if let Some(error) = &self.error {
            output.failure_beside_text(format!("{object}: {}: {error}", self.decision), None);
            return output.sentence(&format!("  {error}"));
        }
        for image in &self.images {
            let line = image.line();
            if !image.allowed {
                output.failure_beside_text(format!("{object}: {line}"), None);
            }
            output.sentence(&format!("  {line}"))?;
        }
        self.warnings.iter().try_for_each(|warning| output.sentence(&format!("  warning: {warning}")))
    }
}

impl JudgedImage {
    /// The decision in a line.
    pub(super) fn line(&self) -> String {
        let mut line = format!("{}: {}", printable(&self.image), self.outcome);
        if let Some(reason) = &self.reason {
            line.push_str(&format!(": {reason}"));
        }
        if let Some(signer) = &self.signer {
            line.push_str(&format!("; signer {signer}"));
        }
        if let Some(rule) = &self.rule {
            line.push_str(&format!("; rule \"{rule}\""));
        }
        line
    }
}

impl From<&ImageDecision> for JudgedImage {
    fn from(image: &ImageDecision) -> Self {
        let allowed = image.verdict() == Verdict::Allowed;
        let reason = image.why.as_ref().map(|why| match why.check {
            Some(check) => format!("{check}: {}", why.message),
            None => why.message.clone(),
        });
        Self {
            image: printable(&image.image),
            allowed,
            outcome: image.outcome.as_str(),
            digest: image.digest.as_ref().map(ToString::to_string),
            pinned: image.pinned().filter(|_| allowed),
            signer: image.signer.as_deref().map(printable),
            rule: image.rule.as_deref().map(printable),
            code: image.why.as_ref().map(|why| why.code.as_str()),
            reason,
        }
    }
}

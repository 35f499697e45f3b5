//! `notation-aws-signer admission scan`.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use admission::cluster::Cluster;
use admission::config::{Config, LogLevel};
use admission::decision::{Outcome, Verdict};
use admission::log::Log;
use admission::metrics::Metrics;
use admission::scan::{Finding, judge, reports, sarif};
use admission::service::Builder;
use limits::Deadline;
use notary::text::printable;
use notary::{Disposition, ReasonCode};
use serde::Serialize;

use super::serve::{configuration, signer};
use super::test::JudgedImage;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::{BAD, GOOD, Output, SCHEMA_VERSION, WARN, every_format, paint};

/// The time for a page of Pods.
const PAGE_TIME: Duration = Duration::from_secs(30);
/// The most Pods of a scan.
const MAX_PODS: usize = 100_000;

/// Judge the images that run in a cluster, as if their Pods were created now.
///
/// Finds what was admitted before its signature was revoked, before the policy changed, or without the service. Lists
/// the Pods that run, and judges each image by the digest that its node reports. Needs `list` on `pods`; pull secrets
/// are used as by the service.
#[derive(Debug, clap::Args)]
#[command(args = every_format(), after_help = "Examples:
  Judge all Pods of the cluster:
    notation-aws-signer admission scan --config admission.yaml -A

  Report to code scanning:
    notation-aws-signer admission scan --config admission.yaml -A \\
      --output sarif >scan.sarif

  Write PolicyReport objects to the cluster:
    notation-aws-signer admission scan --config admission.yaml -A \\
      --output policyreport | kubectl apply -f -

Exit codes: 0 all images would be admitted; 1 an image would be refused; 2 the configuration or the access to the cluster \
  must be corrected; 3 an image cannot be judged now, or the cluster did not answer.")]
pub(super) struct Args {
    /// The configuration file of the service
    #[arg(long, value_name = "FILE")]
    config: PathBuf,

    /// The kubeconfig file [default: $KUBECONFIG, otherwise ~/.kube/config]
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,

    /// The context of the kubeconfig [default: its current context]
    #[arg(long, value_name = "NAME")]
    context: Option<String>,

    /// The namespace [default: that of the context]
    #[arg(long, short, value_name = "NAMESPACE")]
    namespace: Option<String>,

    /// All namespaces
    #[arg(long, short = 'A', conflicts_with = "namespace")]
    all_namespaces: bool,
}

/// The results: docs/output/admission-scan.schema.json.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    schema_version: u32,
    status: &'static str,
    summary: Summary,
    images: Vec<ScannedImage>,
}

#[derive(Debug, Serialize, Default)]
struct Summary {
    pods: usize,
    verified: usize,
    exempt: usize,
    refused: usize,
    undetermined: usize,
}

/// An image at the place where it runs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ScannedImage {
    namespace: String,
    pod: String,
    container: String,
    #[serde(flatten)]
    image: JudgedImage,
}

pub(super) async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    let config = Config::load(&args.config).map_err(CliError::configuration)?;
    let log = Log::to_standard_error(LogLevel::Error).map_err(CliError::file)?;
    let metrics = Metrics::new(env!("CARGO_PKG_VERSION"), &[]);
    let cluster = Cluster::of_kubeconfig(args.kubeconfig.as_deref(), args.context.as_deref(), None).await;
    let (cluster, of_context) = cluster.map_err(cluster_error)?;
    let mut builder = Builder::new(metrics, log, signer()?).with_cluster(cluster.clone());
    let decider = builder.decider(&config).await.map_err(|why| configuration(&args.config, &why))?;
    let namespace = args.namespace.or((!args.all_namespaces).then_some(of_context));
    let mut findings = Vec::new();
    let mut summary = Summary::default();
    let mut from: Option<String> = None;
    let waiting = output.waiting("judging what runs");
    loop {
        let page = cluster.running_pods(namespace.as_deref(), from.as_deref(), Deadline::new(PAGE_TIME)).await;
        let page = page.map_err(cluster_error)?;
        summary.pods += page.pods.len();
        if summary.pods > MAX_PODS {
            return Err(CliError::configuration(format!("more than {MAX_PODS} Pods run"))
                .with_advice("Scan one namespace at a time with --namespace."));
        }
        findings.extend(judge(&decider, page.pods, config.server.limits.deadline).await);
        from = page.more;
        if from.is_none() {
            break;
        }
    }
    drop(waiting);
    for finding in &findings {
        *summary.of(finding.decision.outcome) += 1;
    }
    let status = ExitStatus::worst(findings.iter().map(|finding| status(finding.verdict())));
    match output.special_format() {
        Some("sarif") => output.document(&sarif(&findings, env!("CARGO_PKG_VERSION")))?,
        Some(_) => {
            let dialect = cluster.dialect(Deadline::new(PAGE_TIME)).await.map_err(cluster_error)?;
            output.document(&reports(&findings, dialect, SystemTime::now()))?;
        }
        None => show(&findings, &summary, output)?,
    }
    let images = findings.iter().map(ScannedImage::from).collect();
    output.json(&Report { schema_version: SCHEMA_VERSION, status: status.as_str(), summary, images })?;
    Ok(status)
}

fn status(verdict: Verdict) -> ExitStatus {
    match verdict {
        Verdict::Allowed => ExitStatus::DONE,
        Verdict::Refused => Disposition::Refused.into(),
        Verdict::Undetermined => Disposition::Undetermined.into(),
    }
}

/// An error of the API server, for the exit code.
pub fn cluster_error(why: admission::cluster::ClusterError) -> CliError {
    use admission::decision::Code;
    let code = match why.code() {
        Code::Credentials => ReasonCode::Credentials,
        Code::Deadline => ReasonCode::Deadline,
        Code::Throttled => ReasonCode::Throttled,
        _ => ReasonCode::Unreachable,
    };
    CliError::new(code, why)
}

/// Writes what is not in order, and the numbers of all.
fn show(findings: &[Finding], summary: &Summary, output: &Output) -> Result<(), CliError> {
    for finding in findings {
        let is_bad = !finding.decision.outcome.is_good();
        if !is_bad && !output.is_verbose() {
            continue;
        }
        let line = JudgedImage::from(&finding.decision).line();
        if finding.verdict() != Verdict::Allowed {
            output.failure_beside_text(format!("{}: {line}", finding.place()), None);
        }
        output.sentence(&format!("{}: {line}", finding.place()))?;
    }
    let count = |style, count: usize, word: &str| match count {
        0 => format!("0 {word}"),
        count => paint(style, format!("{count} {word}")),
    };
    let Summary { pods, verified, exempt, refused, undetermined } = summary;
    output.text(format!(
        "{pods} Pods, {} images: {}, {exempt} exempt, {}, {}",
        findings.len(),
        count(GOOD, *verified, "verified"),
        count(BAD, *refused, "refused"),
        count(WARN, *undetermined, "undetermined"),
    ))
}

impl Summary {
    fn of(&mut self, outcome: Outcome) -> &mut usize {
        match outcome {
            Outcome::Verified => &mut self.verified,
            Outcome::Exempt => &mut self.exempt,
            Outcome::Refused => &mut self.refused,
            Outcome::Undetermined => &mut self.undetermined,
        }
    }
}

impl From<&Finding> for ScannedImage {
    fn from(finding: &Finding) -> Self {
        Self {
            namespace: printable(&finding.namespace),
            pod: printable(&finding.pod),
            container: printable(&finding.container),
            image: JudgedImage::from(&finding.decision),
        }
    }
}

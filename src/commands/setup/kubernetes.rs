//! `notation-aws-signer setup kubernetes`: installs the admission service in a cluster, and registers its webhooks when
//! it answers.

use std::path::{Path, PathBuf};
use std::time::Duration;

use admission::cluster::{Cluster, is_label};
use admission::config::placed;
use admission::decision::{ImageReference, InvalidReference};
use admission::install::{
    Applied, InstallError, NAME, NAMESPACE, NotReady, Options, Plan, Reached, SECRET, Target, apply, exists, image_of,
    is_reached, refuse_shared, webhooks, with_bundle, yaml,
};
use notary::ReasonCode;
use notary::text::printable;
use serde_json::{Value, json};

use super::report::{Item, Part, SetupReport};
use crate::arguments::number::seconds;
use crate::commands::admission::scan::cluster_error;
use crate::output::Output;
use crate::output::exit::{CliError, ExitStatus};

/// The largest file of webhook configurations.
const MAX_SIZE: u64 = 1024 * 1024;
/// Where the check of the way from the API server creates a Pod for show.
const PROBED: &str = "default";

/// The options for installing the service, which `--webhooks` does not.
const INSTALLED: [&str; 4] = ["print", "image", "replicas", "config"];

/// Install the admission service in a Kubernetes cluster.
///
/// Applies a namespace, a service account with its permissions, the configuration, a Deployment and a Service. When all
/// replicas are ready, it registers the webhooks: before that they would keep all new Pods out. The service makes its
/// certificate authority itself, keeps it in a Secret, and renews it. You can run it again at any time, for example
/// with a changed configuration.
///
/// Files that the configuration names are installed with it if they are in its folder. Without --image, the image of
/// the Deployment stays.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Install the service with admission.yaml, by the current context of kubectl:
    notation-aws-signer setup kubernetes --config admission.yaml \\
      --image registry.example.com/tools/notation-aws-signer:2.0.0

  Write the objects for a GitOps tool, without asking the cluster:
    notation-aws-signer setup kubernetes --config admission.yaml \\
      --image registry.example.com/tools/notation-aws-signer:2.0.0 \\
      --print >admission-service.yaml

Exit codes: 0 the service runs, and the API server asks it; 2 the configuration, a permission or the cluster \
  must be corrected; 3 the cluster did not answer, or the service was not ready in time.")]
pub(super) struct Args {
    /// The configuration file of the service
    #[arg(long, value_name = "FILE", default_value = "admission.yaml")]
    config: PathBuf,

    /// The namespace of the service, whose Pods are not judged [default: that of the configuration, otherwise
    /// notation-system]
    #[arg(long, short, value_name = "NAMESPACE")]
    namespace: Option<String>,

    /// Print the objects as YAML (a List with --output json) and touch nothing
    #[arg(long)]
    print: bool,

    /// The container image of the service, where the nodes can pull it
    #[arg(long, value_name = "IMAGE", value_parser = image)]
    image: Option<String>,

    /// The number of Pods
    #[arg(long, value_name = "NUMBER", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1000))]
    replicas: u32,

    /// How many seconds to wait for the service to be ready
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = seconds)]
    timeout: u64,

    /// The kubeconfig file [default: $KUBECONFIG, otherwise ~/.kube/config]
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,

    /// The context of the kubeconfig [default: its current context]
    #[arg(long, value_name = "NAME")]
    context: Option<String>,

    /// Only register the webhook configurations in this file when the service is ready, as the Helm chart does
    #[arg(long, value_name = "FILE", conflicts_with_all = INSTALLED)]
    webhooks: Option<PathBuf>,

    /// With --webhooks: the Deployment that is waited for
    #[arg(long, value_name = "NAME", requires = "webhooks", conflicts_with_all = INSTALLED, default_value = NAME)]
    deployment: String,

    /// With --webhooks: the Secret with its certificate
    #[arg(long, value_name = "NAME", requires = "webhooks", conflicts_with_all = INSTALLED, default_value = SECRET)]
    secret: String,
}

pub(super) async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    if let Some(namespace) = args.namespace.as_deref().filter(|namespace| !is_label(namespace)) {
        return Err(CliError::configuration(format!("{} is not the name of a namespace", printable(namespace)))
            .with_advice("Names have letters a-z, digits and hyphens, at most 63."));
    }
    // What is wrong on this machine is said before the cluster is asked.
    let mut items = Vec::new();
    match &args.webhooks {
        Some(file) => {
            let text = files::read_linked_file(file, MAX_SIZE).map_err(CliError::file)?;
            let webhooks = webhooks(&text).map_err(|why| CliError::configuration(why).context(file.display()))?;
            let namespace = args.namespace.as_deref().unwrap_or(NAMESPACE);
            refuse_shared(namespace).map_err(install_error)?;
            let target = Target { namespace, deployment: &args.deployment, secret: &args.secret };
            register(&connect(&args).await?, target, &webhooks, &args, output, &mut items).await;
        }
        None => {
            let options = Options { namespace: args.namespace.as_deref(), replicas: args.replicas };
            let plan = Plan::new(&args.config, &options).map_err(|why| plan_error(&args.config, why))?;
            if args.print {
                return print(&plan, &args, output);
            }
            items.extend(unequal(&plan, &args).map(|why| Item::warning(Part::AdmissionConfiguration, why)));
            install(&connect(&args).await?, &plan, &args, output, &mut items).await?;
        }
    }
    let report = SetupReport::new(items);
    report.show(output)?;
    output.json(&report)?;
    Ok(report.status())
}

async fn connect(args: &Args) -> Result<Cluster, CliError> {
    let cluster = match (&args.kubeconfig, &args.context) {
        (None, None) => Cluster::connect(None).await,
        (file, context) => {
            Cluster::of_kubeconfig(file.as_deref(), context.as_deref(), None).await.map(|(cluster, _)| cluster)
        }
    };
    cluster.map_err(cluster_error)
}

/// Writes everything, for a repository.
fn print(plan: &Plan, args: &Args, output: &Output) -> Result<ExitStatus, CliError> {
    let documents = plan.documents(args.image.as_deref().ok_or_else(no_image)?);
    if let Some(why) = unequal(plan, args) {
        output.warning_with_advice(&why.message, why.advice.as_deref().unwrap_or_default());
    }
    match output.is_json() {
        true => output.document(&json!({ "apiVersion": "v1", "kind": "List", "items": documents }))?,
        false => Output::content(yaml(&documents).map_err(install_error)?.as_bytes())?,
    }
    Ok(ExitStatus::DONE)
}

/// Each replica uses its share of the quota, by the number in the configuration.
fn unequal(plan: &Plan, args: &Args) -> Option<CliError> {
    let (sharing, replicas) = (plan.sharing, args.replicas);
    (sharing != replicas).then(|| {
        CliError::configuration(format!("aws.revocation.replicas is {sharing}, but {replicas} replicas are installed"))
            .with_advice(format!("Pass --replicas {sharing}, or remove the member: setup then sets it."))
    })
}

async fn install(
    cluster: &Cluster,
    plan: &Plan,
    args: &Args,
    output: &Output,
    items: &mut Vec<Item>,
) -> Result<(), CliError> {
    let managed = &plan.managed;
    let image = match &args.image {
        Some(image) => image.clone(),
        // That of the Deployment that is there.
        None => image_of(cluster, managed.namespace(), NAME).await.map_err(cluster_error)?.ok_or_else(no_image)?,
    };
    let waiting = output.waiting("applying the objects");
    for object in &plan.objects(&image) {
        let (item, is_applied) = applied(cluster, Part::Object, object).await;
        items.push(item);
        if !is_applied {
            // What follows needs it.
            return Ok(());
        }
    }
    drop(waiting);
    for object in &plan.unneeded {
        items.extend(left_over(cluster, object).await);
    }
    let target = Target { namespace: managed.namespace(), deployment: NAME, secret: &managed.secret };
    if register(cluster, target, &plan.webhooks, args, output, items).await {
        let _waiting = output.waiting("asking the API server to call the service");
        items.push(reached(cluster, plan).await);
    }
    Ok(())
}

/// Waits for the service and registers its webhooks. Returns whether all are registered.
async fn register(
    cluster: &Cluster,
    target: Target<'_>,
    webhooks: &[Value],
    args: &Args,
    output: &Output,
    items: &mut Vec<Item>,
) -> bool {
    let waiting = output.waiting("waiting until the service is ready");
    let about = format!("{}/{}", target.namespace, target.deployment);
    let bundle = target.ready(cluster, Duration::from_secs(args.timeout)).await;
    drop(waiting);
    let bundle = match bundle {
        Ok(bundle) => bundle,
        Err(why) => {
            items.push(Item::failed(Part::Service, not_ready(why, target)).about(about));
            return false;
        }
    };
    items.push(Item::ok(Part::Service, "all replicas are ready").about(about));
    for webhook in webhooks {
        let (item, is_applied) = applied(cluster, Part::Webhook, &with_bundle(webhook, &bundle)).await;
        items.push(item);
        if !is_applied {
            return false;
        }
    }
    true
}

/// Creates a Pod for show. The Job of the chart has no permission for that.
async fn reached(cluster: &Cluster, plan: &Plan) -> Item {
    let unknown = |why: CliError| Item::warning(Part::ApiServer, why.context("could not be checked"));
    match is_reached(cluster, PROBED, &plan.webhooks).await {
        Ok(Reached::Judged) => Item::ok(Part::ApiServer, "it asks the service before Pods are created"),
        // A rule that exempts the namespace admits everything there.
        Ok(Reached::Admitted) => Item::ok(
            Part::ApiServer,
            format!(
                "it admits Pods in the namespace {PROBED}: a rule exempts them, or it does not ask the service yet"
            ),
        ),
        Ok(Reached::Failed(why)) => {
            let why = CliError::new(ReasonCode::Unreachable, format!("no Pods can be created: {why}"));
            Item::failed(Part::ApiServer, why.with_advice(unreached(plan)))
        }
        Ok(Reached::Other(why)) => unknown(CliError::new(ReasonCode::Unreachable, why)),
        Err(why) => unknown(cluster_error(why)),
    }
}

/// What to do if the API server does not reach the Pods.
fn unreached(plan: &Plan) -> String {
    let (port, names) = (plan.port, plan.managed.webhooks.join(" "));
    format!(
        "Permit the API server to reach port {port} of the Pods (on EKS, in the security group of the nodes), or open \
         the cluster: `kubectl delete mutatingwebhookconfiguration,validatingwebhookconfiguration {names}`."
    )
}

/// Names an object of the cluster that an earlier configuration needed. It may be someone's, so it is not deleted.
async fn left_over(cluster: &Cluster, object: &Value) -> Option<Item> {
    let item = match exists(cluster, object).await {
        Ok(false) => return None,
        Ok(true) => {
            let why = CliError::configuration("this configuration does not need it, but it exists");
            let (kind, name) = (object["kind"].as_str()?.to_lowercase(), object["metadata"]["name"].as_str()?);
            Item::warning(Part::Object, why.with_advice(format!("To delete it: `kubectl delete {kind} {name}`")))
        }
        Err(why) => Item::warning(Part::Object, cluster_error(why)),
    };
    Some(item.about(named(object)))
}

/// An object by its kind and its place.
fn named(object: &Value) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (kind, namespace, name) = (text("/kind"), text("/metadata/namespace"), text("/metadata/name"));
    if namespace.is_empty() { format!("{kind} {name}") } else { format!("{kind} {namespace}/{name}") }
}

/// Applies an object. Returns whether it is there.
async fn applied(cluster: &Cluster, part: Part, object: &Value) -> (Item, bool) {
    let (item, is_applied) = match apply(cluster, object).await {
        Ok(Applied::Created) => (Item::changed(part, "created"), true),
        Ok(Applied::Changed) => (Item::changed(part, "changed"), true),
        Ok(Applied::Unchanged) => (Item::ok(part, "up to date"), true),
        Err(why) => (Item::failed(part, cluster_error(why)), false),
    };
    (item.about(named(object)), is_applied)
}

fn not_ready(why: NotReady, target: Target<'_>) -> CliError {
    let Target { namespace, deployment, .. } = target;
    match why {
        NotReady::Cluster(why) => cluster_error(why),
        late @ NotReady::Late { .. } => CliError::new(ReasonCode::Deadline, late).with_advice(format!(
            "No webhook was registered. Look at `kubectl -n {namespace} describe pods` and `kubectl -n {namespace} logs \
             deployment/{deployment}`, and run the command again."
        )),
    }
}

fn no_image() -> CliError {
    CliError::configuration("the container image of the service is not known")
        .with_advice("Copy the image of the release to a registry of yours (docs/install.md), and pass --image IMAGE.")
}

/// An error about the configuration, with its place there.
fn plan_error(config: &Path, why: InstallError) -> CliError {
    match (placed(config, &why.to_string()), &why) {
        (Some(placed), InstallError::File(_)) => CliError::file(placed),
        (Some(placed), _) => CliError::configuration(placed),
        (None, _) => install_error(why),
    }
}

fn install_error(why: InstallError) -> CliError {
    match why {
        InstallError::File(why) => CliError::file(why),
        why => CliError::configuration(why),
    }
}

/// The text of an image reference: the cluster reads it again.
fn image(text: &str) -> Result<String, InvalidReference> {
    ImageReference::parse(text).map(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn errors_about_the_configuration_have_their_place() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("admission.yaml");
        let profile = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/release";
        let policies = format!("policies: {{default: {{trustedProfiles: [\"{profile}\"]}}}}");
        for (more, expected) in [
            ("server: {socket: /run/a.sock}", "admission.yaml:4:18: server.socket: "),
            ("registries: [{host: a.example, ca: ca.pem}]", "admission.yaml:4:36: registries[0].ca: "),
        ] {
            let text = format!("version: 1\n{policies}\nrules: [{{policy: default, action: enforce}}]\n{more}\n");
            std::fs::write(&file, text).unwrap();
            let why = Plan::new(&file, &Options { namespace: None, replicas: 3 }).unwrap_err();
            let why = plan_error(&file, why).to_string();
            assert!(why.contains(expected), "{why}");
        }
    }

    #[test]
    fn advice_names_the_port_and_the_webhooks_of_the_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("admission.yaml");
        let profile = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/release";
        let policies = format!("policies: {{default: {{trustedProfiles: [\"{profile}\"]}}}}");
        let rest = "rules: [{policy: default, action: enforce}]\nserver: {listen: \"[::]:9443\"}";
        std::fs::write(&file, format!("version: 1\n{policies}\n{rest}\n")).unwrap();
        let plan = Plan::new(&file, &Options { namespace: Some("team"), replicas: 3 }).unwrap();
        let advice = unreached(&plan);
        assert!(advice.contains("port 9443") && advice.contains(" notation-admission-team`"), "{advice}");
    }
}

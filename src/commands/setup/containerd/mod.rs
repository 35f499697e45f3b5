//! `notation-aws-signer setup containerd`: makes this tool the image verifier of containerd, and checks that containerd
//! asks it.

mod effective;
mod findings;
mod install;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use admission::config::{Config, LogLevel};
use admission::log::Log;
use admission::metrics::Metrics;
use admission::service::Builder;
use notary::text::printable;

use self::effective::Containerd;
use self::findings::findings;
use self::install::Installation;
use super::report::{Item, Part, SetupReport};
use crate::commands::admission::verify_image;
use crate::output::Output;
use crate::output::exit::{CliError, ExitStatus};

/// Let containerd pull only images that the admission policy accepts.
///
/// Links this tool into containerd's folder of image verifiers as notation-image-verifier, writes a drop-in for
/// containerd's configuration, and checks that containerd verifies: several of its settings make the Kubernetes plugin
/// (CRI) pull images without asking a verifier, and say so only in its log. Restart containerd afterwards.
///
/// `ctr images pull --local` is never verified, and images that are on the node already are not verified when they run.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Verify the images that this node pulls, as root:
    notation-aws-signer setup containerd
    systemctl restart containerd

  Show whether containerd would pull an image unverified, and why:
    notation-aws-signer setup containerd --check

Exit codes: 0 containerd verifies images; 2 a check failed: the output says what to do.")]
pub(crate) struct Args {
    /// The admission configuration of this node
    #[arg(long, value_name = "FILE", default_value = verify_image::CONFIG)]
    config: PathBuf,

    /// Only check and show what to do; change nothing
    #[arg(long)]
    check: bool,

    /// The configuration of containerd
    #[arg(long, value_name = "FILE", default_value = "/etc/containerd/config.toml")]
    containerd_config: PathBuf,

    /// The containerd program
    #[arg(long, value_name = "PROGRAM", default_value = "containerd")]
    containerd: PathBuf,
}

pub(super) async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    let containerd = Containerd { program: args.containerd, config: args.containerd_config };
    let mut items = vec![configuration(&args.config)];
    let before = containerd.effective().await;
    items.push(match &before {
        Ok(effective) => effective.version_item(),
        Err(why) => Item::failed(Part::Containerd, why.clone()),
    });
    if let Ok(effective) = before {
        let installation = Installation::new(&containerd.config, &effective, &args.config);
        items.extend(if args.check { installation.check() } else { installation.ensure() });
        // What was written counts, too.
        let after = if args.check { Ok(effective) } else { containerd.effective().await };
        items.extend(match after {
            Ok(effective) => findings(&effective),
            Err(why) => vec![Item::failed(Part::Containerd, why)],
        });
    }
    let report = SetupReport::new(items);
    report.show(output)?;
    if report.has_changes() {
        output.note("Restart containerd: it reads its configuration when it starts.");
    }
    output.json(&report)?;
    Ok(report.status())
}

/// Whether the admission configuration can be used.
fn configuration(path: &Path) -> Item {
    let checked = || -> Result<Config, CliError> {
        let config = Config::load(path).map_err(CliError::configuration)?;
        let log = Log::to_standard_error(LogLevel::Error).map_err(CliError::file)?;
        let builder = Builder::new(Metrics::new(env!("CARGO_PKG_VERSION"), &[]), log, Default::default());
        builder.check(&config).map_err(CliError::configuration)?;
        Ok(config)
    };
    let item = match checked() {
        Ok(_) => Item::ok(Part::AdmissionConfiguration, "valid"),
        Err(why) => {
            let advice = "Write a configuration (docs/admission.md), and check it with `notation-aws-signer admission check-config`.";
            Item::failed(Part::AdmissionConfiguration, why.with_advice(advice))
        }
    };
    item.about(path.display())
}

/// A path as messages show it.
fn shown(path: &Path) -> String {
    printable(&path.display().to_string())
}

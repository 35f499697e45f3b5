//! `notation-aws-signer admission verify-image`, and the same program under the name `notation-image-verifier`.

use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use admission::config::{Config, LogLevel};
use admission::containerd::{Arguments, Judgement, MAX_INPUT, ask, check_input, image, judge};
use admission::log::Log;
use admission::metrics::Metrics;
use admission::service::Builder;
use limits::Deadline;
use notary::Disposition;
use notary::text::printable;

use super::serve::signer;
use crate::output::exit::ExitStatus;

/// The name by which containerd calls the program.
pub const NAME: &str = "notation-image-verifier";
/// The configuration, unless the environment or the command line names another.
pub const CONFIG: &str = "/etc/notation-aws-signer/admission.yaml";
/// The variable that names another configuration. containerd passes its own environment on.
pub const CONFIG_VARIABLE: &str = "NOTATION_AWS_SIGNER_ADMISSION_CONFIG";

/// containerd kills a verifier after 10 s, and then shows no reason.
const LONGEST: Duration = Duration::from_millis(8_800);
/// The time for an image to be judged.
const TIME: Duration = Duration::from_millis(8_000);
/// The part of it in which the service must answer: without it, the rest is enough to judge the image.
const SOCKET_TIME: Duration = Duration::from_millis(3_500);

/// Tell containerd whether an image may be pulled; containerd runs this.
///
/// containerd calls this program as notation-image-verifier, by a link that `setup containerd` makes, for each image
/// that is pulled. The repository of the name is verified by the digest. Exit code 0 lets the image be pulled; the
/// reason is on standard output.
///
/// With server.socket in the configuration, the service on this machine is asked, which remembers what it has judged.
/// If it does not answer, the image is judged without it.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "notation-aws-signer admission verify-image -name REF -digest DIGEST -stdin-media-type TYPE \
                      [-operation pull|run] [-config FILE]",
    after_help = "Examples:
  Judge an image as containerd does:
    notation-aws-signer admission verify-image \\
      -name registry.example.com/app:v1 -digest sha256:... \\
      -stdin-media-type application/vnd.oci.descriptor.v1+json \\
      <descriptor.json

Exit codes: 0 the image may be pulled; 1 it may not, for whatever reason."
)]
pub(super) struct Args {
    /// The arguments of containerd: -name, -digest, -stdin-media-type and -operation; and -config for another
    /// configuration than $NOTATION_AWS_SIGNER_ADMISSION_CONFIG and /etc/notation-aws-signer/admission.yaml
    #[arg(value_name = "ARGUMENT", trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// The arguments of containerd if the program was called as its image verifier.
#[must_use]
pub fn of_command_line(arguments: &[OsString]) -> Option<Vec<OsString>> {
    let (program, rest) = arguments.split_first()?;
    let is_link = Path::new(program).file_name().is_some_and(|name| name == NAME);
    if is_link || begins(rest) {
        return Some(rest.to_vec());
    }
    let [admission, command, of_containerd @ ..] = rest else { return None };
    (admission == "admission" && command == "verify-image" && begins(of_containerd)).then(|| of_containerd.to_vec())
}

fn begins(arguments: &[OsString]) -> bool {
    arguments.first().and_then(|first| first.to_str()).is_some_and(Arguments::begin)
}

pub(super) async fn run(args: Args) -> ExitStatus {
    verify(args.arguments).await
}

/// Judges the image and writes the reason. Whatever goes wrong blocks the image.
pub async fn verify(arguments: Vec<OsString>) -> ExitStatus {
    let late = || Judgement::blocked("no verdict was reached in time; the image is not pulled");
    let judging = tokio::time::timeout(LONGEST, judged(arguments));
    let judgement = judging.await.unwrap_or_else(|_| late());
    // containerd shows a reason that it cannot read as none; the exit code counts.
    let _ = writeln!(std::io::stdout(), "{}", judgement.reason);
    if judgement.is_allowed { ExitStatus::DONE } else { Disposition::Refused.into() }
}

async fn judged(arguments: Vec<OsString>) -> Judgement {
    let deadline = Deadline::new(TIME);
    let arguments = match Arguments::parse(arguments) {
        Ok(arguments) => arguments,
        Err(why) => return Judgement::blocked(why.to_string()),
    };
    let input = match tokio::task::spawn_blocking(standard_input).await {
        Ok(Ok(input)) => input,
        Ok(Err(why)) => return Judgement::blocked(why),
        Err(_) => return Judgement::blocked("internal error: standard input was not read"),
    };
    if let Err(why) = check_input(&arguments.media_type, &input, &arguments.digest) {
        return Judgement::blocked(why.to_string());
    }
    let image = match image(&arguments.name, &arguments.digest) {
        Ok(image) => image,
        Err(why) => return Judgement::blocked(why),
    };
    let file = arguments.config.unwrap_or_else(config_file);
    let config = match Config::load(&file) {
        Ok(config) => config,
        Err(why) => return Judgement::blocked(format!("the configuration cannot be used: {why}")),
    };
    if let Some(socket) = &config.server.socket {
        match ask(socket, &image, deadline.with_budget(SOCKET_TIME)).await {
            Ok(judgement) => return judgement,
            // containerd logs it at the level debug.
            Err(why) => eprintln!("{}: {why}; the image is judged without the service", shown(socket)),
        }
    }
    match decider(&config).await {
        Ok(decider) => judge(&decider, &image, deadline).await,
        Err(why) => Judgement::blocked(format!("the configuration cannot be used: {why}")),
    }
}

async fn decider(config: &Config) -> Result<admission::decision::Decider, String> {
    let log = Log::to_standard_error(LogLevel::Error).map_err(|why| why.to_string())?;
    let signer = signer().map_err(|why| why.to_string())?;
    let mut builder = Builder::new(Metrics::new(env!("CARGO_PKG_VERSION"), &[]), log, signer);
    builder.decider(config).await.map_err(|why| why.to_string())
}

/// The configuration of this machine.
fn config_file() -> PathBuf {
    let named = std::env::var_os(CONFIG_VARIABLE).filter(|name| !name.is_empty());
    named.map_or_else(|| PathBuf::from(CONFIG), PathBuf::from)
}

fn standard_input() -> Result<Vec<u8>, String> {
    let mut input = Vec::new();
    let read = std::io::stdin().lock().take(MAX_INPUT + 1).read_to_end(&mut input);
    read.map_err(|why| format!("standard input cannot be read: {why}"))?;
    match input.len() as u64 > MAX_INPUT {
        true => Err(format!("standard input has more than {MAX_INPUT} bytes")),
        false => Ok(input),
    }
}

fn shown(path: &Path) -> String {
    printable(&path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_a_verifier_by_its_name_or_its_first_argument() {
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        for line in [
            "/opt/containerd/image-verifier/bin/notation-image-verifier -name a",
            "notation-image-verifier -digest d",
            "notation-aws-signer -name a",
            "/usr/bin/notation-aws-signer --name=a",
        ] {
            assert_eq!(of_command_line(&words(line)), Some(words(line)[1..].to_vec()), "{line}");
        }
        let words_of_containerd = words("-digest=d -name a");
        assert_eq!(of_command_line(&words("n admission verify-image -name a")), Some(words("-name a")));
        assert_eq!(
            of_command_line(&[words("x/notation-image-verifier"), words_of_containerd.clone()].concat()),
            Some(words_of_containerd)
        );
        for line in ["notation-aws-signer", "notation-aws-signer verify -name", "notation-aws-signer --version"] {
            assert_eq!(of_command_line(&words(line)), None, "{line}");
        }
    }
}

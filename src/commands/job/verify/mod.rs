//! `notation-aws-signer job verify`.

mod image;
mod report;
mod zip;

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use crate::arguments::input_file;
use crate::arguments::signer::SignerArgs;
use crate::output::Output;
use crate::output::exit::{CliError, ExitStatus};
use crate::verification::{TRUSTED, VerificationArgs};

/// The options for zip files, which name their signer.
const OF_ZIP_FILES: [&str; 6] =
    ["trusted_profiles", "roots", "policy", "policy_name", "user_metadata", "plugin_config"];

/// Verify a file that a signing job has signed: a zip file for AWS Lambda, or an image for a device.
///
/// A zip file is verified if its signature passes every check (integrity, a trusted signer, expiry, certificates valid
/// at signing time, revocation), and each entry is as it was signed; otherwise each difference is named. Zip files that
/// AWS itself has signed have another form, which AWS does not publish. Choose the signing profiles to trust with
/// --trusted-profile, and the root certificate of the local signer with --root.
///
/// An image (JSON) names no signer. It is verified with the code signing certificate that --certificate names. If the
/// image is not in the file, name it with --payload.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Verify a zip file that the local signer with the state in ./signer has signed:
    notation-aws-signer job verify signed.zip \\
      --trusted-profile arn:aws:signer:us-west-2:111122223333:/signing-profiles/zip \\
      --root signer/ca/root.pem --endpoint-url http://127.0.0.1:8274

  Verify firmware with the certificate of its signer:
    notation-aws-signer job verify firmware.json --certificate signer.pem

  Verify firmware that is in a file of its own:
    notation-aws-signer job verify firmware.json --certificate signer.pem \\
      --payload firmware.bin

Exit codes: 0 verified, or skipped because the trust policy says so (a note reports it); 1 refused; 2 the command line, a file, \
  the trust policy or a permission is wrong; 3 no verdict because of the network, throttling or an unknown revocation \
  status: a retry may succeed.")]
pub(super) struct Args {
    /// The file to verify
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    /// Images: the certificate of the signer (PEM), which is trusted
    #[arg(long, value_name = "FILE", conflicts_with_all = OF_ZIP_FILES)]
    certificate: Option<PathBuf>,

    /// Images: the image itself, if it is not in the signed file
    #[arg(long, value_name = "FILE", requires = "certificate", conflicts_with_all = OF_ZIP_FILES)]
    payload: Option<PathBuf>,

    /// Zip files: apply the statement with this name of the trust policy for blobs [default: the statement with
    /// globalPolicy]
    #[arg(long, value_name = "NAME", conflicts_with_all = TRUSTED)]
    policy_name: Option<String>,

    #[command(flatten)]
    verification: VerificationArgs,

    #[command(flatten)]
    signer: SignerArgs,
}

pub(super) async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    let Args { file, certificate, payload, policy_name, verification, signer } = args;
    // `--trusted-profile ARN FILE` makes clap take FILE for another ARN.
    let (intent, beyond) = verification.into_intent()?;
    let mut files = file.into_iter().chain(beyond.into_iter().map(PathBuf::from));
    let file = match (files.next(), files.next()) {
        (Some(file), None) => file,
        (Some(_), Some(_)) => {
            let why = CliError::configuration("several files are given");
            return Err(why.with_advice("Verify them one at a time."));
        }
        (None, _) => return Err(CliError::configuration("no file is given").with_advice("Name the file to verify.")),
    };
    // Devices and pipes cannot be read in any order.
    let content = input_file::open(&file)?;
    if is_json(&content) {
        if !intent.trusted.is_empty() {
            let why = format!("{} is a signed image, which names no signing profile", file.display());
            let advice = "Trust the certificate of its signer: pass --certificate instead of --trusted-profile.";
            return Err(CliError::configuration(why).with_advice(advice));
        }
        let trusted = image::Trusted { certificate, payload };
        return image::verify(&file, &content, &trusted, output);
    }
    if certificate.is_some() {
        let why = format!("{} is not a signed image, and --certificate is for images", file.display());
        let advice = "Choose the signing profiles to trust with --trusted-profile, and the root with --root.";
        return Err(CliError::configuration(why).with_advice(advice));
    }
    zip::verify(&file, content, intent, policy_name.as_deref(), &signer, output).await
}

/// Whether a file begins as a JSON object.
fn is_json(file: &File) -> bool {
    let mut first = [0; 64];
    let length = file.read_at(&mut first, 0).unwrap_or_default();
    first[..length].trim_ascii_start().first() == Some(&b'{')
}

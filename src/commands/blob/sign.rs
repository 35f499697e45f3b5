//! `notation-aws-signer blob sign`.

use std::path::{Path, PathBuf};

use aws_signer::ClientPool;
use notary::envelope::EnvelopeFormat;
use notary::text::printable;
use notary::{Descriptor, ReasonCode, UserMetadata};
use notation::blob::{DEFAULT_MEDIA_TYPE, signature_extension};
use notation::sign::{SignBlobError, SignedBlob, sign_blob};
use serde::Serialize;

use crate::arguments::metadata::Pair;
use crate::arguments::own_signer::{OWN_SIGNER, OwnSignerArgs};
use crate::arguments::signer::{SignerArgs, budget, client_of};
use crate::arguments::signing_profile::SigningProfile;
use crate::arguments::{input_file, metadata};
use crate::commands::sign::{NewSignature, OwnSigning, show_new_signature, where_written};
use crate::output::exit::{CliError, ExitStatus};
use crate::output::vocabulary::{SignatureReport, SignedContent};
use crate::output::{GOOD, Output, SCHEMA_VERSION, paint, show_fact};

/// Sign a file with AWS Signer.
///
/// Signing plugins of notation and keys in files can sign, too. The signature is written to FILE.jws.sig, or to
/// FILE.cose.sig with --signature-format cose. The file is hashed with the hash that the key requires: SHA-384 for AWS
/// Signer's keys.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Sign an archive, and write the signature to app.tar.gz.jws.sig:
    notation-aws-signer blob sign app.tar.gz --media-type application/gzip \\
      --profile arn:aws:signer:us-west-2:111122223333:/signing-profiles/pipeline

  Sign it with a private key, for 90 days, in the COSE format:
    notation-aws-signer blob sign app.tar.gz --media-type application/gzip \\
      --key key.pem --certificate-chain chain.pem \\
      --signature-format cose --expiry 90d

Exit codes: 0 signed; 2 the command line, a file, the configuration or a permission is wrong; 3 AWS Signer could not be \
  reached or did not sign: a retry may succeed.")]
pub(super) struct Args {
    /// The file to sign
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The signing profile: arn:aws:signer:REGION:ACCOUNT:/signing-profiles/NAME. A NAME alone is completed if the AWS
    /// configuration has region and account
    #[arg(long, value_name = "ARN", conflicts_with_all = OWN_SIGNER)]
    profile: Option<SigningProfile>,

    /// The media type of the content, which is signed too; `blob verify --media-type` checks it
    #[arg(long, value_name = "TYPE", default_value = DEFAULT_MEDIA_TYPE)]
    media_type: String,

    /// Sign this metadata with the file; `blob verify --user-metadata` checks it. Repeat for several
    #[arg(long = "user-metadata", short = 'm', value_name = "KEY=VALUE", value_parser = metadata::pair)]
    user_metadata: Vec<Pair>,

    /// Write the signature to this file instead of FILE.jws.sig or FILE.cose.sig; - is standard output
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,

    /// Replace the signature file if it exists
    #[arg(long)]
    force: bool,

    #[command(flatten)]
    own: OwnSignerArgs,

    #[command(flatten)]
    signer: SignerArgs,
}

/// The result: docs/output/blob-sign.schema.json.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct BlobSignReport {
    schema_version: u32,
    status: &'static str,
    file: String,
    digest: String,
    media_type: String,
    size: u64,
    outcome: &'static str,
    signature: SignatureReport,
}

pub(super) async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    let user_metadata = UserMetadata::from_pairs(args.user_metadata)?;
    let signature = args.signature.unwrap_or_else(|| signature_of(&args.file, args.own.format()));
    let signature = args.own.output_file(signature, args.force)?;
    let output = &signature.beside(output)?;
    let content = input_file::open(&args.file)?;
    let config = args.signer.config()?.with_waits(output.waits());
    let budget = budget(&config);
    let media_type = &args.media_type;
    let signed = match (args.profile, OwnSigning::new(&args.own, &ClientPool::new(config.clone()))?) {
        (_, Some(own)) => {
            let _waiting = output.waiting(&format!("signing {}", args.file.display()));
            let signed = own.sign_blob(content, media_type, user_metadata, budget).await;
            Signed::by_another(signed.map_err(|why| why.context(args.file.display()))?)?
        }
        (Some(profile), None) => {
            args.own.refuse_for_aws_signer()?;
            let profile = profile.arn(&args.signer, &config, output)?;
            let _waiting = output.waiting(&format!("signing {}", args.file.display()));
            let client = client_of(&config, &profile).await?;
            let signed = sign_blob(content, media_type, user_metadata, &client, &profile, budget).await;
            Signed::by_aws_signer(signed.map_err(|why| failed(why).context(args.file.display()))?)
        }
        (None, None) => return Err(OwnSignerArgs::none()),
    };
    signature.write(&signed.envelope, 0o644)?;
    show(&args.file, signature.path(), signed, output)?;
    Ok(ExitStatus::DONE)
}

/// A signed file.
struct Signed {
    blob: Descriptor,
    envelope: Vec<u8>,
    content: SignedContent,
}

impl Signed {
    fn by_aws_signer(signed: SignedBlob) -> Self {
        let SignedBlob { blob, signature, .. } = signed;
        let (verified, signer) = (&signature.verified, &signature.signer);
        let certificates = verified.chain().certificates();
        let metadata = blob.annotations.clone();
        let content =
            SignedContent::new(verified.format(), verified.attributes(), certificates, metadata, Some(signer));
        Self { blob, envelope: signature.envelope, content }
    }

    fn by_another((blob, signature): (Descriptor, NewSignature)) -> Result<Self, CliError> {
        Ok(Self { blob, content: signature.content()?, envelope: signature.envelope.bytes().to_vec() })
    }
}

/// The default file of a signature in this format, as notation names it.
pub(super) fn signature_of(file: &Path, format: EnvelopeFormat) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(signature_extension(format));
    name.into()
}

fn failed(why: SignBlobError) -> CliError {
    match why {
        SignBlobError::Sign(why) => why.into(),
        SignBlobError::OtherKey => CliError::new(ReasonCode::Protocol, why),
        SignBlobError::Read(_) => CliError::file(why),
        _ => CliError::configuration(why),
    }
}

fn show(file: &Path, signature: &Path, signed: Signed, output: &Output) -> Result<(), CliError> {
    let Signed { blob, envelope, content } = signed;
    let signature = SignatureReport::from_file(signature, &envelope).with_content(content);
    let name = printable(&file.display().to_string());
    output.text(format!("{name} {}{}", paint(GOOD, "signed"), where_written(&signature)))?;
    if output.is_verbose() {
        show_fact("digest", 15, &blob.digest, output)?;
        show_new_signature(&signature, output)?;
    }
    output.json(&BlobSignReport {
        schema_version: SCHEMA_VERSION,
        status: ExitStatus::DONE.as_str(),
        file: file.display().to_string(),
        digest: blob.digest.to_string(),
        media_type: blob.media_type,
        size: blob.size,
        outcome: "signed",
        signature,
    })
}

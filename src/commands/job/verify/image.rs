//! Signed images for devices.

use std::fs::File;
use std::path::{Path, PathBuf};

use code_signing::Content;
use code_signing::image::{ImageError, Payload, SignedImage, check_certificate};
use notary::ReasonCode;
use notary::text::rfc3339;
use notation::trust_store::read_certificates;
use time::OffsetDateTime;

use super::report::{JobVerifyReport, SignedFile};
use crate::arguments::input_file;
use crate::output::Output;
use crate::output::exit::{CliError, ExitStatus};

/// What an image is verified with.
pub(super) struct Trusted {
    pub(super) certificate: Option<PathBuf>,
    pub(super) payload: Option<PathBuf>,
}

pub(super) fn verify(file: &Path, content: &File, trusted: &Trusted, output: &Output) -> Result<ExitStatus, CliError> {
    let Some(certificate) = &trusted.certificate else {
        let why = format!("{} is a signed image, which does not say who signed it", file.display());
        return Err(CliError::configuration(why).with_advice("Name the certificate of the signer with --certificate."));
    };
    let certificates = read_certificates(certificate).map_err(|why| CliError::from(why).context("--certificate"))?;
    // The others are its chain.
    let Some(certificate) = certificates.into_iter().next() else {
        return Err(CliError::configuration("--certificate names a file without certificates"));
    };
    check_certificate(&certificate).map_err(|why| CliError::configuration(why).context("--certificate"))?;
    let image = SignedImage::parse(&read(file, content)?).map_err(|why| image_error(&why).context(file.display()))?;
    let payload = trusted.payload.as_deref().map(input_file::open).transpose()?;
    let checked = image.verify(&certificate, payload.as_ref().map(|file| file as &dyn Content));
    let error = match checked {
        Err(why) => Some(image_error(&why)),
        Ok(()) => expired(&certificate),
    };
    let location = match image.payload {
        Payload::Detached(location) => Some(location),
        Payload::Embedded(_) => None,
    };
    let signed = SignedFile::Image {
        algorithm: image.algorithm.as_str(),
        size: image.size,
        certificate: Box::new(certificate),
        location,
    };
    JobVerifyReport::new(file, signed, error).show(output)
}

/// The file states no time of signing, so the certificate must be valid now.
fn expired(certificate: &notary::x509::Certificate) -> Option<CliError> {
    let now = OffsetDateTime::now_utc();
    let (from, to) = (certificate.not_before(), certificate.not_after());
    if (from..=to).contains(&now) {
        return None;
    }
    let why = format!("the certificate is valid from {} to {}, not now", rfc3339(from), rfc3339(to));
    Some(CliError::new(ReasonCode::CertificateValidity, why))
}

fn read(path: &Path, file: &File) -> Result<Vec<u8>, CliError> {
    let unreadable = |why: std::io::Error| input_file::unreadable(path, why);
    let size = Content::size(file).map_err(unreadable)?;
    if size > SignedImage::MOST {
        let why = format!("{} has {size} bytes; a signed image has at most {}", path.display(), SignedImage::MOST);
        return Err(CliError::new(ReasonCode::TooMany, why));
    }
    let mut bytes = vec![0; usize::try_from(size).unwrap_or_default()];
    file.read_exact_at(&mut bytes, 0).map_err(unreadable)?;
    Ok(bytes)
}

fn image_error(why: &ImageError) -> CliError {
    match why {
        ImageError::NoContent(_) => CliError::configuration(why).with_advice("Name the image with --payload."),
        ImageError::Read(_) => CliError::file(why),
        ImageError::Algorithm(_) => CliError::new(ReasonCode::Unsupported, why),
        ImageError::OtherKey(_) => CliError::new(ReasonCode::Untrusted, why),
        ImageError::Size { .. } => CliError::new(ReasonCode::OtherArtifact, why),
        _ => CliError::new(ReasonCode::Integrity, why),
    }
}

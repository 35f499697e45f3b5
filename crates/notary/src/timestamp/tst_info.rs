//! `TSTInfo`: what a timestamping authority states. RFC 3161, 2.4.2.

use der::Tag;
use der::asn1::ObjectIdentifier;
use time::{Duration, OffsetDateTime};
use x509_cert::ext::Extensions;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use super::algorithm::hash;
use super::error::TimestampError as E;
use crate::DigestAlgorithm;
use crate::element::{Element, Elements, context, single, unsigned};
use crate::text::rfc3339;
use crate::x509::Certificate;

/// The baseline time-stamp policy: RFC 3628, 5.2.
const BASELINE_POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.2023.1.1");
const PART: &str = "TSTInfo";

/// What an authority states about a message: the DER must be verified by
/// [`TimestampToken::verify`](super::TimestampToken::verify).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TstInfo {
    /// The policy of the authority.
    pub policy: ObjectIdentifier,
    /// The hash function that the message was hashed with.
    pub hash_algorithm: DigestAlgorithm,
    /// The hash of the message.
    pub hashed_message: Vec<u8>,
    /// The number of the token, without leading zeros; unique for an authority.
    pub serial_number: Vec<u8>,
    /// When the token was created, within [`Self::accuracy`]. Parts of a nanosecond are cut off.
    pub gen_time: OffsetDateTime,
    /// Whether parts of a nanosecond were cut off.
    cut_off: bool,
    /// How far the clock of the authority may be off, if it says so.
    pub accuracy: Option<Accuracy>,
    /// The nonce of the request, if it had one: the content of the INTEGER.
    pub nonce: Option<Vec<u8>>,
    /// The name of the authority, if stated.
    tsa: Option<GeneralName>,
}

/// `Accuracy`: a time deviation around `genTime`. It is added for the upper limit, and subtracted for the lower one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accuracy(Duration);

impl Accuracy {
    /// Returns the deviation. It is not negative.
    #[must_use]
    pub fn duration(self) -> Duration {
        self.0
    }
}

impl TstInfo {
    /// Parses the content of a token.
    pub(super) fn parse(content: &[u8]) -> Result<Self, E> {
        let malformed = E::malformed(PART);
        let mut fields = single(content, Tag::Sequence).and_then(|info| info.elements()).map_err(&malformed)?;
        let version = fields.decode::<u8>().map_err(&malformed)?;
        if version != 1 {
            return Err(E::Version { part: PART, found: version, expected: 1 });
        }
        let policy = fields.decode().map_err(&malformed)?;
        let (hash_algorithm, hashed_message) = message_imprint(&fields.required(Tag::Sequence).map_err(&malformed)?)?;
        let serial_number = fields.required(Tag::Integer).map_err(&malformed)?;
        let serial_number = unsigned(&serial_number).map_err(&malformed)?;
        let serial_number = serial_number.ok_or_else(|| E::wrong(PART, "the serial number is negative"))?.to_vec();
        let (gen_time, cut_off) = gen_time(fields.required(Tag::GeneralizedTime).map_err(&malformed)?.content)
            .ok_or_else(|| E::wrong("genTime", "not a GeneralizedTime in UTC in the form of DER"))?;
        let accuracy = fields.optional(Tag::Sequence).map_err(&malformed)?;
        // Whether tokens of the authority can be ordered by time does not matter here.
        if let Some(ordering) = fields.optional(Tag::Boolean).map_err(&malformed)? {
            ordering.decode::<bool>().map_err(&malformed)?;
        }
        let nonce = fields.optional(Tag::Integer).map_err(&malformed)?;
        nonce.map(|nonce| nonce.decode::<der::asn1::IntRef<'_>>()).transpose().map_err(&malformed)?;
        let tsa = fields.optional(context(0)).map_err(&malformed)?;
        let tsa = tsa.map(|tsa| name(tsa.content)).transpose().map_err(E::malformed("tsa"))?;
        if let Some(extensions) = fields.optional(context(1)).map_err(&malformed)? {
            check_extensions(&extensions)?;
        }
        fields.finish().map_err(&malformed)?;
        Ok(Self {
            policy,
            hash_algorithm,
            hashed_message,
            serial_number,
            gen_time,
            cut_off,
            accuracy: accuracy.map(|accuracy| self::accuracy(&accuracy)).transpose()?,
            nonce: nonce.map(|nonce| nonce.content.to_vec()),
            tsa,
        })
    }

    /// Whether the timestamp is for this message.
    #[must_use]
    pub fn is_for(&self, message: &[u8]) -> bool {
        self.hash_algorithm.hash(message).as_ref() == self.hashed_message
    }

    /// Returns the deviation that counts: "If the accuracy is not explicitly specified and `TSTInfo.policy` is the
    /// baseline time-stamp policy, use accuracy of 1 second. Otherwise, use an accuracy of 0."
    #[must_use]
    pub fn deviation(&self) -> Duration {
        match self.accuracy {
            Some(accuracy) => accuracy.0,
            None if self.policy == BASELINE_POLICY => Duration::SECOND,
            None => Duration::ZERO,
        }
    }

    /// Returns the lower and upper limit of the time at which the token was created.
    pub(super) fn limits(&self) -> Result<(OffsetDateTime, OffsetDateTime), E> {
        let deviation = self.deviation();
        let cut_off = Duration::nanoseconds(self.cut_off.into());
        let lower = self.gen_time.checked_sub(deviation);
        let upper = self.gen_time.checked_add(deviation).and_then(|upper| upper.checked_add(cut_off));
        lower.zip(upper).ok_or(E::Accuracy(self.gen_time))
    }

    /// Checks the name of the authority: "If present, it MUST correspond to one of the subject names included in the
    /// certificate that is to be used to verify the token" (RFC 3161, 2.4.2). Names are compared as text without case,
    /// since authorities encode one name in several ways; the certificate itself is identified by its hash.
    pub(super) fn check_authority(&self, signer: &Certificate) -> Result<(), E> {
        let Some(tsa) = &self.tsa else { return Ok(()) };
        let text = |name: &x509_cert::name::Name| name.to_string().to_lowercase();
        let is_same = |name: &GeneralName| match (tsa, name) {
            (GeneralName::DirectoryName(a), GeneralName::DirectoryName(b)) => text(a) == text(b),
            (a, b) => a == b,
        };
        let is_subject = matches!(tsa, GeneralName::DirectoryName(name) if text(name) == text(signer.subject_name()));
        let alternatives = signer.fields().get_extension::<SubjectAltName>().ok().flatten();
        if is_subject || alternatives.is_some_and(|(_, names)| names.0.iter().any(is_same)) {
            return Ok(());
        }
        Err(E::OtherAuthority(signer.subject().to_owned()))
    }
}

/// `MessageImprint`.
fn message_imprint(imprint: &Element<'_>) -> Result<(DigestAlgorithm, Vec<u8>), E> {
    let malformed = E::malformed("messageImprint");
    let mut fields = imprint.elements().map_err(&malformed)?;
    let algorithm = hash("the hashAlgorithm of messageImprint", &fields.required(Tag::Sequence).map_err(&malformed)?)?;
    let hashed = fields.required(Tag::OctetString).map_err(&malformed)?.content.to_vec();
    fields.finish().map_err(&malformed)?;
    Ok((algorithm, hashed))
}

/// The time of a GeneralizedTime in the form of DER, and whether parts of a nanosecond were cut off. "The ASN.1
/// GeneralizedTime syntax can include fraction-of-second details"; "The encoding MUST terminate with a Z"; "The
/// fraction part, if present, MUST omit all trailing 0's" (RFC 3161, 2.4.2).
fn gen_time(text: &[u8]) -> Option<(OffsetDateTime, bool)> {
    const MAX_FRACTION: usize = 32;
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() != 14 || !are_digits(whole) {
        return None;
    }
    let form = time::macros::format_description!("[year][month][day][hour][minute][second]");
    let time = time::PrimitiveDateTime::parse(whole, form).ok()?.assume_utc();
    let Some(fraction) = fraction else { return Some((time, false)) };
    let is_short = (1..=MAX_FRACTION).contains(&fraction.len());
    if !is_short || !are_digits(fraction) || fraction.ends_with('0') {
        return None;
    }
    let nanoseconds: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
    let time = time.replace_nanosecond(nanoseconds.parse().ok()?).ok()?;
    Some((time, fraction.len() > 9))
}

/// `Accuracy`. "If either seconds, millis or micros is missing, then a value of zero MUST be taken for the missing
/// field" (RFC 3161, 2.4.2).
fn accuracy(accuracy: &Element<'_>) -> Result<Accuracy, E> {
    const PART: &str = "accuracy";
    let malformed = E::malformed(PART);
    let mut fields = accuracy.elements().map_err(&malformed)?;
    let seconds = fields.optional(Tag::Integer).map_err(&malformed)?;
    let seconds = seconds.map_or(Ok(0), |seconds| seconds.decode::<u64>()).map_err(&malformed)?;
    let millis = fraction(&mut fields, 0)?;
    let micros = fraction(&mut fields, 1)?;
    fields.finish().map_err(&malformed)?;
    let seconds = i64::try_from(seconds).map_err(|_| E::wrong(PART, "too many seconds"))?;
    let parts = Duration::milliseconds(millis.into()) + Duration::microseconds(micros.into());
    let sum = Duration::seconds(seconds).checked_add(parts);
    sum.map(Accuracy).ok_or_else(|| E::wrong(PART, "too many seconds"))
}

/// `[number] INTEGER (1..999)`, which is optional.
fn fraction(fields: &mut Elements<'_>, number: u32) -> Result<u16, E> {
    const PART: &str = "accuracy";
    let tag = Tag::ContextSpecific { constructed: false, number: der::TagNumber(number) };
    let Some(element) = fields.optional(tag).map_err(E::malformed(PART))? else { return Ok(0) };
    match *element.content {
        [low @ 1..=0x7f] => Ok(low.into()),
        [0, low @ 0x80..=0xff] => Ok(low.into()),
        [high @ 1..=3, low] if u16::from_be_bytes([high, low]) <= 999 => Ok(u16::from_be_bytes([high, low])),
        _ => Err(E::wrong(PART, "millis and micros must be between 1 and 999")),
    }
}

fn name(der: &[u8]) -> der::Result<GeneralName> {
    der::Decode::from_der(der)
}

/// `[1] IMPLICIT Extensions`. No extension is known, so a critical one cannot be accepted.
fn check_extensions(extensions: &Element<'_>) -> Result<(), E> {
    let malformed = E::malformed("the extensions of TSTInfo");
    let mut der = extensions.der.to_vec();
    if let Some(tag) = der.first_mut() {
        *tag = 0x30;
    }
    let extensions: Extensions = der::Decode::from_der(&der).map_err(malformed)?;
    match extensions.iter().find(|extension| extension.critical) {
        Some(extension) => Err(E::CriticalExtension(extension.extn_id)),
        None => Ok(()),
    }
}

impl std::fmt::Display for TstInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (accuracy {} s)", rfc3339(self.gen_time), self.deviation().as_seconds_f64())
    }
}

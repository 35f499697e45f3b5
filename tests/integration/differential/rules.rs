//! The rules that decide where the verdicts of this library and notation differ.

use std::fmt;

/// The reason for a difference.
#[derive(Debug, Clone, Copy)]
pub enum Rule {
    /// A specification: document, section, quote.
    Says(&'static str, &'static str, &'static str),
    /// No specification decides it; a sentence of docs/verification.md does.
    Chosen(&'static str),
}

impl Rule {
    /// The text that docs/verification.md must contain.
    pub fn words(self) -> &'static str {
        match self {
            Rule::Says(_, _, words) | Rule::Chosen(words) => words,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rule::Says(document, section, words) => write!(f, "{document}, {section:?}: {words:?}"),
            Rule::Chosen(words) => write!(f, "docs/verification.md: {words:?}"),
        }
    }
}

const JWS: &str = "signature-envelope-jws.md";
const COSE: &str = "signature-envelope-cose.md";
const SIGNATURE: &str = "signature-specification.md";
const RFC9052: &str = "RFC 9052";

pub const CRITICAL_UNKNOWN: Rule = Rule::Says(
    SIGNATURE,
    "Extended attributes",
    "unknown critical attributes MUST cause signature verification to fail",
);
pub const CRITICAL_REGISTERED: Rule =
    Rule::Says(JWS, "Protected Headers", "It MUST only contain headers apart from registered headers");
pub const PLUGIN_VERSION: Rule = Rule::Says(
    JWS,
    "Extended Protected Headers for *Notation* Plugins",
    "specifies the minimum version of the verification plugin that MUST be used to verify the signature",
);
pub const TIME: Rule = Rule::Says(JWS, "Protected Headers", "Its value is a [RFC 3339][rfc3339] formatted date time");
pub const UNTRUSTED_TIME: Rule =
    Rule::Says(JWS, "Protected Headers", "This is an untrusted timestamp, and therefore not used in trust decisions");
pub const EXPIRED: Rule = Rule::Says(
    SIGNATURE,
    "Expiry",
    "The artifact is considered expired when the current time is greater than or equal to expiry time",
);
pub const REGISTERED: Rule = Rule::Says(JWS, "Protected Headers", "Registered headers - `alg`, `cty`, and `crit`");
pub const UNPROTECTED: Rule = Rule::Says(
    JWS,
    "Unprotected Headers",
    "The Notary Project signature supports following unprotected headers: `timestamp`, `x5c` and `io.cncf.notary.signingAgent`",
);
pub const TOP_LEVEL: Rule = Rule::Says(JWS, "Signature Envelope", "no additional top level fields are supported");
pub const BASE64URL: Rule = Rule::Says(
    JWS,
    "Create the *JWS Signing Input*",
    "with all trailing '=' characters omitted and without the inclusion of any additional characters",
);
pub const BASE64: Rule =
    Rule::Says(JWS, "Unprotected Headers", "each string in the array is a base64-encoded DER certificate value");
pub const UNIQUE: Rule = Rule::Says("RFC 8259", "4. Objects", "The names within an object SHOULD be unique");
pub const PAYLOAD: Rule =
    Rule::Says(SIGNATURE, "Signed Attributes", "Such metadata MUST NOT be stored/appended in the payload");
pub const DESCRIPTOR: Rule =
    Rule::Says(SIGNATURE, "Payload", "Descriptor MUST contain `mediaType`, `digest`, and `size` fields");
pub const BASIC_CONSTRAINTS: Rule = Rule::Says(
    SIGNATURE,
    "Root and Intermediate CA Certificates",
    "The `basicConstraints` extension MUST be present and MUST be marked as critical",
);
pub const ANY_USAGE: Rule = Rule::Says(SIGNATURE, "Leaf Certificates", "MUST NOT contain `anyExtendedKeyUsage`");
pub const CONFIG_TYPE: Rule = Rule::Says(
    SIGNATURE,
    "OCI Signatures",
    "When `artifactType` exists, `mediaType` MUST be `application/vnd.oci.empty.v1+json`",
);
pub const ARTIFACT_TYPE: Rule = Rule::Says(
    SIGNATURE,
    "OCI Signatures",
    "This OPTIONAL property, if present, MUST be `application/vnd.cncf.notary.signature`",
);
pub const ARTIFACT_TYPE_FORM: Rule = Rule::Says(
    SIGNATURE,
    "OCI Signatures",
    "The signature manifest uses either the `artifactType` property or `config.mediaType` to indicate it's a Notary Project \
     signature",
);
pub const MANIFEST: Rule = Rule::Says(
    SIGNATURE,
    "OCI Signatures",
    "Besides the [image manifest property requirements][image-manifest-property-descriptions]",
);

pub const COSE_CRITICAL: Rule = Rule::Says(
    COSE,
    "Protected Header",
    "It MUST only contain parameters apart from integer labels in the range of 0 to 8",
);
pub const COSE_INFORMATIONAL: Rule = Rule::Says(
    SIGNATURE,
    "Signed Attributes",
    "Claims which are informational and do not influence signature verification MUST NOT be marked critical",
);
pub const COSE_TIME: Rule =
    Rule::Says(COSE, "Protected Header", "Its value is an Epoch-Based Date/Time defined in [RFC 8949]");
pub const COSE_SCHEME_TIME: Rule =
    Rule::Says(COSE, "Protected Header", "This claim is REQUIRED and only valid when signing scheme is `notary.x509`");
pub const COSE_UNPROTECTED: Rule = Rule::Says(
    COSE,
    "Unprotected Headers",
    "The Notary Project signature supports the following unprotected header parameters",
);
pub const COSE_CHAIN: Rule =
    Rule::Says(COSE, "Unprotected Headers", "Optionally, this header can be presented in the protected header");
pub const COSE_AGENT: Rule = Rule::Says(COSE, "Unprotected Headers", "**`io.cncf.notary.signingAgent`** (*tstr*)");
pub const COSE_TIMESTAMP: Rule =
    Rule::Says(COSE, "Unprotected Headers", "**`io.cncf.notary.timestampSignature`** (*bstr*)");
pub const COSE_HASH: Rule = Rule::Says(
    COSE,
    "COSE Hash Envelope",
    "`content type` (label `3`) MUST NOT be present in the protected or unprotected headers",
);
pub const COSE_SINGLE: Rule = Rule::Says(
    "RFC 9360",
    "2. X.509 COSE Header Parameters",
    "If a single certificate is conveyed, it is placed in a CBOR byte string",
);
pub const COSE_ENCODING: Rule = Rule::Says(
    RFC9052,
    "9. CBOR Encoding Restrictions",
    "The restriction applies to the encoding of the Sig_structure, the Enc_structure, and the MAC_structure",
);
pub const COSE_BOTH: Rule = Rule::Says(
    RFC9052,
    "3. Header Parameters",
    "Applications SHOULD verify that the same label does not occur in both the protected and unprotected header parameters",
);
pub const COSE_LABEL: Rule = Rule::Says(RFC9052, "1.5. CBOR-Related Terminology", "label = int / tstr");
const CMS: &str = "RFC 5652";
const TSP: &str = "RFC 3161";
const ESS: &str = "RFC 5035";

pub const ONE_SIGNATURE: Rule = Rule::Says(
    TSP,
    "2.4.2. Response Format",
    "The time-stamp token MUST NOT contain any signatures other than the signature of the TSA",
);
pub const TSA_NAME: Rule = Rule::Says(
    TSP,
    "2.4.2. Response Format",
    "it MUST correspond to one of the subject names included in the certificate that is to be used to verify the token",
);
pub const ACCURACY: Rule = Rule::Says(TSP, "2.4.2. Response Format", "millis [0] INTEGER (1..999) OPTIONAL");
pub const TOKEN_DER: Rule =
    Rule::Says(TSP, "3.4. Time-Stamp Protocol via HTTP", "the ASN.1 DER-encoded Time-Stamp Response message");
pub const ONE_DIGEST: Rule =
    Rule::Says(CMS, "11.2. Message Digest", "MUST NOT include multiple instances of the message-digest attribute");
pub const SAME_DIGEST: Rule = Rule::Says(
    CMS,
    "5.5. Signature Generation Process",
    "The input to the signature generation process includes the result of the message digest calculation process",
);
pub const KEY_IDENTIFIER: Rule = Rule::Says(
    CMS,
    "5.3. SignerInfo Type",
    "If the SignerIdentifier is subjectKeyIdentifier, then the version MUST be 3",
);
pub const BOTH_ATTRIBUTES: Rule = Rule::Says(
    ESS,
    "5. Insert New Section 5.4.1.1",
    "If both attributes exist in a single message, they are independently evaluated",
);
pub const LIMITED_CHAIN: Rule = Rule::Says(
    ESS,
    "4. Insert New Section 5.4.1",
    "subsequent certificates limit the set of certificates that are used during validation",
);
pub const VALID_WHEN_SIGNED: Rule = Rule::Says(
    SIGNATURE,
    "Other requirements",
    "The certificates in the certificate chain MUST be valid at signing time",
);
pub const TOKEN_EXTENSION: Rule = Rule::Chosen("A timestamp with a critical extension is refused");

pub const PAD_BITS: Rule =
    Rule::Says("RFC 4648", "3.5. Canonical Encoding", "MUST be set to zero by conforming encoders");
pub const YEARS: Rule = Rule::Chosen("A time must have a year from 0 to 9999 in UTC too");
pub const CASE: Rule = Rule::Chosen("A header whose name differs from a known one only in case is refused");
pub const LENGTH: Rule = Rule::Chosen("At most 16 certificates of a chain are read");
pub const AUTHORITY_KEY: Rule = Rule::Chosen(
    "The key of a certificate authority must be of a type and size that may sign payloads, or a longer RSA key",
);
pub const PATH_LENGTH: Rule = Rule::Chosen("A path length above 255 is treated as malformed");
pub const WRITABLE: Rule =
    Rule::Chosen("Only the owner and the group may have write permission for a trust policy or a trust store");
pub const SUBJECT_SIZE: Rule = Rule::Chosen("A signature manifest is found by the digest of its subject alone");

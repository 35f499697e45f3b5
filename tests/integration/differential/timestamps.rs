//! Timestamps of signatures, made by an authority of the test.

use std::fs;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use notary::envelope::header::TIMESTAMP_SIGNATURE;
use serde_json::{Value, json};
use testing::certificate::{
    DIGITAL_SIGNATURE, EXTENDED_KEY_USAGE, Extension, KEY_CERT_SIGN, KEY_USAGE, Spec, TIME_STAMPING, basic_constraints,
    extended_key_usage, key_usage,
};
use testing::cose::{Cbor, sig_structure};
use testing::der::{name, oid, sequence, tlv};
use testing::key::Kind;
use testing::status::{SHA1, extension};
use testing::timestamp::{
    BASELINE_POLICY, MESSAGE_DIGEST, SHA2_256, SHA2_384, SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2, SIGNING_TIME,
    TokenDraft, Tsa, accuracy, algorithm, certificate_id, hash, imprint, signing_certificate,
};
use time::Duration;

use super::Expected::{self, Accepted, OnlyNotationAccepts, OnlyWeAccept, Refused};
use super::case::{Case, now, store};
use super::rules::{
    ACCURACY, BASIC_CONSTRAINTS, BOTH_ATTRIBUTES, COSE_ENCODING, KEY_IDENTIFIER, LIMITED_CHAIN, ONE_DIGEST,
    ONE_SIGNATURE, SAME_DIGEST, TOKEN_DER, TOKEN_EXTENSION, TSA_NAME, VALID_WHEN_SIGNED,
};

/// The authority, valid from three days ago for a week.
fn authority(change: impl FnOnce(&mut Vec<Spec>)) -> Arc<Tsa> {
    Arc::new(Tsa::with(Kind::P256, |specs| {
        for spec in specs.iter_mut() {
            spec.not_before = now() - Duration::days(3);
            spec.not_after = now() + Duration::days(4);
        }
        change(specs);
    }))
}

/// A signature with a timestamp of half an hour ago by this authority, under a policy that requires timestamps.
fn by(tsa: Arc<Tsa>, name: &str, expected: Expected, change: impl Fn(&mut TokenDraft) + Send + Sync + 'static) -> Case {
    let root = tsa.root().to_vec();
    let stamping = Arc::clone(&tsa);
    required(name, expected).envelope(move |envelope| stamp(envelope, &stamping, &change)).folder(move |config, _| {
        fs::create_dir_all(store(config, "tsa")).unwrap();
        fs::write(store(config, "tsa").join("root.crt"), &root).unwrap();
    })
}

/// As [`by`], with an unchanged authority.
fn token(name: &str, expected: Expected, change: impl Fn(&mut TokenDraft) + Send + Sync + 'static) -> Case {
    by(authority(|_| ()), name, expected, change)
}

/// As [`by`], after a change to the certificates of the authority.
fn chain(name: &str, expected: Expected, change: impl FnOnce(&mut Vec<Spec>)) -> Case {
    by(authority(change), name, expected, |_| ())
}

/// A signature without timestamp, under a policy that requires one. The trust store has to be filled.
fn required(name: &str, expected: Expected) -> Case {
    requires(Case::new(format!("a timestamp: {name}"), expected))
}

fn requires(case: Case) -> Case {
    case.policy(|policy| policy["trustStores"] = json!(["ca:x", "signingAuthority:x", "tsa:x"])).folder(
        |config, issued| {
            fs::create_dir_all(store(config, "tsa")).unwrap();
            fs::write(store(config, "tsa").join("root.crt"), issued.last().unwrap()).unwrap();
        },
    )
}

/// As [`token`], in the COSE form. `change` also receives the signature and the `Sig_structure` that it is over;
/// `encode` makes the value of the unprotected header.
fn cose(
    name: &str,
    expected: Expected,
    change: impl Fn(&mut TokenDraft, &[Cbor; 4]) + Send + Sync + 'static,
    encode: fn(Vec<u8>) -> Cbor,
) -> Case {
    let tsa = authority(|_| ());
    let root = tsa.root().to_vec();
    let case = requires(Case::cose(format!("a timestamp: {name}"), expected)).folder(move |config, _| {
        fs::create_dir_all(store(config, "tsa")).unwrap();
        fs::write(store(config, "tsa").join("root.crt"), &root).unwrap();
    });
    case.elements(move |elements| {
        let mut draft = tsa.draft_at(bytes_of(&elements[3]), now() - Duration::minutes(30));
        change(&mut draft, elements);
        let token = encode(tsa.sign(&draft));
        let Cbor::Map(unprotected) = &mut elements[1] else { panic!("the unprotected header") };
        unprotected.push((TIMESTAMP_SIGNATURE.into(), token));
    })
}

fn bytes_of(element: &Cbor) -> &[u8] {
    let Cbor::Bytes(bytes) = element else { panic!("{element:?}") };
    bytes
}

/// Timestamps of envelopes in the COSE form: over the content of the signature's byte string.
fn of_cose() -> Vec<Case> {
    let expired = |specs: &mut Vec<Spec>| specs[0].not_after = now() - Duration::minutes(10);
    let over = |message: fn(&[Cbor; 4]) -> Vec<u8>| {
        move |draft: &mut TokenDraft, elements: &[Cbor; 4]| draft.info.imprint = imprint(SHA2_256, &message(elements))
    };
    let missing = |name, expected| requires(Case::cose(format!("a timestamp: {name}"), expected));
    vec![
        cose("unchanged", Accepted, |_, _| (), Cbor::Bytes),
        cose("from before the expiry", Accepted, |_, _| (), Cbor::Bytes).specs(expired),
        cose("from after the expiry", Refused("does not show"), |_, _| (), Cbor::Bytes)
            .specs(|specs| specs[0].not_after = now() - Duration::minutes(40)),
        cose(
            "that may be from after the expiry",
            Refused("does not show"),
            |draft, _| {
                draft.info.accuracy = accuracy(Some(60), &[], &[]);
            },
            Cbor::Bytes,
        )
        .specs(|specs| specs[0].not_after = now() - Duration::seconds(30 * 60 - 30)),
        cose("altered", Refused("does not verify"), |draft, _| draft.broken = true, Cbor::Bytes),
        cose("altered, in the scheme of signing authorities", Accepted, |draft, _| draft.broken = true, Cbor::Bytes)
            .authority(),
        missing("missing", Refused("has no timestamp")),
        missing("missing, and not required while the certificates are valid", Accepted).policy(|policy| {
            policy["trustStores"] = json!(["ca:x", "tsa:x"]);
            policy["signatureVerification"] = json!({ "level": "strict", "verifyTimestamp": "afterCertExpiry" });
        }),
        cose("empty", Refused("has no timestamp"), |_, _| (), |_| Cbor::Bytes(Vec::new())),
        cose("not a token", Refused("the timestamp is malformed"), |_, _| (), |_| Cbor::from(&b"token"[..])),
        cose("as a byte string in two parts", OnlyWeAccept(COSE_ENCODING), |_, _| (), |token| Cbor::in_parts(&token)),
        cose(
            "over the encoded signature",
            Refused("for another signature"),
            over(|elements| elements[3].encode()),
            Cbor::Bytes,
        ),
        cose(
            "over the signed bytes",
            Refused("for another signature"),
            over(|elements| sig_structure(bytes_of(&elements[0]), bytes_of(&elements[2]))),
            Cbor::Bytes,
        ),
    ]
}

fn stamp(envelope: &mut Value, tsa: &Tsa, change: impl Fn(&mut TokenDraft)) {
    let signature = URL_SAFE_NO_PAD.decode(envelope["signature"].as_str().unwrap()).unwrap();
    let mut draft = tsa.draft_at(&signature, now() - Duration::minutes(30));
    change(&mut draft);
    set(envelope, &tsa.sign(&draft));
}

fn set(envelope: &mut Value, token: &[u8]) {
    envelope["header"][TIMESTAMP_SIGNATURE] = json!(STANDARD.encode(token));
}

/// What the policy and the times of the signer's certificates require.
fn triggers() -> Vec<Case> {
    let broken = |draft: &mut TokenDraft| draft.broken = true;
    let expired = |specs: &mut Vec<Spec>| specs[0].not_after = now() - Duration::minutes(10);
    let after_expiry = |policy: &mut Value| {
        policy["trustStores"] = json!(["ca:x", "tsa:x"]);
        policy["signatureVerification"] = json!({ "level": "strict", "verifyTimestamp": "afterCertExpiry" });
    };
    vec![
        required("missing", Refused("has no timestamp")),
        required("missing, and not required while the certificates are valid", Accepted).policy(after_expiry),
        required("missing, and the certificates have expired", Refused("has no timestamp"))
            .policy(after_expiry)
            .specs(expired),
        required("empty", Refused("has no timestamp")).envelope(|envelope| set(envelope, b"")),
        required("not a token", Refused("the timestamp is malformed")).envelope(|envelope| set(envelope, b"token")),
        token("altered, and not required while the certificates are valid", Accepted, broken).policy(after_expiry),
        token("from before the expiry", Accepted, |_| ()).specs(expired),
        token("from before the expiry, and required after it", Accepted, |_| ()).policy(after_expiry).specs(expired),
        token("from after the expiry", Refused("does not show"), |_| ())
            .specs(|specs| specs[0].not_after = now() - Duration::minutes(40)),
        token("from before the signer's certificates", Refused("does not show"), |_| ())
            .specs(|specs| specs[0].not_before = now() - Duration::minutes(20)),
        token("that may be from after the expiry", Refused("does not show"), |draft| {
            draft.info.accuracy = accuracy(Some(60), &[], &[]);
        })
        .specs(|specs| specs[0].not_after = now() - Duration::seconds(30 * 60 - 30)),
        token("that is from before the expiry in any case", Accepted, |draft| {
            draft.info.accuracy = accuracy(Some(29), &[], &[]);
        })
        .specs(|specs| specs[0].not_after = now() - Duration::seconds(30 * 60 - 30)),
        token("by the baseline policy, that may be from after the expiry", Refused("does not show"), |draft| {
            draft.info.policy = oid(BASELINE_POLICY);
        })
        .specs(|specs| specs[0].not_after = now() - Duration::minutes(30)),
        token("altered, without a trust store for it", Accepted, broken)
            .policy(|policy| policy["trustStores"] = json!(["ca:x"])),
        token("altered, in the scheme of signing authorities", Accepted, broken).authority(),
        token("altered, at the level permissive", Accepted, broken).policy(|policy| {
            policy["trustStores"] = json!(["ca:x", "tsa:x"]);
            policy["signatureVerification"]["level"] = json!("permissive");
        }),
        token("with a missing trust store", Refused("tsa:missing does not exist"), |_| ())
            .policy(|policy| policy["trustStores"] = json!(["ca:x", "tsa:missing"])),
    ]
}

/// The form and the content of tokens.
fn tokens() -> Vec<Case> {
    let malformed = Refused("the timestamp is malformed");
    vec![
        token("unchanged", Accepted, |_| ()),
        token("altered", Refused("does not verify"), |draft| draft.broken = true),
        token("for another signature", Refused("for another signature"), |draft| {
            draft.info.imprint = imprint(SHA2_256, b"another");
        }),
        over_sha_384(),
        token("over SHA-1", Refused("is 1.3.14.3.2.26"), |draft| draft.info.imprint = imprint(SHA1, b"x")),
        token("of version 2", Refused("the version of TSTInfo"), |draft| draft.info.version = vec![2, 1, 2]),
        token("of another content type", malformed, |draft| draft.content_type = oid("1.2.840.113549.1.7.1")),
        token("with SignedData of version 1", Refused("the version of SignedData"), |draft| {
            draft.version = vec![2, 1, 1];
        }),
        token("with an accuracy", Accepted, |draft| draft.info.accuracy = accuracy(Some(1), &[100], &[7])),
        token("with 1000 milliseconds", OnlyNotationAccepts(ACCURACY, "between 1 and 999"), |draft| {
            draft.info.accuracy = accuracy(Some(1), &[3, 0xe8], &[]);
        }),
        token("with a nonce and an order", Accepted, |draft| {
            draft.info.ordering = vec![1, 1, 0xff];
            draft.info.nonce = vec![2, 1, 7];
        }),
        token("with an extension", Accepted, |draft| {
            draft.info.extensions = tlv(0xa1, &extension("1.2.3.4", false, &[5, 0]));
        }),
        token("with a critical extension", OnlyNotationAccepts(TOKEN_EXTENSION, "critical extension"), |draft| {
            draft.info.extensions = tlv(0xa1, &extension("1.2.3.4", true, &[5, 0]));
        }),
        token("with the name of the authority", Accepted, |draft| {
            draft.info.tsa = tlv(0xa0, &tlv(0xa4, &name(0x0c, "tsa")));
        }),
        token("with the name of another", OnlyNotationAccepts(TSA_NAME, "names another timestamping"), |draft| {
            draft.info.tsa = tlv(0xa0, &tlv(0xa4, &name(0x0c, "another")));
        }),
        in_ber(),
    ]
}

fn over_sha_384() -> Case {
    let tsa = authority(|_| ());
    let stamping = Arc::clone(&tsa);
    by(tsa, "over SHA-384", Accepted, |_| ()).envelope(move |envelope| {
        let signature = URL_SAFE_NO_PAD.decode(envelope["signature"].as_str().unwrap()).unwrap();
        stamp(envelope, &stamping, |draft| draft.info.imprint = imprint(SHA2_384, &signature));
    })
}

/// A token whose outermost length has a byte more than it needs.
fn in_ber() -> Case {
    let tsa = authority(|_| ());
    let stamping = Arc::clone(&tsa);
    by(tsa, "in BER", OnlyNotationAccepts(TOKEN_DER, "the timestamp is malformed"), |_| ()).envelope(move |envelope| {
        stamp(envelope, &stamping, |_| ());
        let token = STANDARD.decode(envelope["header"][TIMESTAMP_SIGNATURE].as_str().unwrap()).unwrap();
        assert_eq!(token[..2], [0x30, 0x82]);
        set(envelope, &[&[0x30, 0x83, 0, token[2], token[3]], &token[4..]].concat());
    })
}

/// Who signed a token, by its CMS.
fn signers() -> Vec<Case> {
    let tsa = authority(|_| ());
    let old = |certificate: &[u8]| signing_certificate(&[sequence(&[&tlv(4, &hash(SHA1, certificate))])]);
    let [leaf, issuer, root] = [0, 1, 2].map(|position| tsa.chain[position].clone());
    let [leaf_id, issuer_id, root_id] = [&leaf, &issuer, &root].map(|certificate| certificate_id(certificate));
    let (limited, allowed) =
        (signing_certificate(&[leaf_id.clone(), root_id]), signing_certificate(&[leaf_id, issuer_id.clone()]));
    let (own, other) = (old(&leaf), old(&issuer));
    let key_identifier = authority(|specs| {
        specs[0].set(Extension { oid: "2.5.29.14", critical: false, value: tlv(4, b"key") });
    });
    let mut cases = vec![
        token("without signatures", Refused("0 signatures"), |draft| draft.signers = 0),
        token("with two signatures", OnlyNotationAccepts(ONE_SIGNATURE, "2 signatures"), |draft| draft.signers = 2),
        token("without certificates", Refused("does not include"), |draft| draft.certificates.clear()),
        token("without its root", Accepted, |draft| drop(draft.certificates.pop())),
        token("with certificates in another order", Accepted, |draft| draft.certificates.reverse()),
        token("without its intermediate certificate", Refused("does not lead to a root"), |draft| {
            draft.certificates.remove(1);
        }),
        token("without signingCertificateV2", Refused("no signed attribute signingCertificateV2"), |draft| {
            draft.set(SIGNING_CERTIFICATE_V2, &[]);
        }),
        token("without messageDigest", Refused("no signed attribute messageDigest"), |draft| {
            draft.set(MESSAGE_DIGEST, &[vec![]]);
        }),
        token("with two digests", OnlyNotationAccepts(ONE_DIGEST, "messageDigest more than once"), |draft| {
            let digest = tlv(4, &hash(SHA2_256, &draft.info.der()));
            draft.set(MESSAGE_DIGEST, &[digest.clone(), digest]);
        }),
        token("with the digest of something else", Refused("differs from messageDigest"), |draft| {
            draft.set(MESSAGE_DIGEST, &[tlv(4, &hash(SHA2_256, b"x"))]);
        }),
        token("with attributes out of order", Refused("not in the order of DER"), |draft| draft.sorted = false),
        token("with a signing time", Accepted, |draft| {
            draft.set(SIGNING_TIME, &[testing::der::time(now() - Duration::minutes(30))]);
        }),
        token("with a signing time after its certificates", Refused("not at"), |draft| {
            draft.set(SIGNING_TIME, &[testing::der::time(now() + Duration::days(30))]);
        }),
        token("with a digest algorithm of SHA-1", Refused("digestAlgorithm is"), |draft| {
            draft.digest_algorithm = algorithm(SHA1);
            draft.digest = SHA1;
        }),
        token(
            "with another digest algorithm than that of its signature",
            OnlyNotationAccepts(SAME_DIGEST, "the signature algorithm"),
            |draft| {
                draft.digest_algorithm = algorithm(SHA2_384);
                draft.digest = SHA2_384;
            },
        ),
        by(key_identifier, "of a key identifier", OnlyWeAccept(KEY_IDENTIFIER), |draft| {
            draft.signer_id = tlv(0x80, b"key");
            draft.signer_version = vec![2, 1, 3];
        }),
    ];
    let listed = |tsa: &Arc<Tsa>, name: &str, expected, attribute: &'static str, value: Vec<u8>| {
        by(Arc::clone(tsa), name, expected, move |draft| draft.set(attribute, std::slice::from_ref(&value)))
    };
    cases.extend([
        listed(&tsa, "that names its issuer, too", Accepted, SIGNING_CERTIFICATE_V2, allowed),
        listed(
            &tsa,
            "that allows another issuer only",
            OnlyNotationAccepts(LIMITED_CHAIN, "does not allow the certificate"),
            SIGNING_CERTIFICATE_V2,
            limited,
        ),
        listed(
            &tsa,
            "that names another certificate",
            Refused("names another certificate"),
            SIGNING_CERTIFICATE_V2,
            signing_certificate(&[issuer_id]),
        ),
        listed(&tsa, "with the older attribute, too", Accepted, SIGNING_CERTIFICATE, own),
        listed(
            &tsa,
            "whose older attribute names another certificate",
            OnlyNotationAccepts(BOTH_ATTRIBUTES, "names another certificate"),
            SIGNING_CERTIFICATE,
            other,
        ),
    ]);
    cases
}

/// The certificates of the authority.
fn certificates() -> Vec<Case> {
    let only = Refused("have timeStamping only");
    let code_signing = "1.3.6.1.5.5.7.3.3";
    let soon = now() - Duration::minutes(30) + Duration::seconds(10);
    vec![
        chain("by an RSA key", Accepted, |specs| specs[0] = with_key(&specs[0], Kind::Rsa2048)),
        chain("by a key on P-384", Accepted, |specs| specs[0] = with_key(&specs[0], Kind::P384)),
        chain("by a certificate without extendedKeyUsage", Refused("timeStamping only"), |specs| {
            specs[0].remove(EXTENDED_KEY_USAGE);
        }),
        chain("by a certificate whose extendedKeyUsage is not critical", only, |specs| {
            specs[0].set(extended_key_usage(false, &[TIME_STAMPING]));
        }),
        chain("by a certificate for code signing, too", only, move |specs| {
            specs[0].set(extended_key_usage(true, &[TIME_STAMPING, code_signing]));
        }),
        chain("by a certificate for code signing", only, move |specs| {
            specs[0].set(extended_key_usage(true, &[code_signing]));
        }),
        chain("by an authority for code signing", Refused("allows other purposes"), move |specs| {
            specs[1].set(extended_key_usage(false, &[code_signing]));
        }),
        chain("by a certificate without keyUsage", Refused("keyUsage must be present"), |specs| {
            specs[0].remove(KEY_USAGE);
        }),
        chain("by a certificate whose keyUsage is not critical", Accepted, |specs| {
            specs[0].set(key_usage(false, &[DIGITAL_SIGNATURE]));
            specs[1].set(key_usage(false, &[KEY_CERT_SIGN]));
        }),
        chain("by a certificate that may sign certificates", Refused("keyUsage has keyCertSign"), |specs| {
            specs[0].set(key_usage(true, &[DIGITAL_SIGNATURE, KEY_CERT_SIGN]));
        }),
        chain("by an authority itself", Refused("must not be a certificate authority"), |specs| {
            specs[0].set(basic_constraints(true, true, None));
        }),
        chain(
            "by an issuer whose basicConstraints are not critical",
            OnlyNotationAccepts(BASIC_CONSTRAINTS, "basicConstraints must be critical"),
            |specs| specs[1].set(basic_constraints(false, true, None)),
        ),
        chain("below a path length of 0", Refused("path length"), |specs| {
            specs[2].set(basic_constraints(true, true, Some(0)));
        }),
        chain("after the certificate of the authority", Refused("not at"), |specs| {
            specs[0].not_after = now() - Duration::minutes(31);
        }),
        chain("before the certificate of the issuer", Refused("not at"), |specs| {
            specs[1].not_before = now() - Duration::minutes(29);
        }),
        chain("by a certificate that has expired since", Accepted, |specs| {
            specs[0].not_after = now() - Duration::minutes(10);
        }),
        by(
            authority(move |specs| specs[0].not_after = soon),
            "that may be from after the expiry of the authority",
            OnlyNotationAccepts(VALID_WHEN_SIGNED, "not at"),
            |draft| draft.info.accuracy = accuracy(Some(60), &[], &[]),
        ),
        by(authority(|_| ()), "by an unknown authority", Refused("does not lead to a root"), |_| ()).folder(
            |config, _| {
                fs::create_dir_all(store(config, "tsa")).unwrap();
                fs::write(store(config, "tsa").join("root.crt"), authority(|_| ()).root()).unwrap();
            },
        ),
        by(authority(|_| ()), "by an authority whose intermediate is trusted", Refused("not a root CA"), |_| ())
            .folder(|config, _| {
                fs::create_dir_all(store(config, "tsa")).unwrap();
                fs::write(store(config, "tsa").join("issuer.crt"), &authority(|_| ()).chain[1]).unwrap();
            }),
    ]
}

/// The same certificate for another kind of key.
fn with_key(spec: &Spec, kind: Kind) -> Spec {
    Spec { not_before: spec.not_before, not_after: spec.not_after, ..Spec::tsa(kind) }
}

pub fn cases() -> Vec<Case> {
    [triggers(), tokens(), signers(), certificates(), of_cose()].into_iter().flatten().collect()
}

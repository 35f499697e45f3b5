#[test]
fn seeds() {
    use testing::timestamp::*;
    let tsa = Tsa::new(testing::key::Kind::P256);
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/timestamp_token");
    std::fs::write(folder.join("token"), tsa.token(b"a signature")).unwrap();
    let request = notary::timestamp::TimestampRequest::new(b"a signature", notary::DigestAlgorithm::Sha256, [7; 16]).unwrap();
    let asked = Asked::read(request.der());
    let mut info = Info::new(b"", testing::certificate::NOW);
    info.imprint = asked.imprint;
    info.nonce = asked.nonce;
    info.accuracy = accuracy(Some(1), &[100], &[7]);
    info.ordering = vec![1, 1, 0xff];
    info.tsa = testing::der::tlv(0xa0, &testing::der::tlv(0xa4, &testing::der::name(0x0c, "tsa")));
    let mut draft = TokenDraft::new(&tsa, info);
    draft.set(SIGNING_TIME, &[testing::der::time(testing::certificate::NOW)]);
    std::fs::write(folder.join("response"), granted(&tsa.sign(&draft))).unwrap();
    let (_, token) = request.check(&std::fs::read(folder.join("response")).unwrap()).unwrap();
    token.verify(b"a signature", &[notary::x509::Certificate::from_der(tsa.root().to_vec()).unwrap()]).unwrap();
    std::fs::write(folder.join("detailed"), tsa.sign(&draft)).unwrap();
    std::fs::write(folder.join("refused"), refused(2, "no", &[15])).unwrap();
}

//! Whatever the bytes: parsing and verifying ends without a panic, and accepts nothing that was not signed.

use proptest::prelude::*;
use testing::key::Kind;
use testing::timestamp::Tsa;

use super::super::TimestampToken;
use super::{MESSAGE, certificate};

proptest! {
    #[test]
    fn any_bytes_end_in_a_result(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        prop_assert!(TimestampToken::parse(&bytes).is_err());
    }

    #[test]
    fn a_changed_token_proves_no_other_time(position in any::<prop::sample::Index>(), bits in 1u8..) {
        let tsa = Tsa::new(Kind::P256);
        let token = tsa.token(MESSAGE);
        let mut changed = token.clone();
        changed[position.index(token.len())] ^= bits;
        let roots = [certificate(tsa.root())];
        if let Ok(verified) = TimestampToken::parse(&changed).and_then(|token| token.verify(MESSAGE, &roots)) {
            // Something that is not signed was changed: the list of digest algorithms, or the root of the token.
            prop_assert_eq!(verified.info().gen_time, testing::certificate::NOW);
            prop_assert_eq!(verified.chain().root(), &roots[0]);
        }
    }
}

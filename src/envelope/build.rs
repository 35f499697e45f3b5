//! Building a signature envelope in its JWS form: `signature-envelope-jws.md`.

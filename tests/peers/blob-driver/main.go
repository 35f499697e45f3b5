// The program blob-driver signs and verifies blobs with notation-go. Released versions of the library support this (signer, verifier), but
// the notation command line does not. Envelope, checks and plugins are notation-go's own; only the blob's descriptor is made here.
package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"math/big"
	"os"
	"strings"
	"time"

	"github.com/notaryproject/notation-core-go/signature"
	"github.com/notaryproject/notation-core-go/signature/cose"
	"github.com/notaryproject/notation-core-go/signature/jws"
	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/signer"
	"github.com/notaryproject/notation-go/verifier"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// mediaType is that of the envelope in a file, by its name.
func mediaType(envelope string) string {
	if strings.HasSuffix(envelope, ".cose.sig") {
		return cose.MediaTypeEnvelope
	}
	return jws.MediaTypeEnvelope
}

var digests = map[crypto.Hash]digest.Algorithm{
	crypto.SHA256: digest.SHA256,
	crypto.SHA384: digest.SHA384,
	crypto.SHA512: digest.SHA512,
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "blob-driver:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) == 0 {
		return fmt.Errorf("sign or verify is expected")
	}
	flags := flag.NewFlagSet(arguments[0], flag.ContinueOnError)
	blob := flags.String("blob", "", "the blob's file")
	envelope := flags.String("signature", "", "the signature's file: in the COSE format if its name ends with .cose.sig, otherwise JWS")
	blobType := flags.String("media-type", "", "the blob's media type; not looked at in verification when it is empty")
	kind := flags.String("key", "p384", "sign: the kind of key that is made: p256, p384, p521, rsa2048, rsa3072")
	certificate := flags.String("certificate", "", "sign: the file for the key's certificate, DER")
	config := flags.String("plugin-config", "", "verify: key=value for the verification plugin")
	if err := flags.Parse(arguments[1:]); err != nil {
		return err
	}
	switch arguments[0] {
	case "sign":
		return sign(*blob, *blobType, *envelope, *kind, *certificate)
	case "verify":
		return verify(*blob, *blobType, *envelope, *config)
	}
	return fmt.Errorf("unknown command %q", arguments[0])
}

func describe(path, blobType string, algorithm digest.Algorithm) (ocispec.Descriptor, error) {
	file, err := os.Open(path)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	defer file.Close()
	digester := algorithm.Digester()
	size, err := io.Copy(digester.Hash(), file)
	return ocispec.Descriptor{MediaType: blobType, Digest: digester.Digest(), Size: size}, err
}

func sign(blob, blobType, envelope, kind, certificate string) error {
	key, err := newKey(kind)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{Country: []string{"US"}, Province: []string{"WA"}, Organization: []string{"Notary"}, CommonName: "blobs"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return err
	}
	spec, err := signature.ExtractKeySpec(leaf)
	if err != nil {
		return err
	}
	descriptor, err := describe(blob, blobType, digests[spec.SignatureAlgorithm().Hash()])
	if err != nil {
		return err
	}
	generic, err := signer.NewGenericSigner(key, []*x509.Certificate{leaf})
	if err != nil {
		return err
	}
	signed, _, err := generic.Sign(context.Background(), descriptor, notation.SignerSignOptions{SignatureMediaType: mediaType(envelope)})
	if err != nil {
		return err
	}
	if err := os.WriteFile(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644); err != nil {
		return err
	}
	return os.WriteFile(envelope, signed, 0o644)
}

func newKey(kind string) (crypto.Signer, error) {
	switch kind {
	case "p256":
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "p384":
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "p521":
		return ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "rsa2048":
		return rsa.GenerateKey(rand.Reader, 2048)
	case "rsa3072":
		return rsa.GenerateKey(rand.Reader, 3072)
	}
	return nil, fmt.Errorf("unknown kind of key %q", kind)
}

// verify applies the trust policy, the trust stores and the plugins of notation's configuration folder.
func verify(blob, blobType, envelope, config string) error {
	signed, err := os.ReadFile(envelope)
	if err != nil {
		return err
	}
	parsed, err := signature.ParseEnvelope(mediaType(envelope), signed)
	if err != nil {
		return err
	}
	content, err := parsed.Verify()
	if err != nil {
		return err
	}
	if blobType == "" {
		var payload struct{ TargetArtifact ocispec.Descriptor }
		if err := json.Unmarshal(content.Payload.Content, &payload); err != nil {
			return err
		}
		blobType = payload.TargetArtifact.MediaType
	}
	descriptor, err := describe(blob, blobType, digests[content.SignerInfo.SignatureAlgorithm.Hash()])
	if err != nil {
		return err
	}
	judge, err := verifier.NewFromConfig()
	if err != nil {
		return err
	}
	options := notation.VerifierVerifyOptions{
		// Released versions choose policies by registry scope; the tests have one policy for all scopes.
		ArtifactReference:  "blobs.example.com/blob@" + descriptor.Digest.String(),
		SignatureMediaType: mediaType(envelope),
	}
	if name, value, found := strings.Cut(config, "="); found {
		options.PluginConfig = map[string]string{name: value}
	}
	_, err = judge.Verify(context.Background(), descriptor, signed, options)
	return err
}

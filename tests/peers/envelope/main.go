// The program envelope verifies signature envelopes with notation-core-go, each many times, and prints for each file the median and the
// lowest time of a verification in nanoseconds. scripts/bench-envelope runs it along with benches/envelope.
package main

import (
	"context"
	"crypto/x509"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/notaryproject/notation-core-go/signature"
	"github.com/notaryproject/notation-core-go/signature/cose"
	"github.com/notaryproject/notation-core-go/signature/jws"
	nx509 "github.com/notaryproject/notation-core-go/x509"
	"github.com/notaryproject/tspclient-go"
)

const (
	warmUp = 50
	rounds = 500
)

// verify does what notation does in process: it parses the envelope and checks its signature and the links and requirements of its chain,
// and its timestamp if it has one.
func verify(mediaType string, envelope []byte, roots *x509.CertPool) error {
	parsed, err := signature.ParseEnvelope(mediaType, envelope)
	if err != nil {
		return err
	}
	content, err := parsed.Verify()
	if err != nil || len(content.SignerInfo.UnsignedAttributes.TimestampSignature) == 0 {
		return err
	}
	return verifyTimestamp(content.SignerInfo, roots)
}

// verifyTimestamp does what notation does in process for a timestamp, without revocation.
func verifyTimestamp(signer signature.SignerInfo, roots *x509.CertPool) error {
	token, err := tspclient.ParseSignedToken(signer.UnsignedAttributes.TimestampSignature)
	if err != nil {
		return err
	}
	info, err := token.Info()
	if err != nil {
		return err
	}
	timestamp, err := info.Validate(signer.Signature)
	if err != nil {
		return err
	}
	chain, err := token.Verify(context.Background(), x509.VerifyOptions{CurrentTime: timestamp.Value, Roots: roots})
	if err != nil {
		return err
	}
	return nx509.ValidateTimestampingCertChain(chain)
}

func main() {
	rootFile := flag.String("tsa-root", "", "the root certificate of timestamps, DER")
	flag.Parse()
	roots := x509.NewCertPool()
	if *rootFile != "" {
		der, err := os.ReadFile(*rootFile)
		if err == nil {
			var root *x509.Certificate
			if root, err = x509.ParseCertificate(der); err == nil {
				roots.AddCert(root)
			}
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", *rootFile, err)
			os.Exit(1)
		}
	}
	for _, file := range flag.Args() {
		mediaType := jws.MediaTypeEnvelope
		if filepath.Ext(file) == ".cose" {
			mediaType = cose.MediaTypeEnvelope
		}
		envelope, err := os.ReadFile(file)
		if err == nil {
			err = verify(mediaType, envelope, roots)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", file, err)
			os.Exit(1)
		}
		times := make([]time.Duration, 0, rounds)
		for round := range warmUp + rounds {
			start := time.Now()
			if err := verify(mediaType, envelope, roots); err != nil {
				panic(err)
			}
			if round >= warmUp {
				times = append(times, time.Since(start))
			}
		}
		slices.Sort(times)
		fmt.Println(times[rounds/2].Nanoseconds(), times[0].Nanoseconds())
	}
}

// The program envelope verifies signature envelopes with notation-core-go, each many times, and prints for each file the median and the
// lowest time of a verification in nanoseconds. scripts/bench-envelope runs it along with benches/envelope.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/notaryproject/notation-core-go/signature"
	"github.com/notaryproject/notation-core-go/signature/cose"
	"github.com/notaryproject/notation-core-go/signature/jws"
)

const (
	warmUp = 50
	rounds = 500
)

// verify does what notation does in process: it parses the envelope and checks its signature and the links and requirements of its chain.
func verify(mediaType string, envelope []byte) error {
	parsed, err := signature.ParseEnvelope(mediaType, envelope)
	if err != nil {
		return err
	}
	_, err = parsed.Verify()
	return err
}

func main() {
	for _, file := range os.Args[1:] {
		mediaType := jws.MediaTypeEnvelope
		if filepath.Ext(file) == ".cose" {
			mediaType = cose.MediaTypeEnvelope
		}
		envelope, err := os.ReadFile(file)
		if err == nil {
			err = verify(mediaType, envelope)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", file, err)
			os.Exit(1)
		}
		times := make([]time.Duration, 0, rounds)
		for round := range warmUp + rounds {
			start := time.Now()
			if err := verify(mediaType, envelope); err != nil {
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

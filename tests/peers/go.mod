// The programs that tests/integration/interop.rs runs against, pinned. scripts/peers builds them.
module peers

go 1.24

require (
	github.com/notaryproject/notation v1.3.2
	github.com/olareg/olareg v0.1.2
)

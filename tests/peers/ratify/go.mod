// Ratify, the service whose speed scripts/bench-admission compares with, pinned. No test uses it. scripts/peers builds it when asked.
module ratify

go 1.26.3

require github.com/notaryproject/ratify/v2 v2.0.0-alpha.2

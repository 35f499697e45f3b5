// The registry distribution, pinned. A module of its own, because its requirements would change those of the other peers.
// scripts/peers builds it.
module distribution

go 1.24

require github.com/distribution/distribution/v3 v3.0.0

// containerd, which calls the image verifier, and its client ctr, pinned. A module of its own, because its requirements would change
// those of the other peers. scripts/peers builds them.
module containerd

go 1.24

require github.com/containerd/containerd/v2 v2.1.4

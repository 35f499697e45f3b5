// helm, which renders the chart in charts/notation-admission, pinned. A module of its own, because its requirements would change
// those of the other peers. scripts/peers builds it.
module helm

go 1.24.0

require helm.sh/helm/v3 v3.18.6

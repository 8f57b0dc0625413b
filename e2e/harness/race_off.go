//go:build !race

package harness

// Race says that the tests, and so the daemons, run under the race detector.
const Race = false

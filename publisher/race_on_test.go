//go:build race

package main

// buildFlags build the binary as the tests are built.
var buildFlags = []string{"-race"}

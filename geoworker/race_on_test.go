//go:build race

package main

// buildFlags make the binary under test what the tests are.
var buildFlags = []string{"-race"}

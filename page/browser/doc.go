// Package browser tests the page in a real Chromium against a made-up feed. It
// holds no code of its own.
package browser

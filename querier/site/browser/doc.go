// Package browser tests the querier's site in Chromium.
package browser

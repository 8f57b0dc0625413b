// Package src holds the source of the page, so that the page command can bundle
// it wherever it runs.
package src

import "embed"

// Files are the TypeScript, styles, texts and geometry of the page.
//
//go:embed *.ts *.html *.css *.bin *.jpg feed map ui lang
var Files embed.FS

// Command bom says what built programs are made of: it reads the list of
// modules that Go puts into each, and their licences from the module cache.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

const help = `usage: bom table|texts PROGRAM…
       bom sbom [-version VERSION] PROGRAM…

  table  a page in Markdown: each module, its licence, which programs have it
  texts  the licences and notices themselves, each once
  sbom   CycloneDX 1.6 in JSON; SOURCE_DATE_EPOCH is its time`

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "bom: %v\n", err)
		os.Exit(1)
	}
}

func run(args []string, w io.Writer) error {
	if len(args) == 0 {
		return errors.New(help)
	}
	flags := flag.NewFlagSet("bom "+args[0], flag.ContinueOnError)
	version := flags.String("version", "dev", "VERSION of the programs")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	inventory, err := read(flags.Args(), cache())
	if err != nil {
		return err
	}
	switch args[0] {
	case "table":
		return inventory.table(w)
	case "texts":
		return inventory.texts(w)
	case "sbom":
		return inventory.sbom(w, *version, os.Getenv("SOURCE_DATE_EPOCH"))
	}
	return errors.New(help)
}

// cache is where the go command keeps modules and its own sources.
func cache() folders {
	out, _ := exec.Command("go", "env", "GOMODCACHE", "GOROOT").Output()
	lines := append(strings.Split(string(out), "\n"), "", "")
	return folders{modules: lines[0], goroot: lines[1]}
}

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

var (
	licenceFile = regexp.MustCompile(`(?i)^(li[cs]en[cs]e|copying|notice|copyright|patents|unlicense)([-_.][a-z0-9.-]+)?$`)
	noticeFile  = regexp.MustCompile(`(?i)^(notice|copyright|patents)\b`)
	sourceFile  = regexp.MustCompile(`\.(go|s|c|h)$`)
	blanks      = regexp.MustCompile(`[\s*/#]+`)
)

// licences are the licence and notice files of a module: those of its root, and
// those beside code that it took from others. Go's own tree has thousands of
// folders; its root says all.
func licences(root string) (all []file, err error) {
	if _, err := os.Stat(root); err != nil {
		return nil, fmt.Errorf("%w (try go mod download)", err)
	}
	onlyRoot := exists(filepath.Join(root, "src", "runtime"))
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch name := d.Name(); {
		case err != nil:
			return err
		case d.IsDir() && path != root && (onlyRoot || strings.Contains(name, "testdata") || name[0] == '.' || name[0] == '_'):
			return fs.SkipDir
		case d.IsDir() || !licenceFile.MatchString(name) || sourceFile.MatchString(name):
			return nil
		}
		text, err := os.ReadFile(path)
		rel, _ := filepath.Rel(root, path)
		all = append(all, file{filepath.ToSlash(rel), strings.TrimSpace(string(text))})
		return err
	})
	if err == nil && len(all) == 0 {
		err = errors.New("there is none")
	}
	return all, err
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// marks are sentences that only one licence has; spaces and comment signs count as one space.
var marks = []struct{ id, text string }{
	{"Apache-2.0", "apache license version 2.0"},
	{"MIT", "permission is hereby granted, free of charge, to any person obtaining a copy of this software"},
	{"ISC", "permission to use, copy, modify, and distribute this software for any purpose with or without fee"},
	{"ISC", "permission to use, copy, modify, and or distribute this software for any purpose with or without fee"},
	{"MPL-2.0", "mozilla public license version 2.0"},
	{"Unlicense", "this is free and unencumbered software released into the public domain"},
	{"CC0-1.0", "cc0 1.0 universal"},
}

// identify names the licences that a text holds, by SPDX's names.
func identify(text string) (ids []string) {
	plain := strings.ToLower(blanks.ReplaceAllString(strings.ReplaceAll(text, "Version 2.0", " version 2.0"), " "))
	plain = strings.ReplaceAll(plain, "license, version", "license version")
	for _, m := range marks {
		if strings.Contains(plain, m.text) {
			ids = append(ids, m.id)
		}
	}
	for part := range strings.SplitSeq(plain, "redistribution and use in source and binary forms") {
		switch {
		case !strings.Contains(part, "redistributions of source code must retain"):
		case strings.Contains(part, "neither the name"):
			ids = append(ids, "BSD-3-Clause")
		default:
			ids = append(ids, "BSD-2-Clause")
		}
	}
	return ids
}

// expression is the SPDX expression for a module's files. Two files at the root
// named for two licences (LICENSE-APACHE, LICENSE-MIT) leave the choice.
func expression(files []file) (string, error) {
	var all []string
	choice := 0
	for _, f := range files {
		ids := identify(f.text)
		if len(ids) == 0 && !noticeFile.MatchString(filepath.Base(f.name)) {
			return "", fmt.Errorf("%s is unknown; look at it, and teach bom", f.name)
		}
		if strings.HasPrefix(f.name, "LICENSE-") {
			choice++
		}
		all = append(all, ids...)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	if len(all) == 0 {
		return "", errors.New("only notices, no licence")
	}
	if choice == len(all) && choice > 1 {
		return strings.Join(all, " OR "), nil
	}
	return strings.Join(all, " AND "), nil
}

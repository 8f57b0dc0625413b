package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	mit = "Permission is hereby granted,\n * free of charge, to any person obtaining a copy\n * of this software and associated"
	bsd = "Redistribution and use in source and binary forms, with or without\nmodification: Redistributions of source code must retain the above."
)

func TestIdentify(t *testing.T) {
	for text, want := range map[string][]string{
		mit:                                 {"MIT"},
		bsd:                                 {"BSD-2-Clause"},
		bsd + " Neither the name of Google": {"BSD-3-Clause"},
		bsd + " Neither the name.\n" + bsd:  {"BSD-3-Clause", "BSD-2-Clause"},
		"  Apache License\n  Version 2.0, January 2004":                                                         {"Apache-2.0"},
		"Licensed under the Apache License, Version 2.0 (the License)":                                          {"Apache-2.0"},
		"Permission to use, copy, modify, and/or distribute this\nsoftware for any purpose with or without fee": {"ISC"},
		"GNU GENERAL PUBLIC LICENSE":                                                                            nil,
	} {
		if got := identify(text); !slices.Equal(got, want) {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
}

func TestExpression(t *testing.T) {
	apache := "Apache License Version 2.0"
	for _, c := range []struct {
		files []file
		want  string
	}{
		{[]file{{"LICENSE", mit}}, "MIT"},
		{[]file{{"LICENSE", apache}, {"NOTICE", "by us"}, {"sub/LICENSE", mit}}, "Apache-2.0 AND MIT"},
		{[]file{{"LICENSE-APACHE", apache}, {"LICENSE-MIT", mit}}, "Apache-2.0 OR MIT"},
		{[]file{{"LICENSE", "do as we say"}}, "error: LICENSE is unknown; look at it, and teach bom"},
		{[]file{{"LICENSE", mit}, {"sub/COPYING", "GNU"}}, "error: sub/COPYING is unknown; look at it, and teach bom"},
		{[]file{{"NOTICE", "by us"}}, "error: only notices, no licence"},
	} {
		got, err := expression(c.files)
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != c.want {
			t.Errorf("%v: %s, want %s", c.files, got, c.want)
		}
	}
}

func TestLicences(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"LICENSE.md", "NOTICE", "license.go", "sub/LICENCE", "testdata/LICENSE", ".git/LICENSE", "LICENSES.txt.bak/x"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(" text\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	all, err := licences(dir)
	if want := []file{{"LICENSE.md", "text"}, {"NOTICE", "text"}, {"sub/LICENCE", "text"}}; err != nil || !slices.Equal(all, want) {
		t.Errorf("found %v, %v; want %v", all, err, want)
	}
	if _, err := licences(t.TempDir()); err == nil {
		t.Error("no licence is no error")
	}
	if _, err := licences("/nowhere"); err == nil || !strings.Contains(err.Error(), "go mod download") {
		t.Errorf("no folder: %v", err)
	}
}

func TestFolder(t *testing.T) {
	m := module{path: "github.com/BurntSushi/toml", version: "v1.0.0"}
	if got, want := m.folder(folders{modules: "/m"}), filepath.FromSlash("/m/github.com/!burnt!sushi/toml@v1.0.0"); got != want {
		t.Errorf("folder is %s, want %s", got, want)
	}
}

// This test's own program stands for the others.
func TestReports(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("SOURCE_DATE_EPOCH", "1774360800")
	report := func(args ...string) string {
		t.Helper()
		var b bytes.Buffer
		if err := run(append(args, self), &b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	if got := report("table"); !strings.Contains(got, "| Go's standard library |  | BSD-3-Clause | "+filepath.Base(self)+" |\n") {
		t.Errorf("table:\n%s", got)
	}
	if got := report("texts"); !strings.Contains(got, "\nstd 1.") || !strings.Contains(got, "Redistribution and use in source") {
		t.Errorf("texts:\n%s", got)
	}
	first := report("sbom", "-version", "v1")
	if again := report("sbom", "-version", "v1"); again != first {
		t.Error("the same programs give another SBOM")
	}
	var b bom
	if err := json.Unmarshal([]byte(first), &b); err != nil {
		t.Fatal(err)
	}
	if b.Metadata.Timestamp != "2026-03-24T14:00:00Z" || len(b.Components) != 2 || len(b.Dependencies) != 2 || !slices.Equal(b.Dependencies[1].On, []string{b.Components[1].Ref}) {
		t.Errorf("sbom:\n%s", first)
	}
}

func TestMistakes(t *testing.T) {
	for _, args := range [][]string{nil, {"table"}, {"nothing", "x"}, {"table", "/nowhere"}, {"table", "bom_test.go"}} {
		if err := run(args, &bytes.Buffer{}); err == nil {
			t.Errorf("bom %v is no mistake", args)
		}
	}
}

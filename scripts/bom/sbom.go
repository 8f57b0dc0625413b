package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// The parts of CycloneDX 1.6 that are needed (https://cyclonedx.org/docs/1.6/json/).
type (
	bom struct {
		Format       string       `json:"bomFormat"`
		SpecVersion  string       `json:"specVersion"`
		Serial       string       `json:"serialNumber"`
		Version      int          `json:"version"`
		Metadata     metadata     `json:"metadata"`
		Components   []component  `json:"components"`
		Dependencies []dependency `json:"dependencies"`
	}
	metadata struct {
		Timestamp string    `json:"timestamp,omitempty"`
		Component component `json:"component"`
	}
	component struct {
		Type     string    `json:"type"`
		Ref      string    `json:"bom-ref"`
		Name     string    `json:"name"`
		Version  string    `json:"version"`
		Hashes   []hash    `json:"hashes,omitempty"`
		Licences []licence `json:"licenses"`
		PURL     string    `json:"purl,omitempty"`
	}
	hash struct {
		Algorithm string `json:"alg"`
		Content   string `json:"content"`
	}
	licence struct {
		Expression string `json:"expression"`
	}
	dependency struct {
		Ref string   `json:"ref"`
		On  []string `json:"dependsOn"`
	}
)

// sbom writes what the programs are made of. epoch is its time in Unix seconds,
// so that the same programs give the same bytes; without it there is none.
func (inv inventory) sbom(w io.Writer, version, epoch string) error {
	b := bom{
		Format: "CycloneDX", SpecVersion: "1.6", Version: 1,
		Metadata: metadata{Component: app("glow", "glow", version)},
	}
	if epoch != "" {
		s, err := strconv.ParseInt(epoch, 10, 64)
		if err != nil {
			return fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
		}
		b.Metadata.Timestamp = time.Unix(s, 0).UTC().Format(time.RFC3339)
	}
	root := dependency{Ref: "glow", On: []string{}}
	for _, p := range inv.programs {
		c := app("glow/"+p.name, p.name, version)
		c.Hashes = []hash{{"SHA-256", p.sum}}
		b.Components = append(b.Components, c)
		root.On = append(root.On, c.Ref)
		d := dependency{Ref: c.Ref, On: []string{}}
		for _, m := range p.uses {
			d.On = append(d.On, m.purl())
		}
		b.Dependencies = append(b.Dependencies, d)
	}
	b.Dependencies = append([]dependency{root}, b.Dependencies...)
	for _, m := range inv.modules {
		b.Components = append(b.Components, m.component())
	}
	b.Serial = b.serial()
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(b)
}

func app(ref, name, version string) component {
	return component{Type: "application", Ref: ref, Name: name, Version: version, Licences: []licence{{"MIT"}}}
}

// purl is the package URL, https://github.com/package-url/purl-spec.
func (m *module) purl() string {
	return "pkg:golang/" + strings.ToLower(m.path) + "@" + m.version
}

func (m *module) component() component {
	c := component{
		Type: "library", Ref: m.purl(), PURL: m.purl(),
		Name: m.path, Version: m.version, Licences: []licence{{m.licence}},
	}
	// go.sum's sum is a SHA-256 over the module's files.
	if sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(m.sum, "h1:")); err == nil && len(sum) == sha256.Size {
		c.Hashes = []hash{{"SHA-256", hex.EncodeToString(sum)}}
	}
	return c
}

// serial is a UUID made of the content (version 8: custom).
func (b bom) serial() string {
	content, _ := json.Marshal(b)
	h := sha256.Sum256(content)
	h[6], h[8] = h[6]&0x0f|0x80, h[8]&0x3f|0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:16])
}

package keys

import (
	"reflect"
	"strings"
	"testing"

	"github.com/glowmap/glow/internal/bucket"
)

// Every key begins with the namespace's hash tag, and no two are alike.
func TestKeysStayInTheirSlot(t *testing.T) {
	k, err := New("staging.eu")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	v := reflect.ValueOf(k)
	for i := range v.NumMethod() {
		m, name := v.Method(i), v.Type().Method(i).Name
		var args []reflect.Value
		if m.Type().NumIn() == 1 {
			args = append(args, map[reflect.Type]reflect.Value{
				reflect.TypeFor[bucket.ID]():     reflect.ValueOf(bucket.ID{Period: bucket.Hour, Start: 3600}),
				reflect.TypeFor[bucket.Period](): reflect.ValueOf(bucket.Hour),
				reflect.TypeFor[string]():        reflect.ValueOf("publisher"),
			}[m.Type().In(0)])
		}
		key := m.Call(args)[0].String()
		if !strings.HasPrefix(key, "{staging.eu}:") {
			t.Errorf("%s makes %q", name, key)
		}
		if other, dup := seen[key]; dup {
			t.Errorf("%s and %s both make %q", name, other, key)
		}
		seen[key] = name
	}
	for _, bad := range []string{"", "a b", "a}b", strings.Repeat("x", 65)} {
		if _, err := New(bad); err == nil {
			t.Errorf("namespace %q accepted", bad)
		}
	}
}

package measure

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// kinds writes how many requests an hour there are of each kind.
func kinds(by map[string]int, hours float64) string {
	var list []string
	for _, k := range slices.Sorted(maps.Keys(by)) {
		list = append(list, fmt.Sprintf("%s %.0f", strings.TrimSuffix(k, ".json"), float64(by[k])/hours))
	}
	return strings.Join(list, ", ")
}

package daemon

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ParseSize reads bytes with an optional K, M, G or T (powers of 1024), at
// least so many.
func ParseSize(s string, least int64) (int64, error) {
	digits, shift := strings.TrimSuffix(strings.ToUpper(strings.TrimSpace(s)), "B"), 0
	if n := len(digits); n > 0 {
		if i := strings.IndexByte("KMGT", digits[n-1]); i >= 0 {
			digits, shift = digits[:n-1], 10*(i+1)
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64>>shift {
		return 0, fmt.Errorf("%q: want a size such as 500M or 4G", s)
	}
	if n <<= shift; n < least {
		return 0, fmt.Errorf("%q: want at least %dM", s, least>>20)
	}
	return n, nil
}

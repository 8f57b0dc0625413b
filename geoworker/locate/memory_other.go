//go:build !linux

package locate

import "unsafe"

// allocate returns n zeroed bytes.
func allocate(n int) (b []byte, free func(), err error) {
	w := make([]uint32, (n+3)/4)
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(w))), n), func() {}, nil
}

// words views memory as numbers; b comes from allocate and is aligned.
func words(b []byte) []uint32 {
	return unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/4)
}

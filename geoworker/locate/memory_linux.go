package locate

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

const hugePage = 2 << 20

// allocate returns n zeroed bytes outside of Go's heap, whose collector would
// otherwise let as much garbage again pile up, in huge pages where the system
// has them: look-ups are bound by cache and TLB misses.
func allocate(n int) (b []byte, free func(), err error) {
	size := max(n, 1)
	if n >= hugePage {
		size = (n + hugePage - 1) / hugePage * hugePage
	}
	all, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, nil, fmt.Errorf("allocate %d bytes: %w", n, err)
	}
	if n >= hugePage { // a small database needs none, and zeroing one takes longer than reading it
		_ = unix.Madvise(all, unix.MADV_HUGEPAGE) // only speed depends on it
	}
	return all[:n:n], func() { _ = unix.Munmap(all) }, nil
}

// words views memory as numbers; b comes from allocate and is aligned.
func words(b []byte) []uint32 {
	return unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/4)
}

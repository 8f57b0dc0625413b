package main

// A coder writes bits, each the shorter the better it was to be expected: an
// arithmetic coder whose odds are learnt, context by context, from the bits
// before. It keeps an interval of 32-bit numbers; a bit keeps that part of it
// which is as large as the bit was likely, and what both ends have in common is
// written. src/map/world.ts has its counterpart.
type coder struct {
	low, high uint32
	odds      [256]uint32 // of a 1, in 1/65536
	seen      [256]uint8  // how often; new contexts learn faster
	out       []byte
}

const (
	contextLeft  = 0   // 0…127: whether a dot is like the one to its left
	contextGuess = 128 // whether it is like another one
	contextOther = 255
	// slowest is the least that odds move, as a power of ½.
	slowest = 5
	// surest keeps odds away from certainty.
	surest = 64
)

func newCoder() *coder {
	c := &coder{high: 1<<32 - 1}
	for i := range c.odds {
		c.odds[i], c.seen[i] = 32768, 1
	}
	return c
}

func (c *coder) flag(context int, is bool) {
	p := &c.odds[context]
	middle := c.low + (c.high-c.low)>>16**p
	if is {
		c.high = middle
		*p += (65536 - *p) >> c.seen[context]
	} else {
		c.low = middle + 1
		*p -= *p >> c.seen[context]
	}
	*p = max(surest, min(65536-surest, *p))
	c.seen[context] = min(slowest, c.seen[context]+1)
	for ; (c.low^c.high)>>24 == 0; c.low, c.high = c.low<<8, c.high<<8|255 {
		c.out = append(c.out, byte(c.high>>24))
	}
}

func (c *coder) number(v, bits int) {
	for bits--; bits >= 0; bits-- {
		c.flag(contextOther, v>>bits&1 == 1)
	}
}

// dot writes row[i] by what it is like: the dot to its left, else one of those
// above, else water, else none of them and a number.
func (c *coder) dot(above, row []int, r, i int) {
	n, m := len(row), len(above)
	middle := ((2*i+r%2)*m + n - (r+1)%2*n) / (2 * n) // the nearest dot above
	up := func(k int) int { return above[(middle+k+m)%m] }
	left := func(k int) int {
		if i < k {
			return 0
		}
		return row[i-k]
	}
	was := left(1)
	like := []int{up(0), up(1), up(-1), left(2), up(2), 0}
	context := contextLeft
	for k, other := range like {
		if other == was {
			context |= 1 << k
		}
	}
	if up(0) == up(1) {
		context |= 64
	}
	c.flag(context, row[i] == was)
	ruled := map[int]bool{was: true}
	for k, guess := range []int{up(0), up(1), 0, up(-1), up(2)} {
		if ruled[row[i]] {
			return
		}
		if ruled[guess] {
			continue
		}
		ruled[guess] = true
		context := contextGuess + k*4
		if guess == 0 {
			context++
		}
		if up(0) == up(1) {
			context += 2
		}
		c.flag(context, row[i] == guess)
	}
	if !ruled[row[i]] {
		c.number(row[i], 8)
	}
}

// bytes ends the stream.
func (c *coder) bytes() []byte { return append(c.out, byte(c.high>>24), byte(c.high>>16), 0, 0) }

package catalog

// Wanted is how many flights that somebody waits for have not begun.
func (c *Cache) Wanted() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.queue {
		if f.entry.front > 0 {
			n++
		}
	}
	return n
}

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

// ShowAlways has each file shown that is counted.
func (c *Catalog) ShowAlways() { c.show = 0 }

// Words is how many texts the catalog has in memory.
func (c *Catalog) Words() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.words.texts)
}

// FewWords has texts looked through when there are so many.
func FewWords(n int) (undo func()) {
	old := fewWords
	fewWords = n
	return func() { fewWords = old }
}

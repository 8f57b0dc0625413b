package keep

import "context"

// tend looks at the archive and does what is due besides the stream.
func (k *Keeper) tend(ctx context.Context) error {
	return k.project(ctx)
}

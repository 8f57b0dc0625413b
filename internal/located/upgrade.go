package located

// Upgrade brings a line of an earlier version up to this one, and returns any
// other as it is. So whoever reads can follow what wrote it, in whatever order
// the daemons of a system are replaced.
//
//	before attributes   <unix seconds> <type> <continent> <country> <region> <cell> <lat> <lon>
func Upgrade(line string) string {
	spaces := 0
	for i := range len(line) {
		if line[i] == ' ' {
			spaces++
		}
	}
	if spaces == 7 {
		return line + " -"
	}
	return line
}

// Package follow reads log files that are rotated under it, every line of them
// once, with a position after any line that survives restarts, renames,
// copies, compression and truncation.
//
// # Words
//
// A generation is the life of one content of a file: it begins when the file
// is created, or when it is truncated and so begins anew, and ends when it is
// truncated or deleted. It is known by device, inode, birth time and the
// number of truncations seen (position.Generation), and, when its bytes have
// moved to another inode, by the hashes of its first bytes and of those before
// the position.
//
// A rotation makes the followed path show another generation. By rename: the
// file gets another name, sooner or later a new one is created, and until the
// writer reopens its log, even some time after, lines still go to the renamed
// file. By copytruncate: the file is copied and truncated; lines
// written after the last read and before the copy are only in the copy, which
// is the same generation at another inode. By dated names: the writer itself
// opens a file of another name, which a glob matches.
//
// A truncation ends a generation and begins another on the same inode. It is
// noticed because the bytes before the position are compared at each read: a
// file that was truncated and has grown past the position meanwhile does not
// hide it. A file that is shorter than the position but begins with the same
// bytes was not truncated: the machine lost power before they were on the
// disk. It goes on at its new end, for its lines were counted.
//
// A sibling of a file is one in the same folder whose name says that it was
// rotated away from it: access.log.1, access.log-20260324.gz, access-1.log.
//
// A generation is superseded when another one has taken its path (for dated
// names: when a younger file's name differs only in its digits). It is over
// when it is superseded, read to its end and has been quiet for a grace time;
// then its last line counts even without a newline. Should it grow after all,
// reading goes on.
//
// # What is read
//
// A path without any position is read from byte 0 of the file now there, and
// its siblings are taken for older history that nobody asked for. From then
// on everything is read: siblings that are unknown, but younger than the
// youngest generation with a position, were rotated away unseen. All
// generations are open at the same time and read in bounded slices in turn,
// so that none is deleted before it was opened because another one is long.
//
// # What is believed
//
// The follower believes what its positions were after the steps that it made;
// Redis may know better, because it went back in time or because something
// else follows the same log. Every step therefore replaces the roll of its
// source, and is done only if Redis holds the roll that the step before it
// left: one that was decided on old news is never done. Then Reset takes over
// what Redis holds, and what every open file is is decided anew.
package follow

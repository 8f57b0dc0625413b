package clickhousetest

import "testing"

func TestServerComesBackWithItsRows(t *testing.T) {
	s := Start(t)
	s.Do("CREATE DATABASE history")
	s.Do("CREATE TABLE history.t (a Int64) ENGINE = MergeTree() ORDER BY a")
	s.Do("INSERT INTO history.t VALUES (7)")
	s.Kill()
	s.Start()
	if got := s.Do("SELECT * FROM history.t"); got != "7" {
		t.Errorf("the row is %q, want 7", got)
	}
}

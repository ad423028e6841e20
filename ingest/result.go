package ingest

// Status is what became of a reading.
type Status string

const (
	// Recorded readings are at the server.
	Recorded Status = "recorded"
	// Rejected readings are not, and would be refused again.
	Rejected Status = "rejected"
	// Unknown readings were sent, and whether the server recorded them is not
	// known.
	Unknown Status = "unknown"
	// Pending readings are not at the server, because the run ended first, or
	// because the server failed over one again and again, which those of its meter
	// behind it wait for. The next run sends them.
	Pending Status = "pending"
)

// Result is what became of one reading.
type Result struct {
	Index     int // place in the input, from 0
	Reading   Reading
	Status    Status
	ReadingID string // of a Recorded one
	Err       error  // why; nil for a Recorded one
	// Earlier says that it was known before, from an earlier run or because the
	// input has it twice, and that nothing was sent.
	Earlier bool
}

// Summary counts the readings of a run.
type Summary struct {
	Taken    int // from the input
	Recorded int
	Rejected int
	Unknown  int
	Pending  int
	Earlier  int // of these, those that were known before
}

// Answered is how many of those taken have a result.
func (s Summary) Answered() int { return s.Recorded + s.Rejected + s.Unknown + s.Pending }

func (s *Summary) add(r Result) {
	switch r.Status {
	case Recorded:
		s.Recorded++
	case Rejected:
		s.Rejected++
	case Unknown:
		s.Unknown++
	case Pending:
		s.Pending++
	}
	if r.Earlier {
		s.Earlier++
	}
}

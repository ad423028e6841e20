package types

import "fmt"

// BulkImportResult says what a bulk import did: every good row is stored, every
// bad one is skipped and reported.
type BulkImportResult struct {
	CreatedIDs []string          `json:"created_ids"` // ids of the stored rows, in row order
	Errors     []BulkImportError `json:"errors"`      // the rows that were skipped
}

// BulkImportError is one row that a bulk import skipped.
type BulkImportError struct {
	Index   int    `json:"index"` // position in the rows of the caller, from 0
	Message string `json:"message"`
}

// Error implements error.
func (e BulkImportError) Error() string { return fmt.Sprintf("row %d: %s", e.Index, e.Message) }

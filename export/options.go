package export

import (
	"github.com/workorder-systems/sdk-go/internal/tabular"
	"github.com/workorder-systems/sdk-go/query"
)

// Option changes what an export writes, and reports how it goes. The exports of
// module export/parquet take the same.
type Option = tabular.Option

// Progress is how far an export has come: the rows that it has taken, and the
// bytes that have gone to the writer.
type Progress = tabular.Progress

// Columns exports only the given columns, in the order given. A column that the
// rows lack makes the export fail with ErrInvalidInput before anything is
// written. It does not change what the server sends: give query.Columns the
// same columns.
func Columns(columns ...query.AnyColumn) Option {
	return func(o *tabular.Options) { o.Columns(columns...) }
}

// Rename calls a column otherwise in the export. Renaming a column that is not
// exported, and two columns of one name, are ErrInvalidInput.
func Rename(column query.AnyColumn, name string) Option {
	return func(o *tabular.Options) { o.Rename(column, name) }
}

// OnProgress calls f while the export runs, at most five times a second, and
// once when all rows are written. It runs between two rows, so it should be
// quick.
func OnProgress(f func(Progress)) Option {
	return func(o *tabular.Options) { o.Progress = f }
}

// SkipUnreadable leaves out rows that could not be decoded (ErrUnreadableRow)
// and calls f with the error of each. Without it the first one ends the export.
// Every other error ends it in any case.
func SkipUnreadable(f func(error)) Option {
	return func(o *tabular.Options) {
		if f == nil {
			f = func(error) {}
		}
		o.Skip = f
	}
}

// NullText writes null in CSV as the given text, such as NULL or \N, without
// quotes; a value that is the same text is quoted. The default is nothing, while
// an empty text is written as "". Other formats have a null of their own.
func NullText(text string) Option {
	return func(o *tabular.Options) { o.Null, o.HasNull = text, true }
}

// GuardFormulas keeps spreadsheets from running what people typed into the
// database. In CSV a text, a document and a column's name that begin with
// =, +, -, @, a tab, a carriage return or a line feed, or with the wide forms
// of the signs, get an apostrophe in front. Columns of numbers, times and dates
// stay as they are, so -5 stays a number; the text "-5" becomes '-5. The
// apostrophe stays in the data: leave the option out when a program, not a
// spreadsheet, reads the file.
func GuardFormulas() Option {
	return func(o *tabular.Options) { o.Guard = true }
}

package storage

import (
	"mime"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestContentType(t *testing.T) {
	for name, want := range map[string]string{
		"a.pdf": "application/pdf", "IMG_1.HEIC": "image/heic", "clip.mov": "video/quicktime", "plan.dwg": "image/vnd.dwg",
		"a.tar.gz": "application/gzip", "noending": "application/octet-stream", "a.": "application/octet-stream",
		"a.none-such": "application/octet-stream",
	} {
		require.Equal(t, want, ContentType(name), name)
	}
}

// A machine's own tables come last.
func TestContentTypeDoesNotDependOnTheMachine(t *testing.T) {
	require.NoError(t, mime.AddExtensionType(".dwg", "application/acad"))
	require.NoError(t, mime.AddExtensionType(".site", "text/x-site"))
	require.Equal(t, "image/vnd.dwg", ContentType("plan.dwg"))
	require.Equal(t, "text/x-site; charset=utf-8", ContentType("plan.site"))
}

func TestContentTypesAreWellFormed(t *testing.T) {
	for ext, typ := range contentTypes {
		_, _, err := mime.ParseMediaType(typ)
		require.NoError(t, err, ext)
		require.Regexp(t, `^\.[0-9a-z]+$`, ext)
	}
}

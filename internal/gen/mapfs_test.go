package main

import (
	"io/fs"
	"testing/fstest"
)

// mapFS makes a file system of names and texts.
func mapFS(files map[string]string) fs.FS {
	out := fstest.MapFS{}
	for name, text := range files {
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

package storage

import "regexp"

// validKey is what object names may hold: what S3 calls safe characters.
var validKey = regexp.MustCompile(`^[\w/!\-.*'() &$@=;:+,?]+$`)

func checkKey(name string) error {
	if !validKey.MatchString(name) {
		return invalidKey(name)
	}
	return nil
}

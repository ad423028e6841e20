package sdkerr

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
)

// permanent reports whether a network failure will not pass by itself: the
// server's certificate is not to be trusted.
func permanent(err error) bool {
	var record tls.RecordHeaderError
	return distrusted(err) || errors.As(err, &record)
}

// distrusted reports whether the server's certificate was refused, which is before
// anything is sent.
func distrusted(err error) bool {
	var (
		verify  *tls.CertificateVerificationError
		unknown x509.UnknownAuthorityError
		host    x509.HostnameError
		invalid x509.CertificateInvalidError
	)
	return errors.As(err, &verify) || errors.As(err, &unknown) || errors.As(err, &host) || errors.As(err, &invalid)
}

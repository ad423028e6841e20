package otelworkorder

import (
	"cmp"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/httperr"
)

// system is the rpc.system.name of the SDK's operations.
var system = semconv.RPCSystemNameKey.String("workorder")

// operation is the name of a call.
func operation(op string) string { return cmp.Or(op, "workorder") }

// operationAttributes say which call it is. They are on every metric of calls.
func operationAttributes(c workorder.CallStart) []attribute.KeyValue {
	return append(make([]attribute.KeyValue, 0, 8),
		system,
		semconv.RPCMethod(operation(c.Op)),
		semconv.ServerAddress(c.Host),
		semconv.ServerPort(c.Port),
	)
}

// callAttributes are those of a call's span when it begins.
func callAttributes(c workorder.CallStart) []attribute.KeyValue {
	attrs := append(operationAttributes(c), semconv.HTTPRequestMethodKey.String(c.Method))
	name, function, ok := relation(c.Path)
	switch {
	case !ok:
		return attrs
	case function:
		return append(attrs, semconv.DBSystemNamePostgreSQL, semconv.DBStoredProcedureName(name))
	}
	return append(attrs, semconv.DBSystemNamePostgreSQL, semconv.DBCollectionName(name), semconv.DBOperationName(statement(c.Method)))
}

// statement is what PostgREST makes of a request for a view.
func statement(method string) string {
	switch method {
	case http.MethodPost:
		return "INSERT"
	case http.MethodPatch:
		return "UPDATE"
	case http.MethodDelete:
		return "DELETE"
	}
	return "SELECT"
}

// httpAttributes are the name and the attributes of an attempt's span when it
// begins. Paths of files and accounts hold ids, so only those of the API are
// named.
func httpAttributes(a workorder.AttemptStart) (string, []attribute.KeyValue) {
	name := a.Method
	attrs := append(make([]attribute.KeyValue, 0, 8),
		semconv.HTTPRequestMethodKey.String(a.Method),
		semconv.ServerAddress(a.Host),
		semconv.ServerPort(a.Port),
	)
	if _, _, ok := relation(a.Path); ok {
		name += " " + a.Path
		attrs = append(attrs, semconv.URLTemplate(a.Path))
	}
	if a.Attempt > 1 {
		attrs = append(attrs, semconv.HTTPRequestResendCount(a.Attempt-1))
	}
	return name, attrs
}

// relation is the view or function of the database that a path of the API names.
func relation(path string) (name string, function, ok bool) {
	name, ok = strings.CutPrefix(path, "/rest/v1/")
	if !ok || name == "" {
		return "", false, false
	}
	name, function = strings.CutPrefix(name, "rpc/")
	return name, function, true
}

// statusAttributes is the HTTP status of an answer, if one came.
func statusAttributes(status int) []attribute.KeyValue {
	if status == 0 {
		return nil
	}
	return []attribute.KeyValue{semconv.HTTPResponseStatusCode(status)}
}

// errorAttributes say what kind of failure err is, if it is one.
func errorAttributes(err error) []attribute.KeyValue {
	if err == nil {
		return nil
	}
	return []attribute.KeyValue{semconv.ErrorTypeKey.String(errorType(err))}
}

// postgrest matches the codes that PostgREST gives errors of its own.
var postgrest = regexp.MustCompile(`^PGRST\d{3}$`)

// errorType names a failure by the SQLSTATE or PostgREST's code, else by its kind
// as package httperr spells it, else by the HTTP status. Other codes are a
// server's free text.
func errorType(err error) string {
	if state := sqlState(err); state != "" {
		return state
	}
	var e *workorder.SdkError
	if errors.As(err, &e) && postgrest.MatchString(e.Code) {
		return e.Code
	}
	if kind := httperr.ProblemOf(err).Kind; kind != "" {
		return kind
	}
	if e != nil && e.HTTPStatus != 0 {
		return strconv.Itoa(e.HTTPStatus)
	}
	return semconv.ErrorTypeOther.Value.AsString()
}

// sqlState is PostgreSQL's code of a failure, "" when it has none.
func sqlState(err error) string {
	var e *workorder.SdkError
	if !errors.As(err, &e) {
		return ""
	}
	return e.SQLState()
}

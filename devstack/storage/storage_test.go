package storage_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/devstack/auth"
	"github.com/workorder-systems/sdk-go/devstack/internal/pgtest"
	"github.com/workorder-systems/sdk-go/devstack/storage"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

const (
	alice = "11111111-1111-1111-1111-111111111111"
	bob   = "22222222-2222-2222-2222-222222222222"
)

var secret = []byte("a-secret-with-at-least-32-characters")

// rules are the buckets and policies of the tests. In bucket files everybody who
// is signed in owns the folder named after them, reads the folder "shared" too,
// and may not update what lies in a folder "fixed" or delete what lies in "kept".
const rules = `
insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types) values
  ('files', 'files', false, null, null),
  ('open', 'open', true, null, null),
  ('small', 'small', false, 10, null),
  ('images', 'images', false, null, '{image/*,application/pdf}');

create policy upload on storage.objects for insert to authenticated
  with check (bucket_id <> 'open' and (storage.foldername(name))[1] = auth.uid()::text and owner_id = auth.uid()::text);
create policy read on storage.objects for select to authenticated
  using ((storage.foldername(name))[1] in (auth.uid()::text, 'shared'));
create policy change on storage.objects for update to authenticated
  using ((storage.foldername(name))[1] = auth.uid()::text and (storage.foldername(name))[2] is distinct from 'fixed');
create policy remove on storage.objects for delete to authenticated
  using ((storage.foldername(name))[1] = auth.uid()::text and (storage.foldername(name))[2] is distinct from 'kept');
create policy buckets on storage.buckets for select to authenticated using (id <> 'open');

-- Fails as the last segment of the name says.
create function public.after_upload() returns trigger language plpgsql as $$
declare
  code text := substring(new.name from '/raise-(.*)$');
begin
  if code is not null then
    raise exception using errcode = code, message = 'the trigger says ' || code;
  end if;
  insert into public.uploads values (new.name, new.metadata, auth.jwt() ->> 'sub', current_user);
  return null;
end $$;
create table public.uploads (name text, metadata jsonb, uid text, role text);
create trigger after_upload after insert on storage.objects for each row execute function public.after_upload();
`

// service is a Storage service over a database of the test's own.
type service struct {
	t     testing.TB
	admin *pgxpool.Pool
	srv   *storage.Server
	url   string
	dir   string
	now   *clock
	token string
}

type clock struct {
	mu  sync.Mutex
	add time.Duration
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.add)
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add += d
}

func newService(t testing.TB, change ...func(*storage.Config)) *service {
	t.Helper()
	bootstrap, err := os.ReadFile("../bootstrap.sql")
	require.NoError(t, err)
	s := &service{t: t, now: &clock{}, dir: t.TempDir()}
	db := pgtest.Database(t, string(bootstrap), auth.SchemaSQL, storage.SchemaSQL, rules)
	s.admin, err = pgxpool.New(t.Context(), db)
	require.NoError(t, err)
	t.Cleanup(s.admin.Close)

	pc, err := pgxpool.ParseConfig(db)
	require.NoError(t, err)
	pc.ConnConfig.User = "authenticator"
	pc.MaxConns = 4
	pool, err := pgxpool.NewWithConfig(t.Context(), pc)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	cfg := storage.Config{Pool: pool, JWTSecret: secret, Dir: s.dir, Now: s.now.Now}
	for _, f := range change {
		f(&cfg)
	}
	s.srv, err = storage.New(cfg)
	require.NoError(t, err)
	server := httptest.NewServer(s.srv)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		s.srv.Close()
	})
	s.url = server.URL
	s.token = s.user(alice)
	return s
}

func (s *service) sign(claims jwt.MapClaims) string {
	s.t.Helper()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(secret)
	require.NoError(s.t, err)
	return token
}

func (s *service) user(id string) string {
	return s.sign(jwt.MapClaims{"role": "authenticated", "sub": id})
}

// as gives the same service with another token; an empty one is no token.
func (s *service) as(token string) *service {
	b := *s
	b.token = token
	return &b
}

func (s *service) bob() *service  { return s.as(s.user(bob)) }
func (s *service) root() *service { return s.as(s.sign(jwt.MapClaims{"role": "service_role"})) }

type reply struct {
	t      testing.TB
	code   int
	header http.Header
	body   string
}

// do sends a request; headers are "Name: value".
func (s *service) do(method, path, body string, headers ...string) reply {
	s.t.Helper()
	return s.stream(method, path, strings.NewReader(body), headers...)
}

func (s *service) stream(method, path string, body io.Reader, headers ...string) reply {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+strings.ReplaceAll(path, " ", "%20"), body)
	require.NoError(s.t, err)
	if s.token != "" {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	for _, h := range headers {
		k, v, _ := strings.Cut(h, ": ")
		req.Header.Set(k, v)
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(s.t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	require.NoError(s.t, err)
	return reply{s.t, res.StatusCode, res.Header, string(b)}
}

// upload uploads and requires that it works.
func (s *service) upload(path, body string, headers ...string) reply {
	s.t.Helper()
	return s.do("POST", "/object/"+path, body, headers...).ok()
}

func (r reply) ok() reply {
	r.t.Helper()
	require.Equal(r.t, http.StatusOK, r.code, r.body)
	return r
}

// into reads the body.
func (r reply) into(v any) {
	r.t.Helper()
	require.NoError(r.t, json.Unmarshal([]byte(r.body), v), r.body)
}

type failure struct{ StatusCode, Error, Message, Code string }

// fails requires an error: status 400 for all but failures of the service.
func (r reply) fails(want failure) {
	r.t.Helper()
	var got failure
	r.into(&got)
	require.Equal(r.t, want, got)
	status := http.StatusBadRequest
	if want.Error == "DatabaseError" {
		status = http.StatusInternalServerError
	}
	require.Equal(r.t, status, r.code)
}

var (
	notFound       = failure{"404", "not_found", "Object not found", "NoSuchKey"}
	bucketNotFound = failure{"404", "Bucket not found", "Bucket not found", "NoSuchBucket"}
	duplicate      = failure{"409", "Duplicate", "The resource already exists", "ResourceAlreadyExists"}
	rowSecurity    = failure{"403", "Unauthorized", "new row violates row-level security policy", "AccessDenied"}
	payloadTooLong = failure{"413", "Payload too large", "The object exceeded the maximum allowed size", "EntityTooLarge"}
	invalidRange   = failure{"416", "InvalidRange", "invalid range provided", "InvalidRange"}
)

func denied(message string) failure   { return failure{"403", "Unauthorized", message, "AccessDenied"} }
func badToken(message string) failure { return failure{"400", "InvalidJWT", message, "InvalidJWT"} }
func invalid(message string) failure  { return failure{"400", "Error", message, "InvalidRequest"} }

// value asks the database, as superuser.
func (s *service) value(sql string, args ...any) string {
	s.t.Helper()
	var v *string
	require.NoError(s.t, s.admin.QueryRow(s.t.Context(), sql, args...).Scan(&v))
	if v == nil {
		return "null"
	}
	return *v
}

// files counts the files that hold bytes.
func (s *service) files() int {
	s.t.Helper()
	entries, err := os.ReadDir(s.dir)
	require.NoError(s.t, err)
	return len(entries)
}

func TestConfigIsChecked(t *testing.T) {
	pool := &pgxpool.Pool{}
	for name, cfg := range map[string]storage.Config{
		"Pool":      {JWTSecret: secret, Dir: "x"},
		"JWTSecret": {Pool: pool, Dir: "x"},
		"Dir":       {Pool: pool, JWTSecret: secret},
	} {
		_, err := storage.New(cfg)
		require.EqualError(t, err, "storage: Config."+name+" is required")
	}
}

func TestUnknownRoutes(t *testing.T) {
	s := newService(t)
	for _, tc := range [][2]string{{"GET", "/"}, {"GET", "/object"}, {"PATCH", "/object/files/a"}, {"POST", "/bucket"}, {"POST", "/upload/resumable"}} {
		r := s.do(tc[0], tc[1], "")
		require.Equal(t, 404, r.code)
		require.JSONEq(t, `{"message":"Route `+tc[0]+`:`+tc[1]+` not found","error":"Not Found","statusCode":404}`, r.body)
	}
}

func TestTokens(t *testing.T) {
	s := newService(t)
	s.upload("files/"+alice+"/a.txt", "a")
	at := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	with := func(extra jwt.MapClaims) string {
		claims := jwt.MapClaims{"role": "authenticated", "sub": alice}
		for k, v := range extra {
			claims[k] = v
		}
		return s.sign(claims)
	}
	forged, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"role": "service_role"}).SignedString([]byte("somebody else's secret of 32 bytes"))
	require.NoError(t, err)
	none, err := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{"role": "service_role"}).SignedString(jwt.UnsafeAllowNoneSignatureType)
	require.NoError(t, err)
	for _, tc := range []struct {
		name, token, message string
	}{
		{"good", with(jwt.MapClaims{"exp": at(time.Hour)}), ""},
		{"expired", with(jwt.MapClaims{"exp": at(-time.Second)}), `"exp" claim timestamp check failed`},
		{"not yet", with(jwt.MapClaims{"nbf": at(time.Minute)}), `"nbf" claim timestamp check failed`},
		{"forged", forged, "signature verification failed"},
		{"no algorithm", none, `"alg" (Algorithm) Header Parameter value not allowed`},
		{"no JWT", "abc", "Invalid Compact JWS"},
		{"unknown role", with(jwt.MapClaims{"role": "nobody_at_all"}), `role "nobody_at_all" does not exist`},
		{"superuser", with(jwt.MapClaims{"role": "postgres"}), `permission denied to set role "postgres"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, call := range [][2]string{
				{"GET", "/object/files/" + alice + "/a.txt"},
				{"GET", "/object/authenticated/files/" + alice + "/a.txt"},
				{"GET", "/object/info/files/" + alice + "/a.txt"},
				{"PUT", "/object/files/" + alice + "/b.txt"},
				{"DELETE", "/object/files/" + alice + "/b.txt"},
			} {
				r := s.as(tc.token).do(call[0], call[1], "")
				r.t = t
				if tc.message == "" {
					r.ok()
				} else if call[0] != "DELETE" || !strings.Contains(tc.message, "role") { // a DELETE looks for the object first
					r.fails(denied(tc.message))
				}
			}
		})
	}
	for _, call := range [][2]string{{"GET", "/object/files/x"}, {"POST", "/object/files/x"}, {"POST", "/object/list/files"}, {"GET", "/bucket"}} {
		s.as("").do(call[0], call[1], "").fails(invalid("headers must have required property 'authorization'"))
		s.as("").do(call[0], call[1], "", "Authorization: Basic eDp5").fails(denied("Invalid Compact JWS"))
	}
}

func TestBuckets(t *testing.T) {
	s := newService(t)
	var buckets []map[string]any
	s.do("GET", "/bucket", "").ok().into(&buckets)
	require.Len(t, buckets, 3, "the policy hides one")
	s.do("GET", "/bucket/open", "").fails(bucketNotFound)
	var b map[string]any
	s.root().do("GET", "/bucket/images", "").ok().into(&b)
	require.NotEmpty(t, b["created_at"])
	delete(b, "created_at")
	delete(b, "updated_at")
	require.Equal(t, map[string]any{"id": "images", "name": "images", "owner": "", "public": false,
		"file_size_limit": nil, "allowed_mime_types": []any{"image/*", "application/pdf"}}, b)
	s.as(s.sign(jwt.MapClaims{"role": "anon"})).do("GET", "/bucket", "").ok().into(&buckets)
	require.Empty(t, buckets)
}

func TestCloseWaitsAndRefuses(t *testing.T) {
	s := newService(t)
	body, send := io.Pipe()
	answered, closed := make(chan reply), make(chan struct{})
	go func() { answered <- s.stream("POST", "/object/files/"+alice+"/a", body) }()
	_, err := send.Write([]byte("half of it"))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return s.files() == 1 }, 5*time.Second, 5*time.Millisecond)
	go func() {
		s.srv.Close()
		close(closed)
	}()
	require.Eventually(t, func() bool { return s.do("GET", "/bucket", "").code == http.StatusServiceUnavailable }, 5*time.Second, 5*time.Millisecond)
	select {
	case <-closed:
		t.Fatal("an upload is under way")
	default:
	}
	require.NoError(t, send.Close())
	require.Equal(t, http.StatusServiceUnavailable, (<-answered).code)
	<-closed
	require.Equal(t, 0, s.files())
}

// form writes a form as browsers do.
func form(boundary string, parts ...string) string {
	var b bytes.Buffer
	for _, part := range parts {
		b.WriteString("--" + boundary + "\r\n" + part + "\r\n")
	}
	b.WriteString("--" + boundary + "--\r\n")
	return b.String()
}

func escape(path string) string { return (&url.URL{Path: path}).EscapedPath() }

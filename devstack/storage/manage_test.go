package storage_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRemove(t *testing.T) {
	s := newService(t)
	for _, name := range []string{"a", "b", "c", "kept/a"} {
		s.upload("files/"+alice+"/"+name, "x")
	}
	require.JSONEq(t, `{"message":"Successfully deleted"}`, s.do("DELETE", "/object/files/"+alice+"/a", "").ok().body)
	s.do("DELETE", "/object/files/"+alice+"/a", "").fails(notFound)
	s.do("DELETE", "/object/files/"+alice+"/kept/a", "").fails(denied("Access denied"))
	s.bob().do("DELETE", "/object/files/"+alice+"/b", "").fails(denied("Access denied"))
	require.Equal(t, 3, s.files())

	var gone []map[string]any
	s.bob().do("DELETE", "/object/files", `{"prefixes":["`+alice+`/b"]}`).ok().into(&gone)
	require.Empty(t, gone)
	s.do("DELETE", "/object/files", `{"prefixes":["`+alice+`/b","`+alice+`/c","`+alice+`/kept/a","`+alice+`/none"]}`).ok().into(&gone)
	require.Len(t, gone, 2)
	require.ElementsMatch(t, []any{alice + "/b", alice + "/c"}, []any{gone[0]["name"], gone[1]["name"]})
	for _, key := range []string{"id", "bucket_id", "owner", "owner_id", "version", "created_at", "updated_at", "last_accessed_at", "metadata"} {
		require.NotEmpty(t, gone[0][key], key)
	}
	require.Equal(t, 1, s.files())

	s.do("DELETE", "/object/files", `{}`).fails(invalid("body must have required property 'prefixes'"))
	s.do("DELETE", "/object/files", `{"prefixes":[]}`).fails(invalid("body/prefixes must NOT have fewer than 1 items"))
	s.do("DELETE", "/object/files", `{"prefixes":"a"}`).fails(invalid("body/prefixes must be array"))
}

func TestMove(t *testing.T) {
	s := newService(t)
	s.upload("files/"+alice+"/a", "x")
	s.upload("files/"+alice+"/taken", "y")
	s.upload("files/"+alice+"/fixed/a", "z")
	move := func(as *service, from, to, more string) reply {
		return as.do("POST", "/object/move", `{"bucketId":"files","sourceKey":"`+from+`","destinationKey":"`+to+`"`+more+`}`)
	}
	var answer map[string]string
	move(s, alice+"/a", alice+"/b", "").ok().into(&answer)
	require.Equal(t, "Successfully moved", answer["message"])
	s.do("GET", "/object/files/"+alice+"/a", "").fails(notFound)
	require.Equal(t, "x", s.do("GET", "/object/files/"+alice+"/b", "").ok().body)
	move(s, alice+"/b", alice+"/b", "").ok()
	move(s, alice+"/b", alice+"/c", `,"destinationBucket":"images"`).ok()
	require.Equal(t, "x", s.do("GET", "/object/images/"+alice+"/c", "").ok().body)

	move(s, alice+"/none", alice+"/d", "").fails(notFound)
	move(s, alice+"/taken", alice+"/é", "").fails(failure{"400", "InvalidKey", "Invalid key: " + alice + "/é", "InvalidKey"})
	move(s, alice+"/taken", bob+"/a", "").fails(rowSecurity)
	move(s, alice+"/fixed/a", alice+"/taken", "").fails(notFound) // not his to update
	s.upload("files/"+alice+"/d", "d")
	move(s, alice+"/d", alice+"/taken", "").fails(duplicate)
	move(s, alice+"/d", alice+"/x", `,"destinationBucket":"nowhere"`).fails(failure{"404", "Not found", "The related resource does not exist", "RelatedResourceNotFound"})
	move(s.bob(), alice+"/d", bob+"/d", "").fails(notFound)
	s.do("POST", "/object/move", `{"bucketId":"files"}`).fails(invalid("body must have required property 'sourceKey'"))
}

func TestCopy(t *testing.T) {
	s := newService(t)
	s.upload("files/"+alice+"/a", "x", "Content-Type: text/csv", "X-Metadata: eyJhIjoxfQ==")
	duplicateTo := func(to, more string, headers ...string) reply {
		return s.do("POST", "/object/copy", `{"bucketId":"files","sourceKey":"`+alice+`/a","destinationKey":"`+to+`"`+more+`}`, headers...)
	}
	var answer map[string]any
	duplicateTo(alice+"/b", "").ok().into(&answer)
	require.Equal(t, "files/"+alice+"/b", answer["Key"])
	require.NotEmpty(t, answer["Id"])
	facts := func(name string) string {
		return s.value(`select concat_ws(' ', owner_id = $2, metadata ->> 'mimetype', metadata ->> 'size', user_metadata) from storage.objects where name = $1`, alice+name, alice)
	}
	require.Equal(t, `t text/csv 1 {"a": 1}`, facts("/b"))
	require.Equal(t, 2, s.files())
	s.do("DELETE", "/object/files/"+alice+"/a", "").ok()
	require.Equal(t, "x", s.do("GET", "/object/files/"+alice+"/b", "").ok().body, "it has bytes of its own")
	duplicateTo(alice+"/c", "").fails(notFound)

	s.upload("files/"+alice+"/a", "y")
	duplicateTo(alice+"/b", "").fails(duplicate)
	duplicateTo(alice+"/b", `,"copyMetadata":false,"metadata":{"mimetype":"text/plain"}`, "X-Upsert: true", "X-Metadata: eyJiIjoyfQ==").ok()
	require.Equal(t, `t text/plain 1 {"b": 2}`, facts("/b"))
	require.Equal(t, "y", s.do("GET", "/object/files/"+alice+"/b", "").ok().body)
	duplicateTo(bob+"/a", "").fails(rowSecurity)
	duplicateTo(alice+"/a", `,"destinationBucket":"images"`).ok()
	require.Equal(t, 3, s.files())
}

func TestList(t *testing.T) {
	s := newService(t)
	for _, name := range []string{"b.txt", "a.txt", "sub/x", "sub/y", "Sub/z", "other/deep/x"} {
		s.upload("files/"+alice+"/"+name, name)
	}
	s.root().upload("files/hidden/a", "x")
	names := func(as *service, body string) []string {
		t.Helper()
		var entries []struct {
			Name     string
			ID       *string
			Metadata map[string]any
		}
		as.do("POST", "/object/list/files", body).ok().into(&entries)
		got := []string{}
		for _, e := range entries {
			if e.ID == nil {
				require.Nil(t, e.Metadata)
				e.Name += "/"
			} else {
				require.Contains(t, e.Metadata, "size")
			}
			got = append(got, e.Name)
		}
		return got
	}
	for _, tc := range []struct {
		body string
		want []string
	}{
		{`{"prefix":""}`, []string{alice + "/"}},
		{`{"prefix":"` + alice + `"}`, []string{"Sub/", "other/", "sub/", "a.txt", "b.txt"}},
		{`{"prefix":"` + alice + `/"}`, []string{"Sub/", "other/", "sub/", "a.txt", "b.txt"}},
		{`{"prefix":"` + alice + `/other"}`, []string{"deep/"}},
		{`{"prefix":"` + alice + `/other/deep"}`, []string{"x"}},
		{`{"prefix":"` + alice + `","search":"A"}`, []string{"a.txt"}},
		{`{"prefix":"` + alice + `","search":"_"}`, []string{}},
		{`{"prefix":"` + alice + `","limit":2,"offset":2}`, []string{"sub/", "a.txt"}},
		{`{"prefix":"` + alice + `","sortBy":{"column":"name","order":"desc"}}`, []string{"sub/", "other/", "Sub/", "b.txt", "a.txt"}},
		{`{"prefix":"` + alice + `","sortBy":{"column":"created_at","order":"asc"}}`, []string{"Sub/", "other/", "sub/", "b.txt", "a.txt"}},
		{`{"prefix":"hidden"}`, []string{}},
	} {
		require.Equal(t, tc.want, names(s, tc.body), tc.body)
	}
	require.Empty(t, names(s.bob(), `{"prefix":"`+alice+`"}`))
	require.Equal(t, []string{"a"}, names(s.root(), `{"prefix":"hidden"}`))
	for body, message := range map[string]string{
		`{}`:                                         "body must have required property 'prefix'",
		`{"prefix":"","limit":0}`:                    "body/limit must be >= 1",
		`{"prefix":"","limit":"1"}`:                  "body/limit must be integer",
		`{"prefix":"","offset":-1}`:                  "body/offset must be >= 0",
		`{"prefix":"","sortBy":{"column":"id"}}`:     "body/sortBy/column must be equal to one of the allowed values",
		`{"prefix":"","sortBy":{"order":"up;drop"}}`: "body/sortBy/order must be equal to one of the allowed values",
	} {
		s.do("POST", "/object/list/files", body).fails(invalid(message))
	}
}

func TestNothingLeaksToTheNextRequest(t *testing.T) {
	s := newService(t)
	s.upload("files/"+alice+"/a", "x")
	for range 4 { // the size of the pool
		s.root().do("GET", "/object/files/"+alice+"/a", "").ok()
		s.bob().do("GET", "/object/files/"+alice+"/a", "").fails(notFound)
		s.bob().do("POST", "/object/files/"+alice+"/b", "y").fails(rowSecurity)
	}
}

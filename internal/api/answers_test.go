package api

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLongestAnswerIsForgotten(t *testing.T) {
	var a answers
	start := time.Now()
	require.Zero(t, a.get(start))
	a.note(40, start)
	a.note(7, start.Add(time.Minute))
	require.Equal(t, 40, a.get(start.Add(answersMemory)), "a shorter one changes nothing")
	require.Zero(t, a.get(start.Add(answersMemory+1)))
	a.note(7, start.Add(answersMemory+1))
	require.Equal(t, 7, a.get(start.Add(2*answersMemory)))
}

func TestAClientFamilySharesTheLongestAnswer(t *testing.T) {
	c, err := New(Config{BaseURL: "http://localhost:1", APIKey: "key"})
	require.NoError(t, err)
	derived, err := New(c.Config())
	require.NoError(t, err)
	c.WithIdentity(nil, "t1").SawAnswer(9)
	require.Equal(t, 9, c.LongestAnswer())
	require.Equal(t, 9, derived.LongestAnswer())
	other, err := New(Config{BaseURL: "http://localhost:1", APIKey: "key"})
	require.NoError(t, err)
	require.Zero(t, other.LongestAnswer())
}

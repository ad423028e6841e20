package rest

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// knowsZone says whether the database knows a time zone of that name. The names
// are read when the first request asks, since the database collects them from
// hundreds of files.
func (s *Server) knowsZone(ctx context.Context, zone string) bool {
	s.zoneMu.Lock()
	defer s.zoneMu.Unlock()
	if s.zones == nil {
		rows, err := s.cfg.Pool.Query(ctx, `select name from pg_timezone_names`)
		if err != nil {
			return false
		}
		zones := map[string]bool{}
		var name string
		if _, err := pgx.ForEachRow(rows, []any{&name}, func() error {
			zones[name] = true
			return nil
		}); err != nil {
			return false
		}
		s.zones = zones
	}
	return s.zones[zone]
}

package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/assets"
	"github.com/workorder-systems/sdk-go/devstack"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/pm"
	"github.com/workorder-systems/sdk-go/types"
)

// demo records a day of three meters in a local stack, twice: the second time
// everything is known.
func demo(ctx context.Context, out io.Writer, s settings) error {
	stack, err := devstack.Start(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = stack.Close() }()
	p, err := newPlant(ctx, stack)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "meter-ingest")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	s.in.Key = p.key
	s.input, s.journal, s.rejected = filepath.Join(dir, "readings.csv"), filepath.Join(dir, "readings.journal"), filepath.Join(dir, "rejected.csv")
	text := day(p.meters, 96, time.Now().Add(-24*time.Hour)) + "Press hours,noon,12\nPress hours,2026-01-01T00:00:00Z,-1\n"
	if err := os.WriteFile(s.input, []byte(text), 0o600); err != nil {
		return err
	}
	for range 2 {
		if err := record(ctx, nil, out, p.machine, p.member, s); err != nil {
			return err
		}
	}
	rejected, err := os.ReadFile(s.rejected)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s", rejected)
	return err
}

// day makes a CSV file in which each meter is read n times, every 15 minutes.
func day(meters []string, n int, start time.Time) string {
	var b strings.Builder
	b.WriteString("meter,time,value\n")
	for i := range n {
		for _, m := range meters {
			fmt.Fprintf(&b, "%s,%s,%d.25\n", m, start.Add(time.Duration(i)*15*time.Minute).Format(time.RFC3339Nano), 100+i)
		}
	}
	return b.String()
}

// plant is a tenant with three meters and a key.
type plant struct {
	machine, member *workorder.Client
	session         *workorder.Session
	key             types.Secret
	keyID           string
	meters          []string // their names, which are "Press hours" and so on
	ids             []string
}

// newPlant signs a user up and gives them a tenant.
func newPlant(ctx context.Context, stack *devstack.Stack) (*plant, error) {
	machine, err := workorder.New(stack.URL, stack.AnonKey)
	if err != nil {
		return nil, err
	}
	unique := strings.ToLower(rand.Text()[:10])
	user, err := machine.Auth.SignUp(ctx, workorder.SignUpParams{Email: "ada-" + unique + "@example.com", Password: rand.Text()})
	if err != nil {
		return nil, err
	}
	p := &plant{machine: machine, member: machine.WithSession(user.Session), session: user.Session}
	tenant, err := p.member.Tenants.Create(ctx, org.CreateTenantParams{Name: "Plant", Slug: "plant-" + unique})
	if err != nil {
		return nil, err
	}
	if _, err := p.member.SetTenantAndRefresh(ctx, tenant); err != nil {
		return nil, err
	}
	key, err := p.member.TenantAPIKeys.Create(ctx, org.CreateTenantAPIKeyParams{Name: "machines"})
	if err != nil {
		return nil, err
	}
	p.key, p.keyID = key.Key, key.ID
	for _, name := range []string{"Press", "Lathe", "Saw"} {
		asset, err := p.member.Assets.Create(ctx, assets.CreateAssetParams{Name: name})
		if err != nil {
			return nil, err
		}
		meter, err := p.member.Meters.Create(ctx, pm.CreateMeterParams{AssetID: asset, Type: pm.MeterRuntimeHours, Name: name + " hours", Unit: "h"})
		if err != nil {
			return nil, err
		}
		p.meters, p.ids = append(p.meters, name+" hours"), append(p.ids, meter)
	}
	return p, nil
}

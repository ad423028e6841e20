package otelworkorder

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	workorder "github.com/workorder-systems/sdk-go"
)

// ObservePool writes the numbers of a pool (workorder.TenantPoolStats) as metrics
// whenever they are collected. The name tells the pools of a program apart. No
// tenant is named. Unregister the result when the pool is closed.
func ObservePool(pool *workorder.TenantPool, name string, opts ...Option) (metric.Registration, error) {
	if pool == nil {
		return nil, fmt.Errorf("otelworkorder.ObservePool: %w: the pool is nil", workorder.ErrInvalidInput)
	}
	m := newConfig(opts).meter()
	var errs []error
	level := func(name, unit, description string) metric.Int64ObservableUpDownCounter {
		g, err := m.Int64ObservableUpDownCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
		errs = append(errs, err)
		return g
	}
	counter := func(name, unit, description string) metric.Int64ObservableCounter {
		c, err := m.Int64ObservableCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
		errs = append(errs, err)
		return c
	}
	tenants := level("workorder.tenant_pool.tenants", "{tenant}", "Tenants in the pool, by whether a function works in them.")
	limit := level("workorder.tenant_pool.max", "{tenant}", "Tenants that the pool holds at most.")
	waiting := level("workorder.tenant_pool.waiting", "{call}", "Calls that wait for room.")
	made := counter("workorder.tenant_pool.made", "{client}", "Clients made, each with a token of its own.")
	failed := counter("workorder.tenant_pool.failed", "{client}", "Clients that could not be made.")
	dropped := counter("workorder.tenant_pool.dropped", "{tenant}", "Tenants dropped, because they were idle or others needed the room.")
	waited := counter("workorder.tenant_pool.waited", "{call}", "Calls that had to wait for room.")
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}

	pooled := attribute.String("workorder.tenant_pool.name", name)
	all := metric.WithAttributeSet(attribute.NewSet(pooled))
	used := metric.WithAttributeSet(attribute.NewSet(pooled, attribute.String("workorder.tenant_pool.state", "used")))
	idle := metric.WithAttributeSet(attribute.NewSet(pooled, attribute.String("workorder.tenant_pool.state", "idle")))
	return m.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		s := pool.Stats()
		o.ObserveInt64(tenants, int64(s.InUse), used)
		o.ObserveInt64(tenants, int64(s.Tenants-s.InUse), idle)
		o.ObserveInt64(limit, int64(s.MaxTenants), all)
		o.ObserveInt64(waiting, int64(s.Waiting), all)
		o.ObserveInt64(made, s.Made, all)
		o.ObserveInt64(failed, s.Failed, all)
		o.ObserveInt64(dropped, s.Dropped, all)
		o.ObserveInt64(waited, s.Waited, all)
		return nil
	}, tenants, limit, waiting, made, failed, dropped, waited)
}

// Package rest serves a PostgreSQL database over HTTP the way PostgREST does.
//
// It covers reads of tables and views with select, related resources, filters,
// logic trees, order, ranges and counts; functions by POST and GET; inserts,
// upserts, updates and deletes with bodies of JSON, CSV, forms and raw values;
// preferences, profiles and OPTIONS; JWT roles; PostgREST's error bodies and
// statuses. Aggregates and plans answer with the error that PostgREST gives when
// they are switched off.
//
// Every request runs in one transaction, under the role and the claims of its
// token, and every response body is built by the database.
package rest

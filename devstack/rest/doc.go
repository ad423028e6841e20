// Package rest serves a PostgreSQL database over HTTP the way PostgREST does.
//
// It covers what clients of this API use: reads of tables and views with
// select, filters, logic trees, order, ranges and counts; functions by POST
// and GET; writes; profiles; JWT roles; PostgREST's error bodies and statuses.
// Embedding of related resources and aggregates are not part of it and answer
// with the error PostgREST gives when a relationship is unknown or aggregates
// are switched off.
//
// Every request runs in one transaction, under the role and the claims of its
// token, and every response body is built by the database.
package rest

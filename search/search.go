package search

import (
	"cmp"
	"context"
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// SemanticSearchService finds what a text may mean and what is like something
// else, and keeps the vectors for that.
//
// TypeScript: semanticSearch. Its claimIdempotency and getIdempotencyResource are
// in Client.Idempotency, and formatEmbeddingForRpc is the method String of
// types.Vector.
type SemanticSearchService struct {
	rpc postgrest.Caller
}

func (s *SemanticSearchService) bind(conn *api.Conn) { s.rpc = postgrest.NewCaller(conn) }

// Kinds of things that SearchEntityCandidatesV2 finds.
const (
	Asset    = "asset"
	Part     = "part"
	Location = "location"
)

// MatchType says why a thing was found.
type MatchType string

// The reasons, the best first.
const (
	AliasExact       MatchType = "alias_exact"        // 1.00, in the case of the alias
	BarcodeExact     MatchType = "barcode_exact"      // 0.99
	AssetNumberExact MatchType = "asset_number_exact" // 0.98
	PartNumberExact  MatchType = "part_number_exact"  // 0.98
	CodeExact        MatchType = "code_exact"         // 0.98, of a location
	ExternalIDExact  MatchType = "external_id_exact"  // 0.97, of a part
	AliasPartial     MatchType = "alias_partial"      // 0.96, in any case
	NameExact        MatchType = "name_exact"         // 0.95, in any case
	NamePartial      MatchType = "name_partial"       // 0.80, in any case
)

type entityTypes []string

var entityTypeFormat = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// RegisterEntityAliasParams gives a thing another name.
type RegisterEntityAliasParams struct {
	TenantID   string // optional: the client's tenant
	EntityType string // required: Asset, Part, Location or any other kind, of a–z, 0–9 and _
	EntityID   string // required; the server does not look whether it exists
	AliasText  string // required, 1–500 characters; sent trimmed
}

// RegisterEntityAlias lets searches find a thing by another name and returns the
// alias's id. An alias is unique in its tenant and type whatever its case: one that
// is taken moves to the new thing and keeps its id.
//
// Needs permission tenant.admin. On the platform as it is, every call that passes
// its checks fails with ErrSchemaMismatch (code 42704), because the function does not
// find a type it needs. So does the local stack, unless it is started with
// devstack.WithSearchFunctions.
//
// TypeScript: semanticSearch.registerEntityAlias.
func (s *SemanticSearchService) RegisterEntityAlias(ctx context.Context, p RegisterEntityAliasParams) (int64, error) {
	const op = "SemanticSearch.RegisterEntityAlias"
	p.AliasText = strings.TrimSpace(p.AliasText)
	if err := sdkerr.RequireText(op, "EntityType", p.EntityType, "EntityID", p.EntityID, "AliasText", p.AliasText); err != nil {
		return 0, err
	}
	if !entityTypeFormat.MatchString(p.EntityType) {
		return 0, sdkerr.Invalid(op, "EntityType", "must be a–z, then a–z, 0–9 and _")
	}
	return postgrest.CallAgain[int64](ctx, s.rpc, op, registerEntityAliasArgs(p))
}

// CandidatesParams says what to look for.
type CandidatesParams struct {
	// Query is taken literally: what the server would read as a wildcard (%, _ and \)
	// is escaped. Blanks around it do not count. A blank one finds nothing.
	Query string
	// EntityTypes are the kinds to look for, such as Asset. Nil: all; empty: none.
	EntityTypes []string
	Limit       int // at most so many, up to 50; 0: 10
}

// SearchEntityCandidates finds aliases of any kind of thing, and assets, parts and
// locations by their names, where these contain the query in any case. A thing
// comes once for its name and once for each alias. The best score comes first, then
// the shortest label; with more hits than Limit, which of several equal ones come is
// undefined.
//
// Needs membership of the token's tenant, no permission. Parts without a name are
// never found: see SearchEntityCandidatesV2.
//
// TypeScript: semanticSearch.searchEntityCandidates.
func (s *SemanticSearchService) SearchEntityCandidates(ctx context.Context, p CandidatesParams) ([]Candidate, error) {
	const op = "SemanticSearch.SearchEntityCandidates"
	if err := s.ready(ctx, op, p.Limit); err != nil {
		return nil, err
	}
	return postgrest.Call[[]Candidate](ctx, s.rpc, op, searchEntityCandidatesArgs{
		Query:       literal(p.Query),
		EntityTypes: p.types(),
		Limit:       postgrest.NullIfZero(p.Limit),
	})
}

// SearchEntityCandidatesV2 finds assets, parts and locations by alias, barcode,
// number, code, external id and name, each once for its best reason, with what tells
// it from others. Identifiers match as a whole and by their case. The best score
// comes first, then the shortest label.
//
// Needs membership of the token's tenant, no permission. Inactive things are found;
// descriptions are not searched. Fails with ErrInvalidInput for another kind than
// Asset, Part and Location, of which the server finds nothing.
//
// TypeScript: semanticSearch.searchEntityCandidatesV2.
func (s *SemanticSearchService) SearchEntityCandidatesV2(ctx context.Context, p CandidatesParams) ([]CandidateDetails, error) {
	return s.candidates(ctx, "SemanticSearch.SearchEntityCandidatesV2", p)
}

// maxHits is how many rows a search gives at most.
const maxHits = 50

func (s *SemanticSearchService) candidates(ctx context.Context, op string, p CandidatesParams) ([]CandidateDetails, error) {
	for _, kind := range p.EntityTypes {
		if kind != Asset && kind != Part && kind != Location {
			return nil, sdkerr.Invalid(op, "EntityTypes", "hold one that is none of asset, part, location")
		}
	}
	if err := s.ready(ctx, op, p.Limit); err != nil {
		return nil, err
	}
	args := searchEntityCandidatesV2Args{Query: literal(p.Query), EntityTypes: p.types(), Limit: postgrest.NullIfZero(p.Limit)}
	found, err := postgrest.Call[[]CandidateDetails](ctx, s.rpc, op, args)
	if err != nil || args.Query == p.Query {
		return found, err
	}
	// The server compares identifiers with the query as it is sent, so an escaped one
	// is equal to none. They are asked for with the query as it was given, whose hits
	// by wildcards are left out.
	args.Query, args.Limit = p.Query, new(maxHits)
	whole, err := postgrest.Call[[]CandidateDetails](ctx, s.rpc, op, args)
	if err != nil {
		return nil, err
	}
	whole = slices.DeleteFunc(whole, func(c CandidateDetails) bool { return !strings.HasSuffix(string(c.MatchType), "_exact") })
	for _, c := range found {
		same := func(w CandidateDetails) bool { return w.EntityType == c.EntityType && w.EntityID == c.EntityID }
		switch i := slices.IndexFunc(whole, same); {
		case i < 0:
			whole = append(whole, c)
		case c.Score > whole[i].Score:
			whole[i] = c
		}
	}
	slices.SortStableFunc(whole, func(a, b CandidateDetails) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score),
			cmp.Compare(utf8.RuneCountInString(a.Label), utf8.RuneCountInString(b.Label)), strings.Compare(a.EntityType, b.EntityType))
	})
	return whole[:min(len(whole), cmp.Or(p.Limit, 10), maxHits)], nil
}

// ready refuses a limit that is none, and a token of no tenant.
func (s *SemanticSearchService) ready(ctx context.Context, op string, limit int) error {
	if limit < 0 || limit > math.MaxInt32 {
		return sdkerr.Invalid(op, "Limit", "must be 0 or more")
	}
	return s.rpc.Conn().NeedTenant(ctx, op)
}

func (p CandidatesParams) types() *entityTypes {
	if p.EntityTypes == nil {
		return nil
	}
	return (*entityTypes)(&p.EntityTypes)
}

var wildcards = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// literal is a pattern of LIKE that stands for the text alone.
func literal(text string) string { return wildcards.Replace(text) }

// checkThreshold refuses a threshold that is no number.
func checkThreshold(op string, least *float64) error {
	if least != nil && (math.IsNaN(*least) || math.IsInf(*least, 0)) {
		return sdkerr.Invalid(op, "MinSimilarity", "is not a finite number")
	}
	return nil
}

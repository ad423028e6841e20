package search

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// DetailLevel is how much EmbedSearch tells of what it finds.
type DetailLevel string

// The levels.
const (
	DetailSummary  DetailLevel = "summary"
	DetailStandard DetailLevel = "standard" // the beginning of the description, too
	DetailFull     DetailLevel = "full"     // all texts
)

// EmbedSearchParams says what to look for.
type EmbedSearchParams struct {
	Domain             Domain      // required
	QueryText          string      // required
	Limit              int         // at most so many, up to 50; 0: 5 work orders, 10 of others
	MinSimilarity      *float64    // the least score; nil: 0.5 for work orders, else any
	ExcludeWorkOrderID string      // leave this work order out
	DetailLevel        DetailLevel // empty: DetailSummary
}

// EmbedSearchResult is what EmbedSearch found.
type EmbedSearchResult struct {
	Domain      Domain      `json:"domain"`
	ModelID     string      `json:"model_id"` // "stub:deterministic" where the deployment has no model
	DetailLevel DetailLevel `json:"detail_level"`
	Ranking     Ranking     `json:"ranking"`
	HitCount    int         `json:"hit_count"`
	Hits        []Hit       `json:"hits"` // the likest first
}

// Ranking says how hits are ordered.
type Ranking struct {
	Metric string `json:"metric"` // "cosine_similarity"
	Note   string `json:"note"`
}

// Hit is a thing that EmbedSearch found. Which fields are set depends on the domain
// and the level.
type Hit struct {
	WorkOrderID        string     `json:"work_order_id"` // of work orders
	AssetID            string     `json:"asset_id"`      // of assets, and of work orders that have one
	PartID             string     `json:"part_id"`       // of parts
	SimilarityScore    float64    `json:"similarity_score"`
	Title              string     `json:"title"` // of work orders
	Name               *string    `json:"name"`  // of assets and parts
	AssetNumber        *string    `json:"asset_number"`
	PartNumber         *string    `json:"part_number"`
	Status             string     `json:"status"` // of work orders
	CompletedAt        *time.Time `json:"completed_at"`
	LocationID         *string    `json:"location_id"`
	DescriptionPreview *string    `json:"description_preview"` // with DetailStandard
	Description        *string    `json:"description"`         // with DetailFull
	Cause              *string    `json:"cause"`               // with DetailFull
	Resolution         *string    `json:"resolution"`          // with DetailFull
}

type embedSearchBody struct {
	Domain             Domain      `json:"domain"`
	QueryText          string      `json:"query_text"`
	Limit              *int        `json:"limit,omitempty"`
	MinSimilarity      *float64    `json:"min_similarity,omitempty"`
	ExcludeWorkOrderID *string     `json:"exclude_work_order_id,omitempty"`
	DetailLevel        DetailLevel `json:"detail_level,omitempty"`
}

// EmbedSearch finds things by a text through the edge function embed-search, which
// embeds the text with the deployment's model. What is found must have been embedded
// with the same one, as EmbedIndex does.
//
// Needs a signed-in user with a tenant in the token (else ErrUnauthenticated or
// ErrNoTenant); finds what SimilarPastWorkOrders, SimilarAssets and SimilarParts find.
// A model that does not answer is ErrUnavailable with code embed_failed.
//
// Not in the TypeScript SDK.
func (s *SemanticSearchService) EmbedSearch(ctx context.Context, p EmbedSearchParams) (*EmbedSearchResult, error) {
	const op = "SemanticSearch.EmbedSearch"
	p.QueryText = strings.TrimSpace(p.QueryText)
	if err := sdkerr.RequireText(op, "Domain", string(p.Domain), "QueryText", p.QueryText); err != nil {
		return nil, err
	}
	if !slices.Contains(allDomains, p.Domain) {
		return nil, sdkerr.Invalid(op, "Domain", "is none of work_orders, assets, parts")
	}
	if p.DetailLevel != "" && !slices.Contains([]DetailLevel{DetailSummary, DetailStandard, DetailFull}, p.DetailLevel) {
		return nil, sdkerr.Invalid(op, "DetailLevel", "is none of summary, standard, full")
	}
	if p.ExcludeWorkOrderID != "" && p.Domain != WorkOrders {
		return nil, sdkerr.Invalid(op, "ExcludeWorkOrderID", "goes with work orders only")
	}
	if err := checkThreshold(op, p.MinSimilarity); err != nil {
		return nil, err
	}
	if err := s.readyEdge(ctx, op, p.Limit); err != nil {
		return nil, err
	}
	var out EmbedSearchResult
	err := s.call(ctx, op, "embed-search", embedSearchBody{
		Domain:             p.Domain,
		QueryText:          p.QueryText,
		Limit:              postgrest.NullIfZero(p.Limit),
		MinSimilarity:      p.MinSimilarity,
		ExcludeWorkOrderID: postgrest.NullIfZero(p.ExcludeWorkOrderID),
		DetailLevel:        p.DetailLevel,
	}, &out)
	if err != nil {
		return nil, err
	}
	return &out, nil
}

// EmbedIndexParams says what to embed.
type EmbedIndexParams struct {
	Domains []Domain // none: all three
	Limit   int      // of each domain, up to 50; 0: 20
}

// EmbedIndexResult is what EmbedIndex did.
type EmbedIndexResult struct {
	ModelID      string          `json:"model_id"` // "stub:deterministic" where the deployment has no model
	Domains      []Domain        `json:"domains"`
	PerDomain    []IndexedDomain `json:"per_domain"`
	IndexedTotal int             `json:"indexed_total"`
}

// IndexedDomain is what EmbedIndex did for a domain.
type IndexedDomain struct {
	Domain  Domain   `json:"domain"`
	Indexed int      `json:"indexed"`
	IDs     []string `json:"ids"`
}

type embedIndexBody struct {
	Domains []Domain `json:"domains,omitempty"`
	Limit   *int     `json:"limit,omitempty"`
}

// EmbedIndex gives vectors to some things that have none, through the edge function
// embed-index and with the deployment's model. Call it until IndexedTotal is 0.
//
// Needs a signed-in user with a tenant in the token (else ErrUnauthenticated or
// ErrNoTenant). When a domain fails, those before it stay embedded.
//
// Not in the TypeScript SDK.
func (s *SemanticSearchService) EmbedIndex(ctx context.Context, p EmbedIndexParams) (*EmbedIndexResult, error) {
	const op = "SemanticSearch.EmbedIndex"
	for _, d := range p.Domains {
		if !slices.Contains(allDomains, d) {
			return nil, sdkerr.Invalid(op, "Domains", "is none of work_orders, assets, parts")
		}
	}
	if err := s.readyEdge(ctx, op, p.Limit); err != nil {
		return nil, err
	}
	var out EmbedIndexResult
	if err := s.call(ctx, op, "embed-index", embedIndexBody{Domains: p.Domains, Limit: postgrest.NullIfZero(p.Limit)}, &out); err != nil {
		return nil, err
	}
	return &out, nil
}

// readyEdge is ready, and refuses a client that acts for nobody: the functions let it
// through, and take what the database says to it for an error of its own.
func (s *SemanticSearchService) readyEdge(ctx context.Context, op string, limit int) error {
	if err := s.ready(ctx, op, limit); err != nil {
		return err
	}
	_, err := s.rpc.Conn().UserID(ctx, op)
	return err
}

// call calls an edge function that does no harm when it is called twice.
func (s *SemanticSearchService) call(ctx context.Context, op, function string, args, out any) error {
	body, err := postgrest.Body(op, args)
	if err != nil {
		return err
	}
	resp, err := s.rpc.Conn().Do(ctx, &api.Request{
		Op:     op,
		Method: http.MethodPost,
		Path:   "/functions/v1/" + function,
		Header: http.Header{"Accept": {"application/json"}},
		Body:   body,
		Keyed:  true,
	})
	if err != nil {
		return err
	}
	return postgrest.DecodeInto(op, resp.Body, out)
}

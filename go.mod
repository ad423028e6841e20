module github.com/workorder-systems/sdk-go

go 1.26.0

require (
	github.com/go-jose/go-jose/v4 v4.1.9 // signatures of tokens and key sets, for Verifier; it needs nothing else
	github.com/google/uuid v1.6.0 // the ids of gotrue-go
	github.com/shopspring/decimal v1.6.0 // numbers as PostgreSQL keeps them
	github.com/supabase-community/gotrue-go v1.2.0 // Auth requests, where it can express them
	github.com/supabase-community/postgrest-go v0.0.12 // the requests of reads
	github.com/supabase-community/supabase-go v0.0.4 // what Client.Supabase gives out
)

// For tests.
require (
	github.com/google/go-cmp v0.7.0
	github.com/stretchr/testify v1.12.1
)

require (
	github.com/supabase-community/functions-go v0.0.0-20220927045802-22373e6cb51d // indirect
	github.com/supabase-community/storage-go v0.7.0 // indirect
	github.com/tomnomnom/linkheader v0.0.0-20180905144013-02ca5825eb80 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
)

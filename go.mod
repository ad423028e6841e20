module github.com/workorder-systems/sdk-go

go 1.26.0

require github.com/stretchr/testify v1.12.1

require (
	github.com/shopspring/decimal v1.6.0
	go.yaml.in/yaml/v3 v3.0.5 // indirect
)

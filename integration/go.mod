module github.com/workorder-systems/sdk-go/integration

go 1.26.0

module github.com/workorder-systems/sdk-go/examples

go 1.26.0

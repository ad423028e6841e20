module github.com/workorder-systems/sdk-go

go 1.26

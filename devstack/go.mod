module github.com/workorder-systems/sdk-go/devstack

go 1.26

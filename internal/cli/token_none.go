//go:build nodevcloud

package cli

// forDevelopment are none.
type forDevelopment struct{}

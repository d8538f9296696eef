//go:build !crashpoints

package inbox

// point names a step. A program built with the tag crashpoints can be told to die there.
func point(string) {}

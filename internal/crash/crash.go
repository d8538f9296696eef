//go:build !crashpoints

// Package crash names the steps between which a process may die. A program built with the tag crashpoints can be told by
// SOUK_CRASH_AT to die at one, so that tests see what is left; in any other the points are nothing.
package crash

// Point is a step.
func Point(string) {}

// Package nodetest runs Node, and other people's libraries in it, for tests that compare with them. ./test.sh installs these.
package nodetest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Run gives what a script in a folder prints when it reads in. The test is skipped, and says so, where Node is missing, or the library,
// which is one of the folder's npm packages; empty: it needs none.
func Run(t *testing.T, folder, library, script string, in []byte) []byte {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		t.Skipf("no node to run %s", filepath.Join(folder, script))
	}
	if _, err := os.Stat(filepath.Join(folder, "node_modules", library)); library != "" && err != nil {
		t.Skipf("%s is not installed: npm ci --prefix %s, in the folder of this test", library, folder)
	}
	node := exec.CommandContext(t.Context(), "node", script)
	node.Dir, node.Stdin, node.Stderr = folder, bytes.NewReader(in), t.Output()
	out, err := node.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return out
}

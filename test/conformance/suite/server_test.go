package suite

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startServer starts the server of SERVER, its command line as a JSON list with ROOT and SOCKET for a case's own directory
// and socket. It returns the socket, on which the server accepts connections, and a function that ends the server.
func startServer(t *testing.T, root string) (string, func() error, error) {
	var server []string
	if err := json.Unmarshal([]byte(os.Getenv("SERVER")), &server); err != nil || len(server) == 0 {
		return "", nil, fmt.Errorf("SERVER is not a command line in JSON: %v", err)
	}
	socket := filepath.Join(filepath.Dir(root), "socket")
	for i, arg := range server {
		server[i] = strings.NewReplacer("ROOT", root, "SOCKET", socket).Replace(arg)
	}
	var log strings.Builder
	daemon := exec.Command(server[0], server[1:]...)
	daemon.Stdout, daemon.Stderr = &log, &log
	if err := daemon.Start(); err != nil {
		return "", nil, err
	}
	end := func() error {
		daemon.Process.Signal(syscall.SIGTERM)
		hung := time.AfterFunc(20*time.Second, func() { daemon.Process.Kill() })
		err := daemon.Wait()
		hung.Stop()
		if t.Failed() {
			t.Logf("output of the server:\n%s", log.String())
		}
		if daemon.ProcessState.Sys().(syscall.WaitStatus).Signal() == syscall.SIGTERM {
			return nil
		}
		return err
	}
	for i := 0; i < 6000; i++ { // dialling too early costs a second of back-off
		if connection, err := net.Dial("unix", socket); err == nil {
			connection.Close()
			return socket, end, nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	end()
	return "", nil, fmt.Errorf("the server accepts no connections on %s:\n%s", socket, log.String())
}

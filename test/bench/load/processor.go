package main

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
)

const millisecondsPerTick = 10

// processor is the processor time that the server's process has used so far, in milliseconds.
func (s *store) processor() float64 {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.pid))
	s.expect("processor time", err)
	fields := strings.Fields(string(content[strings.LastIndexByte(string(content), ')')+1:]))
	user, err := strconv.ParseFloat(fields[11], 64)
	s.expect("processor time", err)
	system, err := strconv.ParseFloat(fields[12], 64)
	s.expect("processor time", err)
	return (user + system) * millisecondsPerTick
}

// process is the id of the process that listens on the server's socket.
func (s *store) process() int32 {
	connection, err := net.Dial("unix", s.socket)
	s.expect("dial", err)
	defer connection.Close()
	file, err := connection.(*net.UnixConn).File()
	s.expect("file of the connection", err)
	defer file.Close()
	peer, err := syscall.GetsockoptUcred(int(file.Fd()), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	s.expect("process behind the socket", err)
	return peer.Pid
}

// The peer in Go: a server, a client, and a UDP peer, from its standard library.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"
)

const body = "TCP connection"

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func serve(port string) {
	answer := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		io.WriteString(w, body)
	}
	check(http.ListenAndServe("127.0.0.1:"+port, http.HandlerFunc(answer)))
}

// Sends count GETs, and prints the time in nanoseconds.
func get(server string, count int, keepAlive bool) {
	transport := &http.Transport{DisableKeepAlives: !keepAlive, DisableCompression: true}
	client := &http.Client{Transport: transport}
	start := time.Now()
	for i := 0; i < count; i++ {
		response, err := client.Get("http://" + server + "/")
		check(err)
		content, err := io.ReadAll(response.Body)
		check(err)
		response.Body.Close()
		if string(content) != body {
			panic("unexpected body")
		}
	}
	fmt.Println(time.Since(start).Nanoseconds())
}

func udp(port string) {
	address, err := net.ResolveUDPAddr("udp4", "127.0.0.1:"+port)
	check(err)
	socket, err := net.ListenUDP("udp4", address)
	check(err)
	buffer := make([]byte, 1024)
	for {
		_, from, err := socket.ReadFromUDPAddrPort(buffer)
		if err == nil {
			socket.WriteToUDPAddrPort([]byte("udp server"), from)
		}
	}
}

func main() {
	switch os.Args[1] {
	case "serve":
		serve(os.Args[2])
	case "udp":
		udp(os.Args[2])
	default:
		count, err := strconv.Atoi(os.Args[3])
		check(err)
		get(os.Args[2], count, os.Args[1] == "keep-alive")
	}
}

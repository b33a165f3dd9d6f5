// The peers in Go: a client with trailers, a client that requests targets, and a server.
package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"strings"
)

func main() {
	if os.Args[1] == "client" {
		client("http://" + os.Args[2])
	} else if os.Args[1] == "targets" {
		for _, target := range os.Args[3:] {
			response, err := http.Get("http://" + os.Args[2] + target)
			check(err == nil, err)
			response.Body.Close()
			fmt.Println(response.StatusCode)
		}
	} else {
		server()
	}
}

func check(ok bool, what ...any) {
	if !ok {
		fmt.Println(what...)
		os.Exit(1)
	}
}

func client(url string) {
	connections := 0
	trace := &httptrace.ClientTrace{ConnectStart: func(string, string) { connections++ }}
	for i := 0; i < 3; i++ {
		// A reader of unknown length, so that the body is sent in chunks.
		body := io.MultiReader(strings.NewReader("one"), bytes.NewReader(make([]byte, 100_000)))
		request, err := http.NewRequest("POST", url+"/echo", body)
		check(err == nil, err)
		request.Trailer = http.Header{"Sum": {"1"}}
		context := httptrace.WithClientTrace(request.Context(), trace)
		response, err := http.DefaultClient.Do(request.WithContext(context))
		check(err == nil, err)
		echoed, err := io.ReadAll(response.Body)
		check(err == nil && len(echoed) == 100_003, err, len(echoed))
		check(response.Trailer.Get("Sum") == "1", response.Trailer)
		response.Body.Close()
	}
	check(connections == 1, connections, "connections")
	fmt.Println("trailers, one connection")
}

func server() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err == nil, err)
	fmt.Println(listener.Addr())
	http.Serve(listener, http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		count, _ := io.Copy(io.Discard, request.Body)
		writer.Header().Set("Trailer", "Theirs")
		fmt.Fprintf(writer, "%d octets", count)
		writer.Header().Set("Theirs", request.Trailer.Get("Ours"))
	}))
}

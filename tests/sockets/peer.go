// The peers in Go: a client with trailers, a client that requests targets, and a server; the first
// and the last over TLS too.
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
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
	} else if os.Args[1] == "tls-client" {
		pem, err := os.ReadFile(os.Args[3])
		check(err == nil, err)
		roots := x509.NewCertPool()
		check(roots.AppendCertsFromPEM(pem), "no certificate")
		http.DefaultTransport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: roots}
		client("https://" + os.Args[2])
	} else if os.Args[1] == "tls-server" {
		http.ServeTLS(listen(), http.HandlerFunc(count), os.Args[2], os.Args[3])
	} else if os.Args[1] == "targets" {
		for _, target := range os.Args[3:] {
			response, err := http.Get("http://" + os.Args[2] + target)
			check(err == nil, err)
			response.Body.Close()
			fmt.Println(response.StatusCode)
		}
	} else {
		http.Serve(listen(), http.HandlerFunc(count))
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

func listen() net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err == nil, err)
	fmt.Println(listener.Addr())
	return listener
}

func count(writer http.ResponseWriter, request *http.Request) {
	count, _ := io.Copy(io.Discard, request.Body)
	writer.Header().Set("Trailer", "Theirs")
	fmt.Fprintf(writer, "%d octets", count)
	writer.Header().Set("Theirs", request.Trailer.Get("Ours"))
}
